// Numbers in the bytes of a file, and sizes that a header claims.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace figment {

// The place of an error in a binary file: "digits.gz: offset 16".
inline std::string at_offset(const std::string& where, std::uint64_t offset) {
  return where + ": offset " + std::to_string(offset);
}

// The place of an error in a text file: "table.csv:12".
inline std::string at_line(const std::string& where, std::uint64_t line) {
  return where + ":" + std::to_string(line);
}

// The big-endian number at `offset`; the caller has checked that its four bytes are there.
inline std::uint32_t big_endian_32(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

// The little-endian number of `width` bytes (up to 4) at `offset`; likewise.
inline std::uint32_t little_endian(std::string_view bytes, std::size_t offset, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = width; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

// The product of the extents, or nothing when one is negative or the product is above `limit`.
inline std::optional<std::uint64_t> bounded_product(const std::vector<std::int64_t>& extents,
                                                    std::uint64_t limit) {
  std::uint64_t product = 1;
  bool empty = false;
  for (const auto extent : extents) {
    if (extent < 0) return std::nullopt;
    empty = empty || extent == 0;
  }
  if (empty) return 0;
  for (const auto extent : extents) {
    if (static_cast<std::uint64_t>(extent) > limit / product) return std::nullopt;
    product *= static_cast<std::uint64_t>(extent);
  }
  return product;
}

// "60000 x 28 x 28"
inline std::string extents_text(const std::vector<std::int64_t>& extents) {
  std::string text;
  for (const auto extent : extents) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text.empty() ? "a single number" : text;
}

}  // namespace figment
