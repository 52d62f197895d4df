// Principal component analysis: the linear autoencoder with tied weights, x' = W'W (x - m) + m.
// Pearson 1901, https://doi.org/10.1080/14786440109462720; as a network: Oja 1982; Baldi & Hornik,
// "Neural networks and principal component analysis", Neural Networks 2, 1989.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/principal_components.h"

namespace figment::models {

enum class PcaMethod { kClosedForm, kGradient };
constexpr auto enum_names(PcaMethod) {
  return std::array{EnumName<PcaMethod>{"closed_form", PcaMethod::kClosedForm},
                    EnumName<PcaMethod>{"gradient", PcaMethod::kGradient}};
}

struct PcaConfig {
  int64_t latent_dim = 2;
  PcaMethod method = PcaMethod::kClosedForm;
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = PcaConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim,
              "Number of components; at most the elements of an example.", Within{1, 65536}},
        Field{"method", &C::method,
              "closed_form: eigenvectors of the covariance, gathered in one pass over the data "
              "whatever train.epochs says; for examples of at most 4096 elements. gradient: the "
              "squared error is minimised; the same subspace, with axes turned in it."},
        Field{"optimizer", &C::optimizer, "gradient: the optimizer."}};
  }
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Pca : public Model, public Encodes, public Decodes, public Reconstructs, public Projects {
 public:
  using Config = PcaConfig;
  Pca(const Config& config, const ExampleSpec& example);

  // closed_form: "solve", one pass. gradient: "mean", one pass, then "train".
  std::vector<Stage> stages(int64_t epochs) const override;
  void begin_stage(const Stage& stage) override;
  Metrics training_step(const Batch& batch) override;
  void end_stage(const Stage& stage) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  torch::Tensor axes() const override;
  torch::Tensor mean() const override;

 private:
  // W [latent, d]: as learned, or the eigenvectors of what was seen so far.
  torch::Tensor weights() const;
  torch::Tensor encoded(const torch::Tensor& x) const;     // [n, shape...] -> [n, latent]
  torch::Tensor decoded(const torch::Tensor& code) const;  // [n, latent] -> [n, d]
  torch::Tensor error(const torch::Tensor& x) const;       // [n, shape...] -> []

  Config config_;
  ScatterMoments moments_;  // buffers, so that a training goes on in the middle of its pass
  torch::Tensor axes_;      // [latent, d] float: a parameter (gradient) or a buffer
  torch::Tensor solved_;    // [] int64 buffer: of how many examples axes_ is the solution
  Optimizer* optimizer_ = nullptr;
  bool gathers_ = true;  // this stage gathers moments
  // The solution of examples that no stage has concluded yet.
  mutable torch::Tensor unfinished_;
  mutable int64_t unfinished_count_ = -1;
};

}  // namespace figment::models
