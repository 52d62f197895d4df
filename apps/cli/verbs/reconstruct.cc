// figment reconstruct: examples through the code and back, beside their originals.
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {

int verb_reconstruct(const Options& options) {
  need_out(options, "reconstructions.png");
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : 32);
  const auto original = run.scaling.to_model(set.x);
  const auto restored = reconstruct(run, set);
  const auto error = (restored - original).square().flatten(1).sum(1).mean().item<double>();
  if (suffix_of(options.out) == ".png" && set.spec.modality == Modality::kImage) {
    write_durably(options.out, encode_png(layered_grid({original, restored})));
    std::cerr << "wrote " << options.out << " (" << set.size()
              << " originals, each above its reconstruction)\n";
  } else {
    write_examples(options.out, to_output(run, restored), options.verb);
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", set.size()},
                         {"metrics", {{"reconstruction_sse", error}}}});
  return 0;
}

}  // namespace figment::cli
