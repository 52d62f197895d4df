// figment encode: the codes of examples, for other tools.
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "verb.h"

namespace figment::cli {

int verb_encode(const Options& options) {
  need_out(options, "codes.npy");
  const auto suffix = suffix_of(options.out);
  if (suffix != ".npy" && suffix != ".csv")
    fail(Cause::kConfig, "encode", "expected --out FILE.npy or FILE.csv, got '", options.out, "'");
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto codes = encode(run, set);
  if (suffix == ".npy") {
    write_examples(options.out, codes, options.verb);
  } else {
    // The label goes along, under a name that decode knows to leave out.
    std::string header;
    for (int64_t i = 0; i < codes.size(1); ++i) header += (i == 0 ? "c" : ",c") + std::to_string(i);
    auto rows = codes;
    if (set.label.defined()) {
      rows = torch::cat({codes, set.label.to(codes.scalar_type()).unsqueeze(1)}, 1);
      header += ",label";
    }
    write_durably(options.out, csv_of(rows, header));
    std::cerr << "wrote " << options.out << " (" << rows.size(0) << " codes)\n";
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", set.size()},
                         {"code_dim", codes.size(1)}});
  return 0;
}

}  // namespace figment::cli
