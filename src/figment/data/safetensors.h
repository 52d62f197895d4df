// The safetensors format, written and read strictly.
// https://github.com/huggingface/safetensors: u64 header length, JSON header, raw little-endian
// data.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace figment {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

struct SafetensorsFile {
  NamedTensors tensors{};                         // in the order of their data
  std::map<std::string, std::string> metadata{};  // the "__metadata__" of the header
};

// The bytes of a safetensors file holding `tensors` (any device, made contiguous): F64, F32, F16,
// BF16, I64, I32, I16, I8, U8, BOOL. Same input, same bytes.
std::string encode_safetensors(const NamedTensors& tensors,
                               const std::map<std::string, std::string>& metadata = {});

// Reads what encode_safetensors or another writer wrote. Tensors own their memory, on the CPU.
// Throws Error(kCheckpoint) with `where` for anything not exactly in the format: header longer than
// the file, duplicate or unknown keys, unknown dtype, offsets that overlap, leave holes, or
// disagree with the shape, bytes left over, overflowing sizes. Never allocates for what a header
// claims.
SafetensorsFile decode_safetensors(std::string_view bytes, const std::string& where);

}  // namespace figment
