#include "figment/eval/feature_space.h"

#include <algorithm>
#include <cstdio>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kPiece = 4096, kNumbersAtOnce = int64_t{1} << 23;
constexpr int64_t kNumbersOfWide = int64_t{1} << 23;
constexpr std::uint64_t kClassifierSeed = 2014;

std::string percent(double share, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f %%", digits, 100 * share);
  return text;
}

// The k principal components of fewer examples than each has numbers, from the products of the
// examples with one another, of which there are fewer then than covariances (Sirovich 1987,
// "Turbulence and the dynamics of coherent structures"). n examples have n - 1 at most.
Pca pca_of_few(const torch::Tensor& x, int64_t k, const Numbers& numbers) {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for_rows(x, numbers,
           [&](const torch::Tensor& part) { parts.push_back(part.to(torch::kDouble)); });
  auto rows = torch::cat(parts);
  parts.clear();
  const auto n = rows.size(0);
  FIGMENT_CHECK(k >= 1 && k < n);
  const auto mean = rows.mean(0);
  rows.sub_(mean);
  const auto [values, vectors] = torch::linalg_eigh(rows.mm(rows.t()));  // ascending, in columns
  const auto variance = values.flip(0).clamp_min(0) / static_cast<double>(n - 1);
  // Orthogonal as they are; where examples are alike some have no length, and any will do.
  const auto along = rows.t().mm(vectors.narrow(1, n - k, k).flip(1));  // [d, k]
  const auto axes = with_positive_peaks(std::get<0>(torch::linalg_qr(along)).t());
  Pca out;
  out.mean = mean.to(torch::kFloat);
  out.axes = axes.t().to(torch::kFloat).contiguous();
  out.variance = variance.narrow(0, 0, k).contiguous();
  out.total = variance.sum().item<double>();
  return out;
}

}  // namespace

bool teaches_classes(const Dataset& set) {
  return set.spec.modality != Modality::kImage && set.label.defined() && set.size() > 0 &&
         set.spec.classes.size() >= 2;
}

FeatureSpace::FeatureSpace(const Dataset& training, Scaling scaling)
    : scaling_(std::move(scaling)), elements_(training.spec.elements()) {
  const bool images = training.spec.modality == Modality::kImage;
  auto what = std::to_string(elements_) + " numbers of an example, as " +
              (images ? "pixels in [0, 1]" : "scaled for the model");
  if (elements_ <= kComponents) {
    title_ = "the " + what + " (no network)";
    return;
  }
  if (training.size() < 2)
    fail(Cause::kData, training.name, "expected at least 2 examples of ", elements_,
         " numbers, to compare them by principal components, got ", training.size());
  auto elements = elements_;
  if (images && elements_ > kWidestPca) {
    shrinks_ = true;
    elements = training.spec.shape[0] * kComponentSide * kComponentSide;
    const auto side = std::to_string(kComponentSide);
    what = std::to_string(elements) + " numbers of an image resized to " + side + "x" + side +
           ", as pixels in [0, 1]";
  }
  fit(training, elements);
  title_ += " of the " + what + " (no network)";
}

void FeatureSpace::fit(const Dataset& training, int64_t elements) {
  const auto of_rows = [this](const torch::Tensor& rows) { return numbers(rows); };
  auto x = training.x;
  const bool wide = elements > kWidestPca, few = wide || x.size(0) < elements;
  if (wide)
    x = x.narrow(0, 0, std::min(x.size(0), std::max<int64_t>(2, kNumbersOfWide / elements)));
  const auto k = std::min({kComponents, elements, few ? x.size(0) - 1 : x.size(0)});
  pca_ = few ? pca_of_few(x, k, of_rows) : fit_pca(x, k, of_rows);
  const auto share = pca_->variance.sum().item<double>() / std::max(pca_->total, 1e-300);
  title_ = "first " + std::to_string(k) + " principal components of " +
           (x.size(0) < training.size() ? "the first " + std::to_string(x.size(0)) + " of " : "") +
           training.name + " (" + percent(share, 1) + " of the variance)";
}

int64_t FeatureSpace::width() const {
  if (net_) return net_->width();
  return pca_ ? pca_->axes.size(1) : elements_;
}

const std::vector<std::string>& FeatureSpace::classes() const {
  return net_ ? net_->spec().classes : classes_;
}

torch::Tensor FeatureSpace::numbers(const torch::Tensor& rows) const {
  const auto x = scaling_.to_model(rows);
  return (shrinks_ ? resized_pictures(x, kComponentSide, kComponentSide) : x).flatten(1);
}

Dataset FeatureSpace::as_vectors(const torch::Tensor& features) const {
  Dataset out;
  out.spec = {Modality::kVector, {width()}, classes_};
  out.x = features;
  return out;
}

void FeatureSpace::learn_classes(const Dataset& training, const Dataset& test) {
  FIGMENT_CHECK(!net_ && teaches_classes(training));
  torch::NoGradGuard no_grad;
  classes_ = training.spec.classes;
  auto known = as_vectors(observe(training.x).features);
  known.name = training.name;
  known.label = training.label;
  const auto count = static_cast<int64_t>(classes_.size());
  classifier_ = std::make_shared<PlainClassifier>(known, Scaling(), count, kClassifierSeed);
  classifier_title_ = "one hidden layer of 256, trained by figment on the features of " +
                      std::to_string(training.size()) + " examples of " + training.name;
  if (test.size() == 0 || !test.label.defined() || test.spec.classes != classes_) return;
  const auto wrong = log_p(observe(test.x).features).argmax(1) != test.label;
  classifier_title_ += ", error " + percent(wrong.to(torch::kDouble).mean().item<double>(), 2) +
                       " on " + std::to_string(test.size()) + " of " + test.name;
}

torch::Tensor FeatureSpace::log_p(const torch::Tensor& features) const {
  FIGMENT_CHECK(classifier_ != nullptr);
  return classifier_->classify(as_vectors(features));
}

Evidence FeatureSpace::observe(const torch::Tensor& x) const {
  torch::NoGradGuard no_grad;
  if (net_) {
    auto answer = net_->look(x);
    return {answer.features, answer.logits};
  }
  std::vector<torch::Tensor> parts;
  for_rows(
      x, [this](const torch::Tensor& rows) { return numbers(rows); },
      [&](const torch::Tensor& part) { parts.push_back(pca_ ? pca_->encode(part) : part); });
  const auto features = torch::cat(parts);
  return {features, classifier_ ? log_p(features) : torch::Tensor()};
}

Evidence FeatureSpace::observe(const torch::Tensor& x, const torch::Tensor& index,
                               const Change& change) const {
  torch::NoGradGuard no_grad;
  const auto elements = std::max<int64_t>(1, x.numel() / std::max<int64_t>(1, x.size(0)));
  const auto at_once = std::clamp<int64_t>(kNumbersAtOnce / elements, 1, kPiece);
  std::vector<torch::Tensor> features, likely;
  for (const auto& rows : index.split(at_once)) {
    const auto some = x.index_select(0, rows);
    const auto seen = observe(change ? change(some) : some);
    features.push_back(seen.features);
    if (seen.log_p.defined()) likely.push_back(seen.log_p);
  }
  return {torch::cat(features), likely.empty() ? torch::Tensor() : torch::cat(likely)};
}

FeatureSpace feature_space(const std::string& file, const Dataset& training, const Dataset& test,
                           const Scaling& scaling, const Say& say) {
  if (!file.empty()) {
    if (training.spec.modality != Modality::kImage)
      fail(Cause::kConfig, "--features", "expected images for a feature network, got ",
           training.spec.text(), "; leave --features out");
    return FeatureSpace(read_feature_net(file));
  }
  if (suits_lenet(training)) return FeatureSpace(lenet(training, test, say));
  return FeatureSpace(training, scaling);
}

}  // namespace figment
