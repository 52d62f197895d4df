// Autoencoder: a code narrow enough that copying needs understanding.
// Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/coders.h"

namespace figment::models {

enum class ReconstructionLoss { kSquaredError, kCrossEntropy, kMultinomial, kPoisson };
constexpr auto enum_names(ReconstructionLoss) {
  return std::array{
      EnumName<ReconstructionLoss>{"squared_error", ReconstructionLoss::kSquaredError},
      EnumName<ReconstructionLoss>{"cross_entropy", ReconstructionLoss::kCrossEntropy},
      EnumName<ReconstructionLoss>{"multinomial", ReconstructionLoss::kMultinomial},
      EnumName<ReconstructionLoss>{"poisson", ReconstructionLoss::kPoisson}};
}

struct AutoencoderConfig {
  int64_t latent_dim = 32;
  ReconstructionLoss loss = ReconstructionLoss::kSquaredError;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = AutoencoderConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code.", Within{1, 65536}},
        Field{
            "loss", &C::loss,
            "squared_error: sum over elements of the squared difference; cross_entropy: for values "
            "in [0, 1], whose decoder ends in a logistic function; multinomial, poisson: for "
            "counts, "
            "such as words of a document, of which the encoder sees log(1 + x). multinomial: the "
            "decoder ends in a softmax, the shares of the elements; poisson: in their rates. "
            "Counts "
            "need data.scaling = \"none\"."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Autoencoder : public Model, public Encodes, public Decodes, public Reconstructs {
 public:
  using Config = AutoencoderConfig;
  Autoencoder(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;

 private:
  torch::Tensor loss(const torch::Tensor& x, const torch::Tensor& output) const;  // []
  // What the encoder sees of x, and the two networks one after the other.
  torch::Tensor code_of(const torch::Tensor& x);
  torch::Tensor output_of(const torch::Tensor& x) { return decoder_->forward(code_of(x)); }
  // The decoder's mean; for multinomial the shares of a document of one word.
  torch::Tensor mean_of(const torch::Tensor& output) const;
  // The same for an example of as many words as x.
  torch::Tensor mean_for(const torch::Tensor& x, const torch::Tensor& output) const;

  Config config_;
  Encoder encoder_;
  Decoder decoder_;
  Optimizer& optimizer_;
};

}  // namespace figment::models
