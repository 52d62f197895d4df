#include "figment/apply/open_run.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/families.h"
#include "figment/train/device.h"

namespace figment {
namespace fs = std::filesystem;

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
