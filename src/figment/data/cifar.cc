#include "figment/data/cifar.h"

#include <cstring>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"
#include "figment/data/gzip.h"

namespace figment {
namespace {

constexpr int64_t kPixels = kCifarRecord - 1;

// Image [n, 3, 32, 32] and label [n] of one batch.
std::pair<torch::Tensor, torch::Tensor> decode_batch(std::string_view bytes,
                                                     const std::string& where) {
  const auto size = static_cast<int64_t>(bytes.size());
  const auto n = size / kCifarRecord;
  if (n == 0 || size % kCifarRecord != 0)
    fail(Cause::kData, at_offset(where, static_cast<std::uint64_t>(n * kCifarRecord)),
         "expected CIFAR-10 records of ", kCifarRecord, " bytes, got ", size % kCifarRecord,
         " bytes at the end");
  auto image = torch::empty({n, 3, 32, 32}, torch::kByte);
  auto label = torch::empty({n}, torch::kLong);
  for (int64_t i = 0; i < n; ++i) {
    const auto* record = bytes.data() + i * kCifarRecord;
    const auto value = static_cast<unsigned char>(*record);
    if (value > 9)
      fail(Cause::kData, at_offset(where, static_cast<std::uint64_t>(i * kCifarRecord)),
           "expected a label 0..9, got ", int{value});
    label.data_ptr<int64_t>()[i] = value;
    std::memcpy(image.data_ptr<uint8_t>() + i * kPixels, record + 1, kPixels);
  }
  return {image, label};
}

}  // namespace

bool is_cifar(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % kCifarRecord != 0) return false;
  for (std::size_t i = 0; i < bytes.size(); i += kCifarRecord)
    if (static_cast<unsigned char>(bytes[i]) > 9) return false;
  return true;
}

Dataset read_cifar(const std::vector<std::filesystem::path>& batches, const ReadOptions& options) {
  FIGMENT_CHECK(!batches.empty());
  std::vector<torch::Tensor> images, labels;
  auto room = options.max_bytes;
  for (const auto& path : batches) {
    const auto bytes = read_data(path, room);
    room -= bytes.size();
    auto [image, label] = decode_batch(bytes, path.string());
    images.push_back(std::move(image));
    labels.push_back(std::move(label));
  }
  Dataset set;
  set.spec.modality = Modality::kImage;
  set.spec.shape = {3, 32, 32};
  set.spec.classes = {"airplane", "automobile", "bird",  "cat",  "deer",
                      "dog",      "frog",       "horse", "ship", "truck"};
  set.x = images.size() == 1 ? images.front() : torch::cat(images);
  set.label = labels.size() == 1 ? labels.front() : torch::cat(labels);
  return set;
}

}  // namespace figment
