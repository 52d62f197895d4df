#include "figment/train/recipe.h"

#include <filesystem>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/toml.h"

namespace figment {

Value read_recipe_file(const std::string& path) {
  if (!std::filesystem::is_regular_file(path))
    fail(Cause::kConfig, path, "expected a recipe file (TOML), got ",
         std::filesystem::exists(path) ? "something that is no file" : "nothing there");
  return parse_toml(read_file(path, 1 << 20), path);
}

Recipe read_recipe(const Value& values, Problems& problems) {
  return read_config<Recipe>(values, "", problems);
}

}  // namespace figment
