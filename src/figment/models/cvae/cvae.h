// Conditional variational autoencoder: given a class or attributes (M2, Kingma, Rezende, Mohamed &
// Welling, "Semi-supervised learning with deep generative models", NIPS 2014), or given one part of
// an image (Sohn, Lee & Yan, NIPS 2015, https://papers.nips.cc/paper/5775; SLY below).
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/conditions.h"
#include "figment/model/likelihood.h"
#include "figment/model/model.h"
#include "figment/models/cvae/description.h"
#include "figment/models/cvae/part.h"
#include "figment/nn/coders.h"

namespace figment::models {

enum class Condition { kClass, kAttributes, kClassAndAttributes, kPart };
constexpr auto enum_names(Condition) {
  return std::array{EnumName<Condition>{"class", Condition::kClass},
                    EnumName<Condition>{"attributes", Condition::kAttributes},
                    EnumName<Condition>{"class_and_attributes", Condition::kClassAndAttributes},
                    EnumName<Condition>{"part", Condition::kPart}};
}

enum class CvaeLikelihood { kBernoulli, kGaussian };
constexpr auto enum_names(CvaeLikelihood) {
  return std::array{EnumName<CvaeLikelihood>{"bernoulli", CvaeLikelihood::kBernoulli},
                    EnumName<CvaeLikelihood>{"gaussian", CvaeLikelihood::kGaussian}};
}

enum class CvaeBinarization { kNone, kSampled };
constexpr auto enum_names(CvaeBinarization) {
  return std::array{EnumName<CvaeBinarization>{"none", CvaeBinarization::kNone},
                    EnumName<CvaeBinarization>{"sampled", CvaeBinarization::kSampled}};
}

struct CvaeConfig {
  Condition condition = Condition::kClass;
  int64_t quadrants = 1;
  int64_t guess_epochs = 5;
  int64_t latent_dim = 2;
  int64_t embedding = 32;
  CvaeLikelihood likelihood = CvaeLikelihood::kBernoulli;
  CvaeBinarization binarize = CvaeBinarization::kNone;
  double beta = 1;
  int64_t classify_samples = 4;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = CvaeConfig;
    return std::tuple{
        Field{"condition", &C::condition,
              "What is given: the class, the attributes that data.attributes names, both, or part "
              "of an image, from which the rest is completed."},
        Field{"quadrants", &C::quadrants,
              "part: how many quarters of the image are given: 1 is the lower left, 2 the left "
              "half, 3 all but the lower right.",
              Within{1, 3}},
        Field{"guess_epochs", &C::guess_epochs,
              "part: epochs of the first stage, in which a network without a code learns the guess "
              "that the prior of the code looks at.",
              Within{1, 1000000}},
        Field{"latent_dim", &C::latent_dim, "Width of the code z.", Within{1, 65536}},
        Field{"embedding", &C::embedding,
              "Numbers that the condition becomes; encoder and decoder are given them.",
              Within{1, 65536}},
        Field{"likelihood", &C::likelihood,
              "p(x | z, condition): bernoulli for images in [0, 1], gaussian for any numbers, with "
              "one learned variance."},
        Field{"binarize", &C::binarize,
              "sampled: pixels are drawn 0 or 1 anew at every use, with their grey level as the "
              "probability, so that the bernoulli likelihood is one."},
        Field{"beta", &C::beta, "Weight of the KL term; 1 is the evidence lower bound.",
              AtLeast{0}},
        Field{"classify_samples", &C::classify_samples,
              "Codes drawn for each example and class when p(x | class) is compared to tell the "
              "class.",
              Within{1, 10000}},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Cvae : public Model,
             public Samples,
             public Encodes,
             public Decodes,
             public Reconstructs,
             public Densities,
             public Posteriors,
             public StatesLikelihood,
             public Conditions,
             public Completes,
             public Classifies,
             public KnowsAttributes,
             public CompletesPart {
 public:
  using Config = CvaeConfig;
  Cvae(const Config& config, const ExampleSpec& example);

  std::vector<Stage> stages(int64_t epochs) const override;
  void begin_stage(const Stage& stage) override;
  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  bool on_class() const override;
  bool on_attributes() const override;
  bool on_part() const override { return config_.condition == Condition::kPart; }
  bool knows_classes() const override { return on_class(); }
  // Without a label or attributes these are drawn as they are distributed in the training set;
  // without a part, one of those of 64 training examples is completed.
  torch::Tensor sample(const SampleRequest& request) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  // Without a label: given the shares of the classes, the means of the attributes, or the parts of
  // the 64 examples in turn.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  // The bound on log p(x | condition); of a part, on log p(rest | part).
  const char* density_name() const override { return "elbo"; }
  LogDensity log_density(const Batch& batch, Noise& noise) override;
  torch::Tensor log_weights(const Batch& batch, Noise& noise, int64_t samples) override;
  LikelihoodOf likelihood_of() const override;
  // Of a part the distance to the prior's means, in its deviations: the posterior has to follow a
  // prior that is told the part, and says nothing of an example where it does no more.
  std::vector<torch::Tensor> posterior_means(const Batch& batch) override;
  torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) override;
  // Bayes' rule over importance-weighted bounds on log p(x | class). The draws are the same for all
  // examples and classes, so that an answer does not depend on who else is asked about.
  torch::Tensor classify(const Batch& batch) override;

  torch::Tensor attribute_mean() const override { return description_->mean(); }
  torch::Tensor attribute_deviation() const override { return description_->deviation(); }
  torch::Tensor attribute_is_yes_or_no() const override { return description_->is_yes_or_no(); }
  torch::Tensor known() const override { return part_->known(); }
  torch::Tensor guess(const Batch& batch) override { return part_->guess(batch.x); }

  // The two terms of the bound, [n] each, for given noise. x [n, shape...] under the condition that
  // `batch` holds, epsilon [n, latent].
  struct Terms {
    torch::Tensor reconstruction, kl;
  };
  Terms terms(const torch::Tensor& x, const Batch& batch, const torch::Tensor& epsilon);

 private:
  struct Normal {
    torch::Tensor mean, log_variance;  // [n, latent]
  };
  torch::Tensor embedding_of(const Batch& batch);  // [n, embedding]
  torch::Tensor embedding_of(const torch::Tensor& label, const torch::Tensor& attributes,
                             int64_t n);
  Normal posterior(const torch::Tensor& x, const torch::Tensor& embedding);
  Normal prior(const torch::Tensor& embedding);
  torch::Tensor output(const torch::Tensor& code, const torch::Tensor& embedding);
  torch::Tensor log_likelihood(const torch::Tensor& x, const torch::Tensor& output) const;
  torch::Tensor mean_of(const torch::Tensor& output) const;
  // log p(x, z) - log q(z | x) under the condition, [k, n], and k codes z of each example drawn by
  // epsilon [k, n or 1, latent]. The decoder is asked for all of them at once.
  torch::Tensor weigh(const torch::Tensor& x, const torch::Tensor& embedding, const Normal& q,
                      const Normal& p, const torch::Tensor& epsilon);
  torch::Tensor complete_from(const torch::Tensor& x, const torch::Tensor& epsilon);
  void learn_data(const Batch& batch);
  Metrics guess_step(const Batch& batch);

  Config config_;
  bool guessing_ = false;  // whether this is the stage of the guess
  Description description_{nullptr};
  Part part_{nullptr};
  torch::nn::Linear embed_{nullptr};  // of a description
  torch::nn::Linear plane_{nullptr};  // conv: the embedding as one more channel of the image
  Encoder encoder_{nullptr};
  Decoder decoder_{nullptr};
  torch::Tensor log_variance_;  // [], gaussian
  Optimizer* optimizer_ = nullptr;
};

}  // namespace figment::models
