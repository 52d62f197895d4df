#include "figment/report/grid.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"

namespace figment {
namespace {

int64_t columns_for(int64_t count, const GridOptions& options) {
  if (options.columns > 0) return std::min(options.columns, count);
  return static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
}

// [n, C, H, W] of any kind -> uint8 [n, channels, H * scale, W * scale] on the CPU.
torch::Tensor prepared(const torch::Tensor& images, int64_t channels, int64_t scale) {
  auto out = to_uint8(images).to(torch::kCPU);
  if (out.size(1) != channels) out = out.expand({-1, channels, -1, -1});
  if (scale > 1) out = out.repeat_interleave(scale, 2).repeat_interleave(scale, 3);
  return out;
}

}  // namespace

torch::Tensor to_uint8(const torch::Tensor& images) {
  const auto detached = images.detach();
  if (detached.scalar_type() == torch::kUInt8) return detached;
  FIGMENT_CHECK(detached.is_floating_point());
  return detached.to(torch::kFloat).nan_to_num(0.0).clamp(0, 1).mul(255).round().to(torch::kUInt8);
}

torch::Tensor image_grid(const torch::Tensor& images, const GridOptions& options) {
  return layered_grid({images}, options);
}

torch::Tensor layered_grid(const std::vector<torch::Tensor>& layers, const GridOptions& options) {
  FIGMENT_CHECK(!layers.empty() && options.gap >= 0 && options.scale >= 1);
  const auto& first = layers.front();
  int64_t channels = 1;
  for (const auto& layer : layers) {
    FIGMENT_CHECK(layer.dim() == 4 && layer.numel() > 0 && layer.size(0) == first.size(0));
    FIGMENT_CHECK(layer.size(1) == 1 || layer.size(1) == 3);
    FIGMENT_CHECK(layer.size(2) == first.size(2) && layer.size(3) == first.size(3));
    channels = std::max(channels, layer.size(1));
  }
  const auto count = first.size(0);
  const auto depth = static_cast<int64_t>(layers.size());
  const auto columns = columns_for(count, options);
  const auto groups = (count + columns - 1) / columns;
  const auto height = first.size(2) * options.scale;
  const auto width = first.size(3) * options.scale;
  const auto gap = options.gap;
  const auto group_gap = depth > 1 ? 3 * gap : gap;
  const auto group_height = depth * (height + gap) - gap + group_gap;

  auto grid = torch::full(
      {channels, groups * group_height - group_gap + 2 * gap, columns * (width + gap) + gap},
      static_cast<int64_t>(options.background), torch::kUInt8);
  for (int64_t l = 0; l < depth; ++l) {
    const auto images = prepared(layers[static_cast<std::size_t>(l)], channels, options.scale);
    for (int64_t i = 0; i < count; ++i) {
      const auto y = gap + i / columns * group_height + l * (height + gap);
      const auto x = gap + i % columns * (width + gap);
      grid.narrow(1, y, height).narrow(2, x, width).copy_(images[i]);
    }
  }
  return grid;
}

}  // namespace figment
