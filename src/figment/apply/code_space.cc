#include "figment/apply/code_space.h"

#include <utility>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/data/padding.h"
#include "figment/model/reconstructs_now.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

// The conditions of `given` for `n` codes: one example stands for all.
Dataset for_each_of(const Dataset& given, int64_t n) {
  FIGMENT_CHECK(given.size() == n || given.size() == 1);
  return given.size() == n ? given : given.select(torch::zeros({n}, torch::kLong));
}

}  // namespace

CodeSpace::CodeSpace(const LoadedRun& run, const char* verb, CodesOf codes, Say say)
    : run_(run),
      encodes_(dynamic_cast<Encodes*>(run.model.get())),
      inverts_(dynamic_cast<Inverts*>(run.model.get())),
      prior_(dynamic_cast<DrawsPrior*>(run.model.get())),
      decodes_(ability<Decodes>(run, &Abilities::decodes, verb)),
      conditions_(dynamic_cast<Conditions*>(run.model.get())),
      width_(encodes_ != nullptr   ? encodes_->code_dim()
             : inverts_ != nullptr ? inverts_->noise_dim()
             : prior_ != nullptr   ? prior_->code_dim()
                                   : 0) {
  need_decoder_of_codes(*run.model, verb);
  if (codes == CodesOf::kExamples && can_search(*run.model))
    search_ = std::make_shared<CodeSearch>(run, std::move(say));
  if (!encodes() && (prior_ == nullptr || codes == CodesOf::kExamples))
    lacks_ability(run, &Abilities::encodes, verb);
}

// Not Samples::knows_classes(): a model may draw codes by class and decode them without.
bool CodeSpace::on_class() const { return conditions_ != nullptr && conditions_->on_class(); }
bool CodeSpace::on_attributes() const {
  return conditions_ != nullptr && conditions_->on_attributes();
}
bool CodeSpace::on_part() const { return conditions_ != nullptr && conditions_->on_part(); }

torch::Tensor CodeSpace::encode(const Dataset& set) const {
  if (encodes_ != nullptr) return figment::encode(run_, set).to(torch::kFloat);
  if (search_ != nullptr) return search_->find(set);
  std::vector<torch::Tensor> parts;
  for_each_batch(*run_.model, run_.scaling, set, kBatch, [&](const Batch& batch, int64_t) {
    parts.push_back(inverts_->invert(batch).to(torch::kCPU, torch::kFloat));
  });
  return torch::cat(parts);
}

torch::Tensor CodeSpace::draw(int64_t n, std::uint64_t seed) const {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(prior_ != nullptr && n > 0);
  Noise noise(seed, 0, n, run_.device());
  return prior_->draw_prior(noise).z.to(torch::kCPU, torch::kFloat);
}

torch::Tensor CodeSpace::decode(const torch::Tensor& codes, const Dataset& given) const {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(codes.dim() == 2 && codes.size(1) == width_);
  std::vector<torch::Tensor> parts;
  if (!conditional()) {
    for (const auto& part : codes.split(kBatch))
      parts.push_back(decodes_.decode(part.to(run_.device(), torch::kFloat)).to(torch::kCPU));
    return torch::cat(parts);
  }
  Loader loader(for_each_of(given, codes.size(0)), run_.scaling, {kBatch, false, 0, run_.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    const auto code = codes.narrow(0, i * kBatch, batch.size()).to(run_.device(), torch::kFloat);
    parts.push_back(conditions_->decode_as(code, batch).to(torch::kCPU));
  }
  return torch::cat(parts);
}

torch::Tensor in_model_numbers(const LoadedRun& run, const Dataset& set) {
  return to_model(run.scaling, set.x, set.length);
}

Dataset as_examples(const LoadedRun& run, const torch::Tensor& x, const Dataset& given) {
  Dataset out;
  out.name = "samples";
  out.spec = run.example();
  // Tables keep the inputs that their columns were encoded to, as open_data returns them.
  out.x = run.example().modality == Modality::kImage ? to_output(run, x) : run.scaling.to_data(x);
  if (given.label.defined()) out.label = given.label;
  if (given.attributes.defined()) out.attributes = given.attributes;
  return out;
}

}  // namespace figment
