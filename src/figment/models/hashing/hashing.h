// Semantic hashing: an autoencoder whose code is bits, so that neighbours are found by counting
// bits. Salakhutdinov & Hinton, "Semantic hashing", International Journal of Approximate Reasoning
// 50, 2009. Noise before the logistic code layer leaves only codes near 0 and 1 to tell examples
// apart (section 3.3); fresh at every step here, where the paper keeps one draw for each document.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/coders.h"

namespace figment::models {

enum class HashingLoss { kCrossEntropy, kSquaredError, kMultinomial, kPoisson };
constexpr auto enum_names(HashingLoss) {
  return std::array{EnumName<HashingLoss>{"cross_entropy", HashingLoss::kCrossEntropy},
                    EnumName<HashingLoss>{"squared_error", HashingLoss::kSquaredError},
                    EnumName<HashingLoss>{"multinomial", HashingLoss::kMultinomial},
                    EnumName<HashingLoss>{"poisson", HashingLoss::kPoisson}};
}

enum class HashingInput { kAsIs, kLog1p, kFrequency, kTfidf };
constexpr auto enum_names(HashingInput) {
  return std::array{EnumName<HashingInput>{"as_is", HashingInput::kAsIs},
                    EnumName<HashingInput>{"log1p", HashingInput::kLog1p},
                    EnumName<HashingInput>{"frequency", HashingInput::kFrequency},
                    EnumName<HashingInput>{"tfidf", HashingInput::kTfidf}};
}

enum class HashingTarget { kCounts, kTfidf };
constexpr auto enum_names(HashingTarget) {
  return std::array{EnumName<HashingTarget>{"counts", HashingTarget::kCounts},
                    EnumName<HashingTarget>{"tfidf", HashingTarget::kTfidf}};
}

struct HashingConfig {
  int64_t bits = 64;
  HashingLoss loss = HashingLoss::kCrossEntropy;
  HashingInput input = HashingInput::kAsIs;
  HashingTarget target = HashingTarget::kCounts;
  double noise = 1;
  int64_t noise_warmup_steps = 0;
  double dropout = 0;
  bool linear_decoder = false;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = HashingConfig;
    return std::tuple{
        Field{"bits", &C::bits, "Width of the code.", Within{1, 4096}},
        Field{"loss", &C::loss,
              "How a reconstruction is judged. cross_entropy: images in [0, 1]; squared_error: any "
              "numbers; multinomial, poisson: counts, such as those of words."},
        Field{
            "input", &C::input,
            "What the encoder sees of counts x. as_is; log1p: log(1 + x); frequency: x over their "
            "sum; tfidf: log(1 + x) times the inverse document frequency. The latter two are "
            "scaled to mean square 1."},
        Field{"target", &C::target,
              "multinomial: whether words are predicted by their counts, or by their tfidf, each "
              "document weighing alike, so that rare words matter and long documents do not more."},
        Field{
            "noise", &C::noise,
            "Standard deviation of the Gaussian noise before the logistic function of the code in "
            "training; more drives codes nearer to 0 and 1.",
            Within{0, 100}},
        Field{"noise_warmup_steps", &C::noise_warmup_steps,
              "Steps over which the noise rises from 0.", AtLeast{0}},
        Field{"dropout", &C::dropout,
              "Share of the encoder's inputs put to 0 in training, the others scaled up for them.",
              Within{0, 0.99}},
        Field{
            "linear_decoder", &C::linear_decoder,
            "Decode by one linear layer, so that each bit speaks for itself and codes that differ "
            "in few bits mean nearly the same."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it unless it is linear."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Hashing : public Model, public Encodes, public Decodes, public Reconstructs, public Hashes {
 public:
  using Config = HashingConfig;
  Hashing(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override { return config_.bits; }
  // The probabilities of the bits: the code layer without noise.
  torch::Tensor encode(const Batch& batch) override;
  // Of counts by multinomial: the share of each word.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  // Of counts: expected counts of a document of as many words.
  torch::Tensor reconstruct(const Batch& batch) override;
  int64_t bits() const override { return config_.bits; }
  torch::Tensor hash(const Batch& batch) override;

  // log(1 + x) times the inverse document frequency of what was counted so far. [n, D]
  torch::Tensor tfidf(const torch::Tensor& x) const;
  // Of the noise at the step at hand.
  double noise_now() const;

 private:
  void count_documents(const torch::Tensor& x);
  void check_counts(const torch::Tensor& x) const;
  bool weighs_words() const;
  torch::Tensor input_of(const torch::Tensor& x) const;  // [n, shape...], before dropout
  torch::Tensor logits(const torch::Tensor& x);          // [n, bits]
  // Mean over examples; output as the decoder gives it. []
  torch::Tensor loss(const torch::Tensor& x, const torch::Tensor& output) const;
  torch::Tensor inverse_document_frequency() const;  // [D]

  Config config_;
  Encoder encoder_;
  Decoder decoder_;
  torch::Tensor documents_;       // [] seen in the first epoch
  torch::Tensor documents_with_;  // [D] of these, those that have the word
  Optimizer& optimizer_;
};

}  // namespace figment::models
