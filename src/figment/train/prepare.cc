#include "figment/train/prepare.h"

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/model/knows_lengths.h"
#include "figment/train/checkpoint.h"
#include "figment/train/device.h"
#include "figment/train/run_folder.h"
#include "figment/train/state.h"

namespace figment {

// Others would learn what pads a series, and be judged by it, and nobody would notice.
void need_knowledge_of_lengths(const Family& family, const Model& model, const Dataset& set) {
  if (!set.length.defined() || dynamic_cast<const KnowsLengths*>(&model) != nullptr) return;
  const auto able = families_that_know_lengths();
  fail(Cause::kData, "data.masking", "expected a family that knows where series end",
       able.empty() ? "" : " (" + join(able, ", ") + ")", ", got '", family.name,
       "', which would learn what pads them; cut the series to one length, or leave data.masking "
       "out if they have one");
}

Prepared prepare(const Family& family, const Recipe& asked, const Watch& watch) {
  Prepared out{asked};
  const auto device = device_named(asked.device);
  out.threads = set_threads(asked.threads);
  out.data = open_data(asked.data, watch);
  if (out.data.train.size() == 0)
    fail(Cause::kData, asked.data.source, "expected examples to train on, got none");
  Problems problems;
  seed_generators(mix(asked.seed, kSeedInitialise));
  out.model = family.make(asked.model, out.data.train.spec, problems);
  problems.throw_if_any();
  need_knowledge_of_lengths(family, *out.model, out.data.train);
  out.recipe.model = family.resolve(asked.model, problems);
  out.model->to(device);
  return out;
}

void start_from(const Recipe& recipe, Model& model) {
  if (recipe.train.start_from.empty()) return;
  const auto where = find_checkpoint(recipe.train.start_from, "").string();
  const auto files = read_checkpoint(where);
  const auto header = unpack_header(files, where);
  if (header.recipe.family != recipe.family)
    fail(Cause::kConfig, "train.start_from", "expected a run of the family '", recipe.family,
         "', got one of '", printable(header.recipe.family), "'");
  take_weights(files, model, where);
}

}  // namespace figment
