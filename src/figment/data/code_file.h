// Quantised codes as a file: a gzipped .safetensors, so that any tool can look inside.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace figment {

// A uniform quantiser of 2^bits levels for each coordinate of a code, from the smallest to the
// largest value it was fitted on; what lies outside takes the outermost level.
struct Quantizer {
  int64_t bits = 8;    // 1 to 16
  torch::Tensor low;   // [d] float32, the value of level 0
  torch::Tensor step;  // [d] float32, between two levels; 0 where the coordinate is constant

  static Quantizer fit(const torch::Tensor& codes, int64_t bits);  // codes [n, d], n >= 1
  torch::Tensor quantize(const torch::Tensor& codes) const;        // [n, d] -> int32 levels
  torch::Tensor dequantize(const torch::Tensor& levels) const;     // -> float32 [n, d]
};

struct CodeFile {
  Quantizer quantizer{};
  torch::Tensor levels{};  // [n, d] int32 in [0, 2^bits)
  torch::Tensor length{};  // [n] int64 >= 1, as in Dataset; undefined where all are whole
  std::string model{};     // checksum that tells the model whose codes these are
  std::string example{};   // what an example is, in words
};

// Same content, same bytes. Holds the tensors low, step and levels: uint8 [ceil(bits / 8), d, n],
// the low bytes of all levels first; and length: int32 [n], where series end early.
std::string encode_code_file(const CodeFile& file);

// Throws Error(kData) with `where` for anything that encode_code_file does not write; a flipped bit
// never passes (gzip's CRC-32).
CodeFile decode_code_file(std::string_view bytes, const std::string& where);

}  // namespace figment
