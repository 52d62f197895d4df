// figment list: the families there are and what each can do.
#include <algorithm>
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
  std::size_t names = 0, titles = 0;
  for (const auto* family : families()) {
    names = std::max(names, family->name.size());
    titles = std::max(titles, family->title.size());
  }
  const auto padded = [](std::string_view text, std::size_t width) {
    return std::string(text) + std::string(width - text.size() + 2, ' ');
  };
  for (const auto* family : families())
    std::cout << padded(family->name, names) << padded(family->title, titles)
              << join(family->abilities.names(), ", ") << "\n";
  return 0;
}

}  // namespace figment::cli
