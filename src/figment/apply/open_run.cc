#include "figment/apply/open_run.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/families.h"
#include "figment/train/device.h"
#include "figment/train/run_folder.h"

namespace figment {
namespace fs = std::filesystem;

fs::path find_checkpoint(const fs::path& path, const std::string& which) {
  if (!is_run_folder(path)) {
    if (fs::is_regular_file(path / "MANIFEST.json")) return path;
    fail(Cause::kCheckpoint, path.string(),
         "expected a run folder (config.toml and checkpoints/) or a checkpoint, got ",
         fs::exists(path) ? "something else" : "nothing there");
  }
  const auto checkpoints = path / "checkpoints";
  if (which.empty()) {
    if (const auto best = pointed(checkpoints, "best")) return *best;
    if (const auto last = pointed(checkpoints, "last")) return *last;
  } else if (which == "best" || which == "last") {
    if (const auto found = pointed(checkpoints, which)) return *found;
  } else if (which.size() <= 12 && which.find_first_not_of("0123456789") == std::string::npos) {
    const auto found = step_folder(checkpoints, std::stoll(which));
    if (fs::is_directory(found)) return found;
  }
  fail(Cause::kCheckpoint, checkpoints.string(), "expected ",
       which.empty() ? "a checkpoint" : "the checkpoint '" + printable(which) + "'",
       " (best, last or the number of a step), found none; look with: ls ", checkpoints.string());
}

LoadedRun open_run(const fs::path& path, const OpenOptions& options) {
  LoadedRun run;
  if (is_run_folder(path)) run.folder = path;
  run.checkpoint = find_checkpoint(path, options.checkpoint);
  const auto where = run.checkpoint.string();
  const auto files = read_checkpoint(run.checkpoint);
  auto header = unpack_header(files, where);
  run.family = find_family(header.recipe.family);
  if (run.family == nullptr)
    fail(Cause::kCheckpoint, where, "expected a family this figment has, got '",
         printable(header.recipe.family), "'");
  Problems problems;
  run.model = run.family->make(header.recipe.model, header.example, problems);
  if (!problems.empty())
    fail(Cause::kCheckpoint, where,
         "expected a model this figment can make: ", join(problems.lines(), "; "));
  unpack_model(files, *run.model, where);
  apply_averages(files, *run.model, where);
  run.model->to(device_named(options.device));
  run.model->eval();
  run.recipe = std::move(header.recipe);
  run.scaling = header.scaling;
  run.encoding = header.encoding;
  run.state = header.state;
  return run;
}

void lacks_ability(const LoadedRun& run, bool Abilities::*ability, const char* verb) {
  const auto able = families_that(ability);
  fail(Cause::kConfig, verb, "expected a model that can do this, but '", run.family->name,
       "' cannot; ", able.empty() ? "no family can yet" : "these can: " + join(able, ", "));
}

}  // namespace figment
