#include "figment/data/code_file.h"

#include <charconv>

#include "figment/core/error.h"
#include "figment/data/gzip.h"
#include "figment/data/gzip_writer.h"
#include "figment/data/safetensors.h"

namespace figment {
namespace {

constexpr const char* kFormat = "figment-codes-1";
constexpr int64_t kMaxBits = 16;

int64_t planes_of(int64_t bits) { return (bits + 7) / 8; }

[[noreturn]] void fail_format(const std::string& where, const std::string& found) {
  fail(Cause::kData, where, "expected a file that figment compress wrote, got ", found);
}

}  // namespace

Quantizer Quantizer::fit(const torch::Tensor& codes, int64_t bits) {
  FIGMENT_CHECK(codes.dim() == 2 && codes.size(0) > 0 && bits >= 1 && bits <= kMaxBits);
  const auto c = codes.to(torch::kFloat);
  Quantizer out;
  out.bits = bits;
  out.low = std::get<0>(c.min(0)).contiguous();
  const auto levels = static_cast<double>((int64_t{1} << bits) - 1);
  out.step = ((std::get<0>(c.max(0)) - out.low) / levels).contiguous();
  return out;
}

torch::Tensor Quantizer::quantize(const torch::Tensor& codes) const {
  const auto divisor = torch::where(step > 0, step, torch::ones_like(step));
  return ((codes - low) / divisor)
      .round()
      .clamp(0, static_cast<double>((int64_t{1} << bits) - 1))
      .to(torch::kInt);
}

torch::Tensor Quantizer::dequantize(const torch::Tensor& levels) const {
  return levels.to(torch::kFloat) * step + low;
}

std::string encode_code_file(const CodeFile& file) {
  const auto by_coordinate = file.levels.t().contiguous();  // neighbours of one kind pack better
  std::vector<torch::Tensor> planes;
  for (int64_t plane = 0; plane < planes_of(file.quantizer.bits); ++plane)
    planes.push_back(
        by_coordinate.bitwise_right_shift(8 * plane).bitwise_and(255).to(torch::kUInt8));
  NamedTensors tensors = {
      {"low", file.quantizer.low}, {"step", file.quantizer.step}, {"levels", torch::stack(planes)}};
  if (file.length.defined()) tensors.emplace_back("length", file.length.to(torch::kInt));
  return gzip(encode_safetensors(tensors, {{"format", kFormat},
                                           {"bits", std::to_string(file.quantizer.bits)},
                                           {"model", file.model},
                                           {"example", file.example}}));
}

CodeFile decode_code_file(std::string_view bytes, const std::string& where) {
  if (!is_gzip(bytes)) fail_format(where, "something that is no gzip");
  SafetensorsFile file;
  try {
    file = decode_safetensors(gunzip(bytes, where), where);
  } catch (const Error& error) {
    // What is a damaged checkpoint elsewhere is damaged data here.
    throw Error(Cause::kData, "", error.what());
  }
  const auto said = [&](const char* key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) fail_format(where, std::string("no ") + key + " in it");
    return found->second;
  };
  if (said("format") != kFormat) fail_format(where, "the format '" + said("format") + "'");
  CodeFile out;
  out.model = said("model");
  out.example = said("example");
  const auto bits = said("bits");
  std::from_chars(bits.data(), bits.data() + bits.size(), out.quantizer.bits);
  if (out.quantizer.bits < 1 || out.quantizer.bits > kMaxBits ||
      bits != std::to_string(out.quantizer.bits))
    fail_format(where, "'" + bits + "' bits");
  torch::Tensor planes;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == "low") out.quantizer.low = tensor;
    if (name == "step") out.quantizer.step = tensor;
    if (name == "levels") planes = tensor;
    if (name == "length") out.length = tensor;
  }
  const auto& low = out.quantizer.low;
  const auto& step = out.quantizer.step;
  if (file.tensors.size() != (out.length.defined() ? 4U : 3U) || !low.defined() ||
      !step.defined() || !planes.defined() || low.scalar_type() != torch::kFloat ||
      step.scalar_type() != torch::kFloat || planes.scalar_type() != torch::kUInt8 ||
      low.dim() != 1 || planes.dim() != 3 || step.sizes() != low.sizes() ||
      planes.size(1) != low.size(0) || planes.size(0) != planes_of(out.quantizer.bits))
    fail_format(where, "other tensors than low, step and levels of one width");
  auto levels = torch::zeros({planes.size(1), planes.size(2)}, torch::kInt);
  for (int64_t plane = 0; plane < planes.size(0); ++plane)
    levels += planes[plane].to(torch::kInt).bitwise_left_shift(8 * plane);
  out.levels = levels.t().contiguous();
  if (out.levels.numel() > 0 && out.levels.max().item<int64_t>() >= int64_t{1}
                                                                        << out.quantizer.bits)
    fail_format(where, "levels beyond " + bits + " bits");
  if (!out.length.defined()) return out;
  const auto& length = out.length;
  if (length.scalar_type() != torch::kInt || length.dim() != 1 ||
      length.size(0) != out.levels.size(0) || (length < 1).any().item<bool>())
    fail_format(where, "other lengths than one of at least 1 for each example");
  out.length = length.to(torch::kLong);
  return out;
}

}  // namespace figment
