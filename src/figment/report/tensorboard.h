// Events that TensorBoard reads, written without its packages.
// Record: u64 length, masked CRC-32C of it, an Event message (protobuf), masked CRC-32C of that;
// https://www.tensorflow.org/api_docs/python/tf/io (TFRecord), tensorflow/core/util/event.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace figment {

// CRC-32C (Castagnoli) of the bytes.
std::uint32_t crc32c(std::string_view bytes);

// Appends to a new file events.out.tfevents.* in `folder`, one write a record: what a crash leaves
// is whole records and at most one torn one, which TensorBoard ignores.
class TensorBoardWriter {
 public:
  // Creates the folder. A run resumed at step n > 0 should say so: TensorBoard then forgets what an
  // earlier file says of steps from n on. Throws Error(kIo).
  explicit TensorBoardWriter(const std::filesystem::path& folder, std::int64_t resumed_at = 0);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  // One point of the curve `tag` ("train/loss"). Throws Error(kIo).
  void scalar(std::string_view tag, std::int64_t step, double value);

  // A picture, as the bytes of a PNG of that size.
  void image(std::string_view tag, std::int64_t step, std::string_view png, std::int64_t height,
             std::int64_t width);

  const std::filesystem::path& path() const { return path_; }

 private:
  void event(std::int64_t step, std::string_view fields);

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace figment
