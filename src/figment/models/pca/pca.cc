#include "figment/models/pca/pca.h"

#include "figment/model/family.h"

namespace figment::models {

extern const Family pca;
constexpr Family pca =
    family<Pca>("pca", "Principal component analysis", "https://doi.org/10.1080/14786440109462720");

void PcaConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  const auto d = example.elements();
  if (latent_dim > d)
    scope.add("latent_dim", "expected at most the " + std::to_string(d) + " elements of " +
                                example.text() + ", got " + std::to_string(latent_dim));
  if (method == PcaMethod::kClosedForm && d > kWidestPca)
    scope.add("method", "expected gradient for examples of more than " +
                            std::to_string(kWidestPca) + " elements, whose covariance would be " +
                            "too large, got closed_form for " + example.text());
}

Pca::Pca(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      moments_(example.elements(), config.method == PcaMethod::kClosedForm) {
  const auto d = example.elements();
  register_buffer("count", moments_.count);
  register_buffer("mean", moments_.mean);
  if (config.method == PcaMethod::kClosedForm) {
    register_buffer("scatter", moments_.scatter);
    axes_ = register_buffer("axes", torch::eye(config.latent_dim, d));
    solved_ = register_buffer("solved", torch::zeros({}, torch::kLong));
  } else {
    axes_ = register_parameter("axes",
                               torch::nn::init::orthogonal_(torch::empty({config.latent_dim, d})));
    optimizer_ = &register_optimizer("all", parameters(), config.optimizer);
  }
}

std::vector<Stage> Pca::stages(int64_t epochs) const {
  if (config_.method == PcaMethod::kClosedForm) return {{"solve", 1}};
  return {{"mean", 1}, {"train", epochs}};
}

void Pca::begin_stage(const Stage& stage) { gathers_ = stage.name != "train"; }

torch::Tensor Pca::mean() const { return moments_.mean.to(torch::kFloat); }

torch::Tensor Pca::weights() const {
  if (config_.method == PcaMethod::kGradient) return axes_;
  const auto count = moments_.count.item<int64_t>();
  if (count == solved_.item<int64_t>()) return axes_;
  if (count != unfinished_count_) {
    unfinished_ = principal_axes(moments_, config_.latent_dim).axes.to(axes_.options());
    unfinished_count_ = count;
  }
  return unfinished_;
}

torch::Tensor Pca::axes() const {
  const auto w = weights();
  if (config_.method == PcaMethod::kClosedForm) return w;
  // Learned rows are orthonormal only nearly: the nearest that are so (the polar factor).
  const auto [u, s, v] = torch::linalg_svd(w.detach().to(torch::kDouble), /*full_matrices=*/false);
  return u.mm(v).to(w.scalar_type());
}

torch::Tensor Pca::encoded(const torch::Tensor& x) const {
  return (x.flatten(1) - mean()).mm(weights().t());
}

torch::Tensor Pca::decoded(const torch::Tensor& code) const {
  return torch::addmm(mean(), code, weights());
}

// Mean over examples of |x - m - W'W (x - m)|^2 (Baldi & Hornik 1989, equation 2, A = W', B = W).
torch::Tensor Pca::error(const torch::Tensor& x) const {
  return (decoded(encoded(x)) - x.flatten(1)).square().sum(1).mean();
}

Metrics Pca::training_step(const Batch& batch) {
  if (gathers_) {
    moments_.add(batch.x.flatten(1).to(torch::kDouble));
    torch::NoGradGuard no_grad;
    return {{"mean_sse", (batch.x.flatten(1) - mean()).square().sum(1).mean()}};
  }
  const auto value = error(batch.x);
  optimizer_->minimize(value);
  return {{"loss", value.detach()}};
}

void Pca::end_stage(const Stage&) {
  if (config_.method == PcaMethod::kGradient) return;
  torch::NoGradGuard no_grad;
  axes_.copy_(weights());
  solved_.copy_(moments_.count);
}

Metrics Pca::validation_step(const Batch& batch) { return {{"loss", error(batch.x)}}; }

torch::Tensor Pca::encode(const Batch& batch) { return encoded(batch.x); }

torch::Tensor Pca::decode(const torch::Tensor& code, const torch::Tensor&) {
  auto sizes = example().shape;
  sizes.insert(sizes.begin(), code.size(0));
  return decoded(code).view(sizes);
}

torch::Tensor Pca::reconstruct(const Batch& batch) {
  return decoded(encoded(batch.x)).view(batch.x.sizes());
}

}  // namespace figment::models
