// What a generator is given: noise, and beside it codes with a meaning that is to be found without
// labels. Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel, "InfoGAN: interpretable
// representation learning by information maximizing generative adversarial nets", 2016,
// https://arxiv.org/abs/1606.03657 (InfoGAN below).
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

#include "figment/core/config.h"
#include "figment/nn/noise.h"

namespace figment::models {

enum class GanLatent { kNormal, kUniform };
constexpr auto enum_names(GanLatent) {
  return std::array{EnumName<GanLatent>{"normal", GanLatent::kNormal},
                    EnumName<GanLatent>{"uniform", GanLatent::kUniform}};
}

struct GanCodesConfig {
  std::int64_t categorical = 0;
  std::int64_t continuous = 0;
  double categorical_weight = 1;
  double continuous_weight = 0.1;

  static constexpr auto fields() {
    using C = GanCodesConfig;
    return std::tuple{
        Field{"categorical", &C::categorical,
              "Values of a categorical code, each as likely as another; 0 for none. With about as "
              "many as there are kinds of examples, each may come to stand for a kind.",
              Within{0, 65536}},
        Field{"continuous", &C::continuous,
              "Numbers of a continuous code, uniform in [-1, 1), such as a slant or a thickness; 0 "
              "for none.",
              Within{0, 65536}},
        Field{"categorical_weight", &C::categorical_weight,
              "Weight, for both networks, of the cross-entropy of the categorical code as it is "
              "read off what was made.",
              AtLeast{0}},
        Field{"continuous_weight", &C::continuous_weight,
              "Weight, for both networks, of half the squared error of the continuous code as it "
              "is read off what was made.",
              AtLeast{0}}};
  }
  std::int64_t width() const { return categorical + continuous; }
  bool any() const { return width() > 0; }
  void check(const Problems::Scope& scope) const;
};

// A latent vector is noise [noise_dim], the categorical code one-hot, the continuous code.
class GanLatentSpace {
 public:
  GanLatentSpace(std::int64_t noise_dim, GanLatent noise, const GanCodesConfig& codes)
      : noise_dim_(noise_dim), noise_(noise), codes_(codes) {}

  std::int64_t dim() const { return noise_dim_ + codes_.width(); }
  std::int64_t noise_dim() const { return noise_dim_; }
  // [n, dim], by LibTorch's generator, as training has it.
  torch::Tensor draw(std::int64_t n, const torch::TensorOptions& options) const;
  // [noise.size(), each, dim], row i by the numbers of `noise` for its example i. `temperature`
  // scales what is noise, not what has a meaning.
  torch::Tensor draw(Noise& noise, std::int64_t each, double temperature = 1) const;
  // [], the variational lower bound on the information that what was made holds of its codes,
  // negated and without the codes' entropy (InfoGAN eq. 5), each kind by its weight: a categorical
  // q(c | x) by its logits, and a normal one of deviation 1. z [n, dim], read [n, width].
  torch::Tensor loss_of_reading(const torch::Tensor& z, const torch::Tensor& read) const;

 private:
  // noise [..., noise_dim], the value of the categorical code int64 [...], and the continuous code
  // [..., continuous], either undefined where there is none.
  torch::Tensor joined(const torch::Tensor& noise, const torch::Tensor& value,
                       const torch::Tensor& continuous) const;

  std::int64_t noise_dim_;
  GanLatent noise_;
  GanCodesConfig codes_;
};

}  // namespace figment::models
