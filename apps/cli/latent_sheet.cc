#include "latent_sheet.h"

#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {

void need_sheet(const Options& options, const LoadedRun& run, const char* example) {
  need_out(options, example);
  const auto suffix = suffix_of(options.out);
  if (suffix != ".png" && suffix != ".npy")
    fail(Cause::kConfig, options.verb, "expected --out FILE.png or FILE.npy, got '",
         printable(options.out), "'");
  if (suffix == ".png" && run.example().modality != Modality::kImage)
    fail(Cause::kConfig, options.verb, "expected --out FILE.npy for a model of ",
         name_of(run.example().modality), " examples, got '", printable(options.out), "'");
}

void write_sheet(const Options& options, const LoadedRun& run,
                 const std::vector<torch::Tensor>& layers, int64_t columns,
                 const std::string& what) {
  if (suffix_of(options.out) == ".npy") {
    std::vector<torch::Tensor> numbers;
    numbers.reserve(layers.size());
    for (const auto& layer : layers) numbers.push_back(to_output(run, layer));
    write_durably(options.out, encode_npy(torch::stack(numbers).contiguous()));
  } else {
    GridOptions grid;
    grid.columns = columns;
    write_durably(options.out, encode_png(layered_grid(layers, grid)));
  }
  std::cerr << "wrote " << options.out << " (" << what << ")\n";
}

Dataset examples_at(const Dataset& part, const std::vector<std::int64_t>& wanted,
                    const char* option, const std::string& split) {
  for (const auto index : wanted)
    if (index >= part.size())
      fail(Cause::kData, option, "expected an index below ", part.size(), ", as many as the ",
           split, " part has, got ", index);
  return part.select(torch::tensor(wanted, torch::kLong));
}

}  // namespace figment::cli
