#include "figment/data/idx.h"

#include <memory>
#include <utility>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"
#include "figment/data/gzip.h"
#include "figment/data/labels.h"

namespace figment {

bool is_idx(std::string_view head) {
  if (head.size() < 4 || head[0] != 0 || head[1] != 0) return false;
  const std::string_view types("\x08\x09\x0b\x0c\x0d\x0e");
  return types.find(head[2]) != std::string_view::npos && head[3] >= 1 && head[3] <= 8;
}

torch::Tensor decode_idx(std::string file, const std::string& where) {
  const std::string_view bytes(file);
  if (bytes.size() < 4)
    fail(Cause::kData, at_offset(where, bytes.size()),
         "truncated: an IDX header has 4 bytes at least");
  if (!is_idx(bytes))
    fail(Cause::kData, at_offset(where, 0), "expected IDX (00 00 08 01 or 00 00 08 03), got '",
         printable(bytes.substr(0, 4)), "'");
  if (bytes[2] != 8)
    fail(Cause::kData, at_offset(where, 2), "expected IDX of unsigned bytes (type 08), got type 0",
         "0123456789abcdef"[bytes[2] & 15]);
  const std::size_t dimensions = static_cast<unsigned char>(bytes[3]);
  if (dimensions != 1 && dimensions != 3)
    fail(Cause::kData, at_offset(where, 3),
         "expected IDX of 1 dimension (labels) or 3 (images), got ", dimensions);
  const auto header = 4 + 4 * dimensions;
  if (bytes.size() < header)
    fail(Cause::kData, at_offset(where, bytes.size()), "truncated: the IDX header has ", header,
         " bytes");
  std::vector<int64_t> extents;
  for (std::size_t i = 0; i < dimensions; ++i) {
    extents.push_back(big_endian_32(bytes, 4 + 4 * i));
    if (extents.back() == 0)
      fail(Cause::kData, at_offset(where, 4 + 4 * i), "the IDX header says 0 ",
           i == 0 ? "examples" : "pixels a side");
  }
  const auto held = bytes.size() - header;
  const auto claimed = bounded_product(extents, held);
  if (!claimed || *claimed != held)
    fail(Cause::kData, at_offset(where, header), "the IDX header says ", extents_text(extents),
         " bytes, but ", held,
         " follow; the file is truncated, damaged or longer than it should be");
  // The tensor keeps the file's bytes where they are: copying those of MNIST takes 0.1 s.
  const auto kept = std::make_shared<std::string>(std::move(file));
  return torch::from_blob(
      kept->data() + header, extents, [kept](void*) {}, torch::kByte);
}

std::string encode_idx(const torch::Tensor& values) {
  FIGMENT_CHECK(values.scalar_type() == torch::kByte && (values.dim() == 1 || values.dim() == 3));
  std::string out("\0\0\x08", 3);
  out += static_cast<char>(values.dim());
  for (const auto extent : values.sizes())
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(extent >> shift & 0xff);
  const auto plain = values.contiguous().cpu();
  out.append(static_cast<const char*>(plain.data_ptr()), static_cast<std::size_t>(plain.numel()));
  return out;
}

Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 const ReadOptions& options) {
  Dataset set;
  const auto pixels = decode_idx(read_data(images, options.max_bytes), images.string());
  if (pixels.dim() != 3)
    fail(Cause::kData, images.string(), "expected images (3 dimensions), got labels (1 dimension)");
  set.x = pixels.unsqueeze(1);
  set.spec.modality = Modality::kImage;
  set.spec.shape = {1, pixels.size(1), pixels.size(2)};
  if (!labels.empty()) {
    const auto classes = decode_idx(read_data(labels, options.max_bytes), labels.string());
    if (classes.dim() != 1)
      fail(Cause::kData, labels.string(),
           "expected labels (1 dimension), got images (3 dimensions)");
    if (classes.size(0) != pixels.size(0))
      fail(Cause::kData, at_offset(labels.string(), 4), "expected ", pixels.size(0),
           " labels, one for each image of ", images.filename().string(), ", got ",
           classes.size(0));
    set.label = classes.to(torch::kLong);
    set.spec.classes = numbered_classes(set.label);
  }
  return set;
}

}  // namespace figment
