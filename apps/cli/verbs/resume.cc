// figment resume: a run goes on from its newest whole checkpoint, as if it had never stopped.
#include "figment/core/error.h"
#include "figment/model/families.h"
#include "figment/train/run_folder.h"
#include "training.h"
#include "verb.h"

namespace figment::cli {

int resume_run(const Options& options, const std::string& folder) {
  if (!is_run_folder(folder))
    fail(Cause::kCheckpoint, folder, "expected a run folder (config.toml and checkpoints/), got ",
         std::filesystem::exists(folder) ? "something else" : "nothing there");
  const auto path = (std::filesystem::path(folder) / "config.toml").string();
  Problems problems;
  auto recipe = read_recipe(read_recipe_file(path), problems);
  problems.throw_if_any();
  // Where it runs may change; what it computes may not.
  if (!options.device.empty()) recipe.device = options.device;
  if (options.threads >= 0) recipe.threads = options.threads;
  TrainOptions train_options;
  train_options.folder = folder;
  train_options.resume = true;
  return run_training(options, family_named(recipe.family, path), recipe, train_options);
}

int verb_resume(const Options& options) { return resume_run(options, options.subject); }

}  // namespace figment::cli
