// Rate and PSNR of quantised codes beside PNG and JPEG.
#include "figment/eval/compression.h"

#include <cmath>

#include "figment/core/error.h"
#include "figment/eval/metric.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  if (dynamic_cast<Encodes*>(&request.model) == nullptr ||
      dynamic_cast<Decodes*>(&request.model) == nullptr)
    metric_lacks(request, "compression", "encodes and decodes");
  need_codes_alone(request.model, "eval compression");
  if (request.set.x.scalar_type() != torch::kUInt8)
    fail(Cause::kData, "eval compression", "expected images of bytes, got ",
         request.set.spec.text());
  Measured out;
  const auto jpeg =
      rate_of_jpeg(request.set.x, {1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 95});
  for (const auto& point : rate_of_codes(request.model, request.scaling, request.set, {3, 5, 8})) {
    auto name = point.name;
    for (auto& c : name)
      if (c == ' ') c = '_';
    out.metrics.emplace_back(name + "_rate", point.bits);
    out.metrics.emplace_back(name + "_psnr", point.psnr);
    // JPEG's rate for as good a picture; none where it is never as bad or as good.
    const auto rate = rate_at(jpeg, point.psnr);
    if (std::isfinite(rate)) out.baselines.emplace_back("jpeg_rate_at_" + name, rate);
  }
  out.baselines.emplace_back("jpeg_1_rate", jpeg.front().bits);
  out.baselines.emplace_back("jpeg_1_psnr", jpeg.front().psnr);
  out.baselines.emplace_back("png_rate", rate_of_png(request.set.x).bits);
  // What whoever decompresses must have besides: the weights.
  double weights = 0;
  for (const auto& p : request.model.parameters()) weights += static_cast<double>(p.nbytes());
  out.metrics.emplace_back("model_bytes", weights);
  return out;
}

}  // namespace

extern const Metric compression;
const Metric compression = {
    "compression", "bits per pixel and PSNR of quantised codes, beside JPEG and PNG", &measure};

}  // namespace figment::metrics
