// figment separate: sums of examples taken apart.
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {

int verb_separate(const Options& options) {
  need_out(options, "sources.png");
  const auto run = open_subject(options);
  auto& able = ability<Separates>(run, &Abilities::separates, "separate");
  const bool given = !options.data.empty();
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : 32);
  torch::NoGradGuard no_grad;
  Loader loader(set, run.scaling, {set.size(), false, 0, run.device()});
  const auto batch = loader.batch(0, 0);
  // What is given is a mixture already; the run's own examples are summed first.
  Separates::Mixture mixture{batch.x, {}};
  if (!given) {
    Noise noise(options.seed, 0, batch.size(), run.device());
    mixture = able.mix(batch, noise);
  }
  const auto sources = able.separate(mixture.x).to(torch::kCPU);  // [n, k, shape...]
  if (suffix_of(options.out) == ".png" && set.spec.modality == Modality::kImage) {
    std::vector<torch::Tensor> layers = {mixture.x.to(torch::kCPU)};
    for (const auto& all : {mixture.sources, sources})
      for (int64_t j = 0; all.defined() && j < able.sources(); ++j)
        layers.push_back(all.select(1, j).to(torch::kCPU));
    write_durably(options.out, encode_png(layered_grid(layers)));
    std::cerr << "wrote " << options.out << " (each mixture above "
              << (given ? "" : "what it was made of and ") << "its separated sources)\n";
  } else {
    // Mixture by mixture, each with its sources one after the other.
    write_examples(options.out, to_output(run, sources.flatten(0, 1)), options.verb);
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", mixture.x.size(0)},
                         {"sources", able.sources()}});
  return 0;
}

}  // namespace figment::cli
