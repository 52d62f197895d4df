#include "figment/models/cvae/description.h"

#include <cmath>

#include "figment/core/error.h"
#include "figment/nn/bayes.h"

namespace figment::models {

DescriptionImpl::DescriptionImpl(int64_t classes, int64_t attributes)
    : classes_(classes), attributes_(attributes) {
  if (classes > 0) counts_ = register_buffer("class_counts", torch::zeros({classes}, torch::kLong));
  if (attributes == 0) return;
  seen_ = register_buffer("attributes_seen", torch::zeros({}, torch::kLong));
  sum_ = register_buffer("attribute_sum", torch::zeros({attributes}, torch::kDouble));
  products_ =
      register_buffer("attribute_products", torch::zeros({attributes, attributes}, torch::kDouble));
  two_ = register_buffer("attribute_two", torch::ones({attributes}, torch::kBool));
  if (classes == 0) return;
  class_sum_ =
      register_buffer("class_attribute_sum", torch::zeros({classes, attributes}, torch::kDouble));
  class_products_ = register_buffer(
      "class_attribute_products", torch::zeros({classes, attributes, attributes}, torch::kDouble));
}

void DescriptionImpl::forget() {
  for (auto* moment : {&counts_, &seen_, &sum_, &products_, &class_sum_, &class_products_})
    if (moment->defined()) moment->zero_();
  if (two_.defined()) two_.fill_(true);
}

void DescriptionImpl::learn(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  if (classes_ > 0) counts_ += torch::bincount(batch.label, {}, classes_);
  if (attributes_ == 0) return;
  const auto values = batch.attributes.to(torch::kDouble);
  seen_ += values.size(0);
  sum_ += values.sum(0);
  products_ += values.t().mm(values);
  two_ &= ((values == 0) | (values == 1)).all(0);
  if (classes_ > 0) add_class_moments(batch.label, values, class_sum_, class_products_);
}

void DescriptionImpl::check(const Batch& batch) const {
  if (classes_ > 0) {
    if (!batch.label.defined())
      fail(Cause::kData, "cvae",
           "expected examples with labels, which the model is conditioned on, got none; name their "
           "column with data.label_column");
    const auto largest = batch.label.max().item<int64_t>();
    if (largest >= classes_)
      fail(Cause::kData, "cvae", "expected classes in [0, ", classes_,
           "), as the model was trained on, got ", largest);
  }
  if (attributes_ == 0) return;
  if (!batch.attributes.defined() || batch.attributes.size(1) != attributes_)
    fail(Cause::kData, "cvae", "expected examples with ", attributes_,
         " attributes, which the model is conditioned on, got ",
         batch.attributes.defined() ? batch.attributes.size(1) : 0, "; see data.attributes");
}

torch::Tensor DescriptionImpl::mean() const {
  return (sum_ / seen_.clamp_min(1)).to(torch::kFloat);
}

torch::Tensor DescriptionImpl::deviation() const {
  const auto mean = sum_ / seen_.clamp_min(1);
  const auto squares = products_.diagonal() / seen_.clamp_min(1);
  const auto variance = squares - mean.square();
  // What never changes, as far as the digits of the sums tell, is left on its scale.
  const auto changes = variance > 1e-12 * squares;
  return torch::where(changes, variance.clamp_min(0), torch::ones_like(variance))
      .sqrt()
      .to(torch::kFloat);
}

torch::Tensor DescriptionImpl::is_yes_or_no() const { return two_ & (seen_ > 0); }

torch::Tensor DescriptionImpl::log_prior() const { return log_class_prior(counts_); }

torch::Tensor DescriptionImpl::log_prior(const torch::Tensor& attributes) const {
  if (attributes_ == 0) return log_prior();
  return log_prior() +
         class_attribute_log_density(counts_, class_sum_, class_products_, attributes);
}

torch::Tensor DescriptionImpl::correlation() const {
  const auto n = seen_.clamp_min(1).to(torch::kDouble);
  const auto mean = sum_ / n;
  const auto deviation = this->deviation().to(torch::kDouble);
  auto r = (products_ / n - torch::outer(mean, mean)) / torch::outer(deviation, deviation);
  // Attributes that follow from one another leave no room for a factor.
  r += 1e-6 * torch::eye(attributes_, r.options());
  r.diagonal().clamp_min_(1e-6);
  return r;
}

torch::Tensor DescriptionImpl::forward(const torch::Tensor& label, const torch::Tensor& attributes,
                                       int64_t n) {
  std::vector<torch::Tensor> parts;
  const auto device = classes_ > 0 ? counts_.device() : sum_.device();
  if (classes_ > 0)
    parts.push_back(label.defined()
                        ? torch::one_hot(label, classes_).to(torch::kFloat)
                        : log_prior().exp().to(torch::kFloat).unsqueeze(0).expand({n, classes_}));
  if (attributes_ > 0)
    parts.push_back(attributes.defined() ? (attributes - mean()) / deviation()
                                         : torch::zeros({n, attributes_}, device));
  return torch::cat(parts, 1);
}

torch::Tensor DescriptionImpl::draw_label(Noise& noise) {
  const auto ends = log_prior().exp().cumsum(0).to(torch::kFloat);  // [classes]
  return (noise.uniform({1}) >= ends.unsqueeze(0)).sum(1).clamp_max(classes_ - 1);
}

torch::Tensor DescriptionImpl::draw_attributes(Noise& noise, const torch::Tensor& asked) {
  const auto r = correlation();
  const auto normal = noise.normal({attributes_}).to(torch::kDouble);  // [n, a]
  auto drawn = normal.mm(torch::linalg_cholesky(r).t());
  const auto wanted = asked.defined() ? ((asked - mean()) / deviation()).to(torch::kDouble)
                                      : torch::full_like(drawn, NAN);
  const auto given = wanted.isnan().any(0).logical_not().nonzero().flatten();  // [k]
  if (given.size(0) > 0) {
    // What was drawn is moved by how far it missed what is asked: the conditional distribution of a
    // normal one (Matheron's rule).
    const auto missed = wanted.index_select(1, given) - drawn.index_select(1, given);  // [n, k]
    const auto known = r.index_select(0, given);                                       // [k, a]
    drawn = drawn + missed.mm(torch::linalg_solve(known.index_select(1, given), known));
  }
  const auto share = (sum_ / seen_.clamp_min(1)).clamp(0, 1);
  const auto bound = std::sqrt(2.0) * torch::erfinv(1 - 2 * share);
  const auto answers =
      torch::where(is_yes_or_no(), (drawn > bound).to(torch::kDouble), drawn * deviation() + mean())
          .to(torch::kFloat);
  return asked.defined() ? torch::where(asked.isnan(), answers, asked) : answers;
}

}  // namespace figment::models
