// How much of the damage a denoising model undoes: PSNR, SSIM and squared error to the clean
// examples, before and after; beside it a median filter, a Gaussian blur and the best linear map.
#include <algorithm>

#include "figment/core/random.h"
#include "figment/eval/image_quality.h"
#include "figment/eval/metric.h"
#include "figment/eval/pca.h"
#include "figment/eval/restoration.h"

namespace figment::metrics {
namespace {

constexpr int64_t kFitted = 20000;  // training examples that the linear map is fitted on
constexpr int64_t kTuned = 1000;    // training examples that the blur is chosen on
constexpr std::array kBlurs = {0.5, 0.75, 1.0, 1.5, 2.0};  // deviations in pixels

// The affine map from damaged to clean examples with the least squared error.
class LinearMap {
 public:
  explicit LinearMap(int64_t d)
      : damaged_(torch::zeros({d}, torch::kDouble)),
        clean_(damaged_.clone()),
        squares_(torch::zeros({d, d}, torch::kDouble)),
        products_(squares_.clone()) {}

  void add(const torch::Tensor& damaged, const torch::Tensor& clean) {
    const auto x = damaged.flatten(1), y = clean.flatten(1);
    n_ += static_cast<double>(x.size(0));
    damaged_ += x.sum(0, false, torch::kDouble);
    clean_ += y.sum(0, false, torch::kDouble);
    squares_ += x.t().mm(x).to(torch::kDouble);
    products_ += x.t().mm(y).to(torch::kDouble);
  }
  void solve() {
    damaged_ /= n_;
    clean_ /= n_;
    auto variance = squares_ / n_ - torch::outer(damaged_, damaged_);
    const auto covariance = products_ / n_ - torch::outer(damaged_, clean_);
    // Elements that never change have no variance.
    const auto ridge = 1e-6 * variance.diagonal().mean().item<double>() + 1e-12;
    variance.diagonal() += ridge;
    weight_ = torch::linalg_solve(variance, covariance).to(torch::kFloat);
    bias_ = (clean_ - damaged_.matmul(weight_.to(torch::kDouble))).to(torch::kFloat);
  }
  torch::Tensor operator()(const torch::Tensor& damaged) const {
    return torch::addmm(bias_, damaged.flatten(1), weight_).view(damaged.sizes());
  }

 private:
  double n_ = 0;
  torch::Tensor damaged_, clean_;     // [d] sums, then means
  torch::Tensor squares_, products_;  // [d, d] sums of products
  torch::Tensor weight_, bias_;       // [d, d], [d]
};

// The deviation whose blur brings damaged training images nearest to the clean ones.
double best_blur(const MetricRequest& request, std::uint64_t seed) {
  std::array<double, kBlurs.size()> sum{};
  for_each_restoration(
      request.model, request.scaling, request.training.first(kTuned), seed,
      [&](const Restoration& r) {
        for (std::size_t i = 0; i < kBlurs.size(); ++i)
          sum[i] +=
              psnr(gaussian_blur(r.damaged, kBlurs[i]), r.clean).sum(torch::kDouble).item<double>();
      });
  return kBlurs[static_cast<std::size_t>(std::max_element(sum.begin(), sum.end()) - sum.begin())];
}

void append(Results& to, const Results& more) { to.insert(to.end(), more.begin(), more.end()); }

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Restores*>(&request.model);
  if (able == nullptr) metric_lacks(request, "denoise", "restores");
  need_damage(*able, request.model, "eval denoise");
  const auto for_training = mix(request.seed, 1);
  const auto& spec = request.model.example();
  const bool images = spec.modality == Modality::kImage;
  const bool narrow = spec.elements() <= kWidestPca;
  const double sd = images ? best_blur(request, for_training) : 0;
  LinearMap linear(narrow ? spec.elements() : 1);
  if (narrow) {
    for_each_restoration(request.model, request.scaling, request.training.first(kFitted),
                         for_training,
                         [&](const Restoration& r) { linear.add(r.damaged, r.clean); });
    linear.solve();
  }
  Closeness damaged, restored, median, blur, map;
  for_each_restoration(request.model, request.scaling, request.set, request.seed,
                       [&](const Restoration& r) {
                         damaged.add(r.damaged, r.clean);
                         restored.add(r.restored, r.clean);
                         if (images) median.add(median_filter(r.damaged), r.clean);
                         if (images) blur.add(gaussian_blur(r.damaged, sd), r.clean);
                         if (narrow) map.add(linear(r.damaged), r.clean);
                       });
  Measured out;
  append(out.metrics, restored.results("restored"));
  append(out.baselines, damaged.results("damaged"));
  if (images) append(out.baselines, median.results("median"));
  if (images) append(out.baselines, blur.results("blur"));
  if (images) out.baselines.emplace_back("blur_sd", sd);
  if (narrow) append(out.baselines, map.results("linear"));
  return out;
}

}  // namespace

extern const Metric denoise;
const Metric denoise = {"denoise", "PSNR, SSIM and squared error of examples damaged and restored",
                        &measure};

}  // namespace figment::metrics
