#include "figment/apply/masks.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"

namespace figment {
namespace {

constexpr std::uint64_t kLargestFile = 1ULL << 28;

bool ends_with(const std::string& word, const std::string& end) {
  return word.size() >= end.size() && word.compare(word.size() - end.size(), end.size(), end) == 0;
}

torch::Tensor named(const std::string& name, int64_t height, int64_t width) {
  auto known = torch::ones({height, width});
  const auto hide = [&](int64_t top, int64_t bottom, int64_t left, int64_t right) {
    known.slice(0, top, bottom).slice(1, left, right).fill_(0);
  };
  if (name == "centre" || name == "border")
    hide(height / 4, height - height / 4, width / 4, width - width / 4);
  if (name == "border") known = 1 - known;
  if (name == "left") hide(0, height, 0, width / 2);
  if (name == "right") hide(0, height, width / 2, width);
  if (name == "top") hide(0, height / 2, 0, width);
  if (name == "bottom") hide(height / 2, height, 0, width);
  if (name == "lines") known.slice(0, 1, height, 2).fill_(0);
  return known;
}

torch::Tensor from_file(const std::string& path) {
  const auto bytes = read_file(path, kLargestFile, Cause::kData);
  if (is_npy(bytes)) {
    const auto array = decode_npy(bytes, path);
    if (array.dim() != 2)
      fail(Cause::kConfig, path, "expected a mask of two dimensions (height, width), got ",
           array.dim());
    return array.ne(0).to(torch::kFloat);
  }
  return decode_image(bytes, path).to(torch::kFloat).mean(0).ge(127.5).to(torch::kFloat);
}

}  // namespace

const std::vector<std::string>& mask_names() {
  static const std::vector<std::string> names = {"centre", "left",   "right", "top",
                                                 "bottom", "border", "lines"};
  return names;
}

torch::Tensor mask_of(const std::string& word, const ExampleSpec& example) {
  if (example.modality != Modality::kImage)
    fail(Cause::kConfig, "--mask", "expected a model of images, got one of ", example.text());
  const auto& names = mask_names();
  const auto height = example.shape[1], width = example.shape[2];
  const bool file = ends_with(word, ".npy") || ends_with(word, ".png") || ends_with(word, ".jpg") ||
                    ends_with(word, ".jpeg");
  if (!file && std::find(names.begin(), names.end(), word) == names.end())
    fail(Cause::kConfig, "--mask", "expected ", join(names, ", "),
         " or a file (.png, .jpg, .npy), got '", printable(word), "'", did_you_mean(word, names));
  const auto known = file ? from_file(word) : named(word, height, width);
  if (known.size(0) != height || known.size(1) != width)
    fail(Cause::kConfig, word, "expected a mask of ", height, "x", width,
         ", as the model's images are (height x width), got ", known.size(0), "x", known.size(1));
  const auto share = known.mean().item<double>();
  if (share == 0 || share == 1)
    fail(Cause::kData, word, "expected a mask that hides some pixels and not all, but it hides ",
         share == 0 ? "all" : "none", "; bright is known, black is hidden");
  return known.view({1, 1, height, width});
}

}  // namespace figment
