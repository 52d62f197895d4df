// figment explain: every setting with its meaning, range and default, as a recipe to start from.
#include <iostream>

#include "figment/model/families.h"
#include "figment/train/recipe.h"
#include "verb.h"

namespace figment::cli {

int verb_explain(const Options& options) {
  if (options.subject.empty()) {
    if (options.json) {
      print_json(options, {{"json_schema", config_schema<Recipe>()}});
    } else {
      std::cout << "# What every recipe may say; the table [model] is the family's own:\n"
                   "# figment explain FAMILY prints it.\n"
                << explain_config<Recipe>("");
    }
    return 0;
  }
  const auto& family = family_named(options.subject, "explain");
  if (options.json) {
    print_json(options, {{"family", family.name}, {"json_schema", family.schema()}});
    return 0;
  }
  std::cout << "# " << family.title << " (" << family.source << ")\n"
            << "family = \"" << family.name << "\"\n\n"
            << family.explain();
  return 0;
}

}  // namespace figment::cli
