// figment reconstruct: examples through the code and back, beside their originals.
#include <cmath>
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/data/padding.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {

int verb_reconstruct(const Options& options) {
  need_out(options, "reconstructions.png");
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : 32);
  const auto original = to_model(run.scaling, set.x, set.length);
  const auto restored = with_padding(reconstruct(run, set), set.length, 0);
  const auto error = (restored - original).square().flatten(1).sum(1).mean().item<double>();
  if (suffix_of(options.out) == ".png" && set.spec.modality == Modality::kImage) {
    write_durably(options.out, encode_png(layered_grid({original, restored})));
    std::cerr << "wrote " << options.out << " (" << set.size()
              << " originals, each above its reconstruction)\n";
  } else {
    // Series end where they ended, as data.masking reads it.
    write_examples(options.out, with_padding(to_output(run, restored), set.length, NAN),
                   options.verb);
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
