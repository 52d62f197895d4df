// figment list: the families there are and what each can do.
#include <cstdio>
#include <iostream>

#include "figment/core/text.h"
#include "figment/model/families.h"
#include "verb.h"

namespace figment::cli {

int verb_list(const Options& options) {
  if (options.json) {
    auto all = nlohmann::json::array();
    for (const auto* family : families())
      all.push_back({{"name", family->name},
                     {"title", family->title},
                     {"source", family->source},
                     {"abilities", family->abilities.names()}});
    print_json(options, {{"families", all}});
    return 0;
  }
  if (options.markdown) {
    std::cout << "| family | what it is | it | paper |\n|---|---|---|---|\n";
    for (const auto* family : families())
      std::cout << "| `" << family->name << "` | " << family->title << " | "
                << join(family->abilities.names(), ", ") << " | <" << family->source << "> |\n";
    return 0;
  }
  for (const auto* family : families()) {
    char line[160];
    std::snprintf(line, sizeof line, "%-14s %-28s %s", std::string(family->name).c_str(),
                  std::string(family->title).c_str(),
                  join(family->abilities.names(), ", ").c_str());
    std::cout << line << "\n";
  }
  return 0;
}

}  // namespace figment::cli
