#include "figment/models/gan/latent.h"

#include <vector>

namespace figment::models {

void GanCodesConfig::check(const Problems::Scope& scope) const {
  if (categorical == 1)
    scope.add("categorical", "expected 0 or at least 2: a code of one value tells nothing");
}

torch::Tensor GanLatentSpace::joined(const torch::Tensor& noise, const torch::Tensor& value,
                                     const torch::Tensor& continuous) const {
  std::vector<torch::Tensor> parts = {noise};
  if (value.defined())
    parts.push_back(torch::one_hot(value, codes_.categorical).to(noise.scalar_type()));
  if (continuous.defined()) parts.push_back(continuous);
  return torch::cat(parts, -1);
}

torch::Tensor GanLatentSpace::draw(std::int64_t n, const torch::TensorOptions& options) const {
  const auto noise = noise_ == GanLatent::kNormal ? torch::randn({n, noise_dim_}, options)
                                                  : 2 * torch::rand({n, noise_dim_}, options) - 1;
  torch::Tensor value, continuous;
  if (codes_.categorical > 0)
    value = torch::randint(codes_.categorical, {n}, options.dtype(torch::kLong));
  if (codes_.continuous > 0) continuous = 2 * torch::rand({n, codes_.continuous}, options) - 1;
  return joined(noise, value, continuous);
}

torch::Tensor GanLatentSpace::draw(Noise& noise, std::int64_t each, double temperature) const {
  const auto drawn = noise_ == GanLatent::kNormal ? noise.normal({each, noise_dim_})
                                                  : 2 * noise.uniform({each, noise_dim_}) - 1;
  torch::Tensor value, continuous;
  if (codes_.categorical > 0)
    value = (noise.uniform({each}) * static_cast<double>(codes_.categorical)).to(torch::kLong);
  if (codes_.continuous > 0) continuous = 2 * noise.uniform({each, codes_.continuous}) - 1;
  return joined(drawn * temperature, value, continuous);
}

torch::Tensor GanLatentSpace::loss_of_reading(const torch::Tensor& z,
                                              const torch::Tensor& read) const {
  auto loss = torch::zeros({}, z.options());
  if (codes_.categorical > 0)
    loss = loss +
           codes_.categorical_weight * torch::nn::functional::cross_entropy(
                                           read.narrow(1, 0, codes_.categorical),
                                           z.narrow(1, noise_dim_, codes_.categorical).argmax(1));
  if (codes_.continuous > 0) {
    const auto error = read.narrow(1, codes_.categorical, codes_.continuous) -
                       z.narrow(1, noise_dim_ + codes_.categorical, codes_.continuous);
    loss = loss + codes_.continuous_weight * 0.5 * error.square().sum(1).mean();
  }
  return loss;
}

}  // namespace figment::models
