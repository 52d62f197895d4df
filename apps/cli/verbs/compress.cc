// figment compress: a set as quantised codes, with what PNG and JPEG take beside it.
#include "figment/apply/compress.h"

#include <cmath>
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/padding.h"
#include "figment/eval/compression.h"
#include "verb.h"

namespace figment::cli {
namespace {

void print(const RatePoint& point, const char* more = "") {
  char line[160];
  if (std::isinf(point.psnr))
    std::snprintf(line, sizeof line, "%-14s %8.4f bits a pixel   without loss%s",
                  point.name.c_str(), point.bits, more);
  else
    std::snprintf(line, sizeof line, "%-14s %8.4f bits a pixel   PSNR %.2f dB%s",
                  point.name.c_str(), point.bits, point.psnr, more);
  std::cout << line << "\n";
}

}  // namespace

int verb_compress(const Options& options) {
  need_out(options, "digits.figc");
  const auto run = open_subject(options);
  ability<Encodes>(run, &Abilities::encodes, "compress");
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto bytes = compress(run, set, options.bits);
  write_durably(options.out, bytes);
  const auto numbers = set.length.defined() ? real_elements(set).sum(torch::kDouble).item<double>()
                                            : static_cast<double>(set.x.numel());
  const double rate = 8.0 * static_cast<double>(bytes.size()) / numbers;
  std::cerr << "wrote " << options.out << " (" << set.size() << " examples, "
            << human_bytes(static_cast<double>(bytes.size())) << ")\n";
  nlohmann::json document = {
      {"run", options.subject},      {"checkpoint", run.checkpoint.string()},
      {"out", options.out},          {"n", set.size()},
      {"bits", options.bits},        {"bytes", bytes.size()},
      {"metrics", {{"rate", rate}}}, {"baselines", nlohmann::json::object()}};
  const auto restored = to_output(run, decompress(run, bytes, options.out));
  if (set.x.scalar_type() == torch::kUInt8) {
    const RatePoint own{"this code", rate,
                        mean_psnr(restored.to(torch::kFloat) / 255, set.x.to(torch::kFloat) / 255)};
    document["metrics"]["psnr"] = own.psnr;
    if (!options.json) print(own, "   (and the model, which is not counted)");
    auto others = rate_of_jpeg(set.x, {1, 5, 10, 25, 50, 75});
    others.push_back(rate_of_png(set.x));
    for (const auto& point : others) {
      if (!options.json) print(point);
      auto& entry = document["baselines"][point.name];
      entry["rate"] = point.bits;
      if (std::isfinite(point.psnr)) entry["psnr"] = point.psnr;
    }
    if (!options.json)
      std::cout << "JPEG and PNG: all examples on one sheet, so that a header is paid once\n";
  } else {
    const auto off = with_padding(restored - set.x, set.length, 0);
    const double error =
        off.square().flatten(1).sum(1).mean(0, false, torch::kDouble).item<double>();
    document["metrics"]["sse"] = error;
    if (!options.json)
      std::cout << "this code " << rate << " bits a number, squared error an example " << error
                << " in the data's numbers; float32 takes 32 bits\n";
  }
  if (options.json) print_json(options, document);
  return 0;
}

}  // namespace figment::cli
