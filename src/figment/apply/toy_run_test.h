// For tests: runs of models whose codes are known in closed form.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "figment/apply/open_run.h"
#include "figment/model/families.h"

namespace figment::toys {

// Codes are twice the example. When told the class, a sample is its class everywhere, with noise of
// 0.1; decoding asks for the code alone.
class ToyModel : public Model, public Encodes, public Decodes, public Samples {
 public:
  ToyModel(ExampleSpec example, bool told) : Model(std::move(example)), told_(told) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return example().elements(); }
  torch::Tensor encode(const Batch& batch) override { return 2 * batch.x.flatten(1); }
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor&) override {
    auto shape = example().shape;
    shape.insert(shape.begin(), code.size(0));
    return (code / 2).reshape(shape);
  }
  bool knows_classes() const override { return told_; }
  torch::Tensor sample(const SampleRequest& request) override {
    auto out = 0.1 * request.noise->normal(example().shape);
    if (request.label.defined())
      for (int64_t i = 0; i < request.n; ++i) out[i].add_(request.label[i].item<double>());
    return out;
  }

 private:
  bool told_;
};

// Told the class: decoding adds 100 times its number.
class ToyTold : public ToyModel, public Conditions {
 public:
  explicit ToyTold(ExampleSpec example) : ToyModel(std::move(example), true) {}
  bool on_class() const override { return true; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    auto ones = std::vector<int64_t>(example().shape.size() + 1, 1);
    ones[0] = code.size(0);
    return decode(code, {}) + 100 * given.label.to(torch::kFloat).reshape(ones);
  }
};

// Told the attributes: decoding adds the first of them.
class ToyConditional : public ToyModel, public Conditions {
 public:
  explicit ToyConditional(ExampleSpec example) : ToyModel(std::move(example), false) {}
  bool on_class() const override { return false; }
  bool on_attributes() const override { return true; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return code / 2 + given.attributes.narrow(1, 0, 1);
  }
};

inline LoadedRun run_of(std::shared_ptr<Model> model) {
  LoadedRun run;
  run.family = &family_named("vae", "test");
  run.model = std::move(model);
  run.model->eval();
  return run;
}

// Vectors as examples in the numbers they have.
inline Dataset vectors(const torch::Tensor& x, const std::vector<int64_t>& label = {},
                       std::vector<std::string> classes = {}) {
  Dataset out;
  out.name = "vectors";
  out.spec = {Modality::kVector, {x.size(1)}, std::move(classes)};
  out.x = x;
  if (!label.empty()) out.label = torch::tensor(label, torch::kLong);
  return out;
}

}  // namespace figment::toys
