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

torch::Tensor reconstructed(const torch::Tensor& images, const Pca& pca) {
  std::vector<torch::Tensor> parts;
  for (const auto& part : images.split(4096))
    parts.push_back(pca.decode(pca.encode(floats(part)))
                        .mul_(255)
                        .round_()
                        .clamp_(0, 255)
                        .to(torch::kUInt8)
                        .view(part.sizes()));
  return torch::cat(parts);
}

}  // namespace

std::vector<CalibrationSet> calibration_sets(const Dataset& training, int64_t n) {
  torch::NoGradGuard no_grad;
  const auto real = some_of(training, n);
  std::vector<CalibrationSet> out = {{"real", "real training examples", real}};
  const auto with = [&](const torch::Tensor& x) {
    auto set = real;
    set.x = x;
    return set;
  };
  if (training.spec.modality == Modality::kImage) {
    out.push_back({"thresholded", "thresholded images",
                   with(torch::where(real.x >= 128, torch::full({}, 255, torch::kUInt8),
                                     torch::zeros({}, torch::kUInt8)))});
    const auto elements = training.spec.elements();
    if (elements <= kWidestPca && training.size() >= 2) {
      const auto most = std::min(elements, kComponentsKept[0]);
      const auto pca = fit_pca(floats(training.x), most);
      for (const auto k : kComponentsKept) {
        if (k >= elements) continue;
        auto fewer = pca;
        fewer.axes = pca.axes.narrow(1, 0, k).contiguous();
        const auto number = std::to_string(k);
        out.push_back({"pca_" + number, "PCA-" + number + " reconstructions",
                       with(reconstructed(real.x, fewer))});
      }
    }
  }
  if (!training.label.defined() || training.spec.classes.size() < 2) return out;
  const auto others = (training.label != 0).nonzero().flatten();
  if (others.size(0) == 0 || others.size(0) == training.size()) return out;
  out.push_back({"class_missing", "real examples without class " + training.spec.classes[0],
                 some_of(training.select(others), n)});
  return out;
}

}  // namespace figment
