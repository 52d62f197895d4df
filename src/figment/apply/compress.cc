#include "figment/apply/compress.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/data/code_file.h"
#include "figment/data/padding.h"
#include "figment/eval/compression.h"
#include "figment/model/knows_lengths.h"
#include "figment/train/manifest.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

// Tells one checkpoint from every other: its manifest binds all its files.
std::string identity(const LoadedRun& run) {
  return checksum(read_file(run.checkpoint / Manifest::kName, 1 << 20, Cause::kCheckpoint));
}

std::string example_text(const LoadedRun& run) {
  auto example = run.example();
  example.classes.clear();
  return example.text();
}

// Series of these lengths [n], 0 behind their ends.
torch::Tensor decode_series(const LoadedRun& run, const torch::Tensor& codes,
                            const torch::Tensor& length) {
  auto* able = dynamic_cast<KnowsLengths*>(run.model.get());
  const auto* encodes = dynamic_cast<Encodes*>(run.model.get());
  // Codes of another width are refused there.
  if (able == nullptr || encodes == nullptr || codes.size(1) != encodes->code_dim())
    return decode(run, codes);
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < codes.size(0); first += kBatch) {
    const auto n = std::min(kBatch, codes.size(0) - first);
    const auto steps = length.narrow(0, first, n).to(run.device());
    parts.push_back(
        able->decode_series(codes.narrow(0, first, n).to(run.device()), steps).to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace

std::string compress(const LoadedRun& run, const Dataset& set, int64_t bits) {
  ability<Decodes>(run, &Abilities::decodes, "compress");
  need_codes_alone(*run.model, "compress");
  const auto codes = encode(run, set);
  CodeFile file;
  file.quantizer = Quantizer::fit(codes, bits);
  file.levels = file.quantizer.quantize(codes);
  file.length = set.length;
  file.model = identity(run);
  file.example = example_text(run);
  return encode_code_file(file);
}

torch::Tensor decompress(const LoadedRun& run, std::string_view bytes, const std::string& where) {
  const auto file = decode_code_file(bytes, where);
  if (file.model != identity(run))
    fail(Cause::kData, where, "expected codes of this checkpoint (", identity(run),
         "), got those of another (", file.model, ", ", file.example,
         "); name the run and --checkpoint that compressed them");
  const auto codes = file.quantizer.dequantize(file.levels);
  if (!file.length.defined()) return decode(run, codes);
  const auto& example = run.example();
  if (example.modality != Modality::kSeries || (file.length > example.shape[0]).any().item<bool>())
    fail(Cause::kData, where, "expected codes of ", example_text(run), ", got those of ",
         file.example, " that end after ", file.length.max().item<int64_t>(), " steps");
  return with_padding(decode_series(run, codes, file.length), file.length, NAN);
}

}  // namespace figment
