#include "figment/eval/calibration.h"

#include "figment/core/error.h"
#include "figment/eval/pca.h"
#include "figment/eval/sample_sets.h"

namespace figment {
namespace {

constexpr int64_t kComponentsKept[] = {50, 30};

torch::Tensor floats(const torch::Tensor& images) {
  return images.flatten(1).to(torch::kFloat).div_(255);
}

torch::Tensor thresholded(const torch::Tensor& images) {
  return torch::where(images >= 128, torch::full({}, 255, torch::kUInt8),
                      torch::zeros({}, torch::kUInt8));
}

torch::Tensor reconstructed(const torch::Tensor& images, const Pca& pca) {
  return pca.decode(pca.encode(floats(images)))
      .mul_(255)
      .round_()
      .clamp_(0, 255)
      .to(torch::kUInt8)
      .view(images.sizes());
}

}  // namespace

std::vector<CalibrationSet> calibration_sets(const Dataset& training, int64_t n) {
  torch::NoGradGuard no_grad;
  const auto real = some_rows(training.size(), n);
  std::vector<CalibrationSet> out = {{"real", "real training examples", real, {}}};
  if (training.spec.modality == Modality::kImage) {
    out.push_back({"thresholded", "thresholded images", real, &thresholded});
    const auto elements = training.spec.elements();
    if (elements <= kWidestPca && training.size() >= 2) {
      const auto pca = fit_pca(training.x, std::min(elements, kComponentsKept[0]), &floats);
      for (const auto k : kComponentsKept) {
        if (k >= elements) continue;
        auto fewer = pca;
        fewer.axes = pca.axes.narrow(1, 0, k).contiguous();
        const auto number = std::to_string(k);
        out.push_back({"pca_" + number, "PCA-" + number + " reconstructions", real,
                       [fewer](const torch::Tensor& x) { return reconstructed(x, fewer); }});
      }
    }
  }
  if (!training.label.defined() || training.spec.classes.size() < 2) return out;
  const auto others = (training.label != 0).nonzero().flatten();
  if (others.size(0) == 0 || others.size(0) == training.size()) return out;
  out.push_back({"class_missing",
                 "real examples without class " + training.spec.classes[0],
                 others.index_select(0, some_rows(others.size(0), n)),
                 {}});
  return out;
}

}  // namespace figment
