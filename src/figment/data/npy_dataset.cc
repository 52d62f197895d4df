// What an array is as a data set, told from its type and shape.
#include <cmath>
#include <sstream>

#include "figment/core/error.h"
#include "figment/data/gzip.h"
#include "figment/data/npy.h"
#include "figment/data/padding.h"

namespace figment {
namespace {

bool is_channels(int64_t extent) { return extent == 1 || extent == 3; }

// (n, H, W), (n, C, H, W) or (n, H, W, C) to [n, C, H, W].
torch::Tensor channels_first(const torch::Tensor& array, const std::string& where) {
  if (array.dim() == 3) return array.unsqueeze(1);
  if (is_channels(array.size(1))) return array;
  if (is_channels(array.size(3))) return array.permute({0, 3, 1, 2});
  fail(Cause::kData, where, "expected images (n, C, H, W) or (n, H, W, C) with C 1 or 3, got ",
       array.sizes());
}

Dataset images(const torch::Tensor& array, const std::string& where) {
  auto pixels = array;
  if (array.scalar_type() == torch::kBool) {
    pixels = array.to(torch::kByte).mul_(255);
  } else if (array.is_floating_point()) {
    const auto low = array.min().item<double>(), high = array.max().item<double>();
    // Written so that NaN fails as well.
    if (!(low >= 0 && high <= 1))
      fail(Cause::kData, where,
           "expected images as uint8 or as floats within 0..1, got floats within ", low, "..",
           high);
    pixels = array.to(torch::kFloat).mul(255).round_().to(torch::kByte);
  } else if (array.scalar_type() != torch::kByte) {
    fail(Cause::kData, where, "expected images as uint8 or as floats within 0..1, got ",
         array.dtype().name(), "; save them with .astype('uint8')");
  }
  Dataset set;
  set.x = channels_first(pixels, where).contiguous();
  set.spec.modality = Modality::kImage;
  set.spec.shape = set.x.sizes().slice(1).vec();
  return set;
}

// What to say of a number that is missing in what may be series of different lengths.
std::string hint_of_masking(const torch::Tensor& array, const ReadOptions& options) {
  if (options.masking || (array.dim() != 3 && !options.series)) return "";
  return std::string("; series of different lengths are read with ") +
         (options.series ? "" : "data.series=true and ") + "data.masking=true";
}

// Numbers as finite float32.
torch::Tensor finite_floats(const torch::Tensor& array, const std::string& where,
                            const ReadOptions& options) {
  const auto values = array.to(torch::kFloat).contiguous();
  const auto finite = values.isfinite();
  if (!finite.all().item<bool>()) {
    const auto first = finite.flatten().logical_not().to(torch::kByte).argmax().item<int64_t>();
    const auto found = array.flatten()[first].item<double>();
    fail(Cause::kData, where, "expected finite numbers in the range of float32, got ", found,
         " in example ", first / (array.numel() / array.size(0)), " (counted from 0)",
         std::isnan(found) ? hint_of_masking(array, options) : "");
  }
  return values;
}

// How many steps come before those at the end of a series [n, T] or [n, T, D] that are NaN in all
// their values: [n] int64.
torch::Tensor steps_before_nan(const torch::Tensor& array, const std::string& where) {
  const auto real =
      array.flatten(1).view({array.size(0), array.size(1), -1}).isnan().all(2).logical_not();
  const auto length = std::get<0>((real * torch::arange(1, array.size(1) + 1)).max(1));
  if (length.min().item<int64_t>() == 0)
    fail(Cause::kData, where, "expected a series, got one of no step in example ",
         length.argmin().item<int64_t>(), " (counted from 0)");
  return length;
}

}  // namespace

Dataset dataset_of_array(const torch::Tensor& array, const std::string& where,
                         const ReadOptions& options) {
  const bool small = array.scalar_type() == torch::kByte || array.scalar_type() == torch::kBool;
  const bool asked = options.image_size > 0 || options.channels > 0;
  if (array.dim() == 4 || (array.dim() == 3 && !options.series && (small || asked)))
    return images(array, where);
  if (array.dim() != 2 && array.dim() != 3)
    fail(Cause::kData, where,
         "expected an array of 2 (vectors), 3 (images or series) or 4 (images) dimensions, got ",
         array.dim());
  Dataset set;
  const bool series = array.dim() == 3 || options.series;
  const bool ragged = options.masking && series && array.is_floating_point();
  if (ragged) set.length = steps_before_nan(array, where);
  set.x = finite_floats(with_padding(array, set.length, 0), where, options);
  if (array.dim() == 2 && options.series) set.x = set.x.unsqueeze(2);
  set.spec.modality = set.x.dim() == 3 ? Modality::kSeries : Modality::kVector;
  set.spec.shape = set.x.sizes().slice(1).vec();
  return set;
}

Dataset read_npy(const std::filesystem::path& path, const ReadOptions& options) {
  return dataset_of_array(decode_npy(read_data(path, options.max_bytes), path.string()),
                          path.string(), options);
}

}  // namespace figment
