#include "figment/data/image_fit.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kMaxSide = 16384;
constexpr int64_t kMaxElongation = 32;

// [n, 3, H, W] -> [n, 1, H, W]: 0.299 R + 0.587 G + 0.114 B in 16 bits of fraction.
torch::Tensor grey_of(const torch::Tensor& images) {
  const auto wide = images.to(torch::kInt);
  const auto sum = wide.select(1, 0) * 19595 + wide.select(1, 1) * 38470 + wide.select(1, 2) * 7471;
  return sum.add_(0x8000).bitwise_right_shift(16).to(torch::kByte).unsqueeze(1);
}

torch::Tensor with_channels(const torch::Tensor& images, int64_t channels) {
  if (channels == 0 || images.size(1) == channels) return images;
  if (channels == 1) return grey_of(images);
  return images.expand({-1, 3, -1, -1}).contiguous();
}

torch::Tensor with_size(const torch::Tensor& images, int64_t size, const std::string& where) {
  const auto height = images.size(2), width = images.size(3);
  if (size == 0 || (height == size && width == size)) return images;
  const auto shorter = std::min(height, width), longer = std::max(height, width);
  if (longer > kMaxElongation * shorter)
    fail(Cause::kData, where, "expected an image at most ", kMaxElongation,
         " times as long as wide to resize, got ", width, " x ", height, " pixels");
  const auto stretched = size * longer / shorter;
  const std::vector<int64_t> target = {height <= width ? size : stretched,
                                       height <= width ? stretched : size};
  auto resized = images.to(torch::kFloat);
  if (shorter != size)
    resized =
        torch::nn::functional::interpolate(resized, torch::nn::functional::InterpolateFuncOptions()
                                                        .size(target)
                                                        .mode(torch::kBilinear)
                                                        .align_corners(false)
                                                        .antialias(true));
  const auto top = (resized.size(2) - size) / 2, left = (resized.size(3) - size) / 2;
  return resized.narrow(2, top, size)
      .narrow(3, left, size)
      .round()
      .clamp_(0, 255)
      .to(torch::kByte)
      .contiguous();
}

torch::Tensor fit(const torch::Tensor& images, const ReadOptions& options,
                  const std::string& where) {
  return with_size(with_channels(images, options.channels), options.image_size, where);
}

}  // namespace

void check_image_options(const ReadOptions& options) {
  if (options.image_size < 0 || options.image_size > kMaxSide)
    fail(Cause::kConfig, "image_size", "expected 1 to ", kMaxSide,
         " pixels, or 0 for images as they are, got ", options.image_size);
  if (options.channels != 0 && options.channels != 1 && options.channels != 3)
    fail(Cause::kConfig, "channels", "expected 1 (grey), 3 (RGB) or 0 for images as they are, got ",
         options.channels);
}

torch::Tensor fit_image(const torch::Tensor& image, const ReadOptions& options,
                        const std::string& where) {
  return fit(image.unsqueeze(0), options, where).squeeze(0);
}

void fit_images(Dataset& set, const ReadOptions& options, const std::string& where) {
  const auto fits = [](int64_t wanted, int64_t extent) { return wanted == 0 || wanted == extent; };
  if (fits(options.channels, set.x.size(1)) && fits(options.image_size, set.x.size(2)) &&
      fits(options.image_size, set.x.size(3)))
    return;
  const auto n = set.size();
  const auto channels = options.channels == 0 ? set.x.size(1) : options.channels;
  const auto height = options.image_size == 0 ? set.x.size(2) : options.image_size;
  const auto width = options.image_size == 0 ? set.x.size(3) : options.image_size;
  if (static_cast<std::uint64_t>(channels * height * width) >
      options.max_bytes / static_cast<std::uint64_t>(n))
    fail(Cause::kData, where, n, " images of ", width, " x ", height,
         " pixels are more than is taken into memory");
  auto out = torch::empty({n, channels, height, width}, torch::kByte);
  // The float copies of a whole set would not fit beside it.
  constexpr int64_t kAtOnce = 64;
  for (int64_t i = 0; i < n; i += kAtOnce) {
    const auto count = std::min(kAtOnce, n - i);
    out.narrow(0, i, count).copy_(fit(set.x.narrow(0, i, count), options, where));
  }
  set.x = out;
  set.spec.shape = {channels, height, width};
}

}  // namespace figment
