#include "figment/apply/compress.h"

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/data/code_file.h"
#include "figment/train/manifest.h"

namespace figment {
namespace {

// Tells one checkpoint from every other: its manifest binds all its files.
std::string identity(const LoadedRun& run) {
  return checksum(read_file(run.checkpoint / Manifest::kName, 1 << 20, Cause::kCheckpoint));
}

std::string example_text(const LoadedRun& run) {
  auto example = run.example();
  example.classes.clear();
  return example.text();
}

}  // namespace

std::string compress(const LoadedRun& run, const Dataset& set, int64_t bits) {
  ability<Decodes>(run, &Abilities::decodes, "compress");
  const auto codes = encode(run, set);
  CodeFile file;
  file.quantizer = Quantizer::fit(codes, bits);
  file.levels = file.quantizer.quantize(codes);
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
  return decode(run, file.quantizer.dequantize(file.levels));
}

}  // namespace figment
