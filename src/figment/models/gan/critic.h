// The discriminator of a GAN together with how it is told the class of an example.
#pragma once

#include <torch/torch.h>

#include <array>
#include <utility>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/nn/discriminator.h"

namespace figment::models {

enum class GanCondition { kNone, kConcatenation, kProjection, kAuxiliary };
constexpr auto enum_names(GanCondition) {
  return std::array{EnumName<GanCondition>{"none", GanCondition::kNone},
                    EnumName<GanCondition>{"concatenation", GanCondition::kConcatenation},
                    EnumName<GanCondition>{"projection", GanCondition::kProjection},
                    EnumName<GanCondition>{"auxiliary", GanCondition::kAuxiliary}};
}

// The ways to tell a discriminator the class y of x. h(x) is its last hidden layer and phi(x) the
// same, summed over positions where it is a map:
//   concatenation: one-hot beside the numbers of x, or as maps beside an image (Mirza & Osindero,
//     "Conditional generative adversarial nets", 2014);
//   projection: the score is V[y] . phi(x) + psi(h(x)), psi being the last layer as it is without
//     classes, which sees where in a map something is (Miyato & Koyama, "cGANs with projection
//     discriminator", 2018, eq. 3, whose psi is of phi(x));
//   auxiliary: not told, it says which class it takes x for (Odena, Olah & Shlens, "Conditional
//     image synthesis with auxiliary classifier GANs", 2017).
class CriticImpl : public torch::nn::Module {
 public:
  // `config` must have passed check_discriminator for the shape; projection and auxiliary need a
  // hidden layer, and so do codes. `codes`: how many numbers it also reads off phi(x), those of
  // InfoGAN's Q, 0 for none.
  CriticImpl(const ExampleSpec& example, const DiscriminatorConfig& config, GanCondition condition,
             int64_t codes = 0);

  struct Judgement {
    torch::Tensor score;    // [n]
    torch::Tensor classes;  // [n, classes], logits; auxiliary alone
    torch::Tensor codes;    // [n, codes]; undefined without
  };
  // x [n, shape...]; one_hot [n, classes], undefined without a condition.
  Judgement forward(const torch::Tensor& x, const torch::Tensor& one_hot);

  // Whether the score of an example depends on those beside it, by batch normalization.
  bool compares() const { return compares_; }

 private:
  GanCondition condition_;
  bool compares_;
  bool maps_;       // whether the classes are maps beside an image
  int64_t layers_;  // hidden ones
  Discriminator discriminator_;
  torch::nn::Linear head_{nullptr};    // V of projection, or the classifier
  SpectralNorm spectral_{nullptr};     // of V
  torch::nn::Linear reader_{nullptr};  // Q of InfoGAN
};
TORCH_MODULE(Critic);

// While it lives, a critic with batch normalization normalizes each batch by its own mean and
// variance, as it learned to judge: its running averages are of true and made examples mixed, by
// which it never judged. They come back as they were. Others are left alone.
class JudgingAsTrained {
 public:
  explicit JudgingAsTrained(Critic critic);
  ~JudgingAsTrained();
  JudgingAsTrained(const JudgingAsTrained&) = delete;
  JudgingAsTrained& operator=(const JudgingAsTrained&) = delete;

 private:
  Critic critic_;
  bool training_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> kept_;  // buffers and copies of them
};

}  // namespace figment::models
