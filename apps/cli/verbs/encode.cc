// figment encode: the codes of examples, for other tools.
#include <limits>

#include "figment/apply/use.h"
#include "figment/core/error.h"
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
  const bool labelled = suffix == ".csv" && set.label.defined();
  const auto rows =
      labelled ? torch::cat({codes, set.label.to(codes.scalar_type()).unsqueeze(1)}, 1) : codes;
  // Names let decode, and other tools, tell the label from the code.
  std::string header;
  for (int64_t i = 0; i < codes.size(1); ++i)
    header += (i == 0 ? "code_" : ",code_") + std::to_string(i + 1);
  write_examples(options.out, rows, options.verb, 0, header + (labelled ? ",label\n" : "\n"));
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", set.size()},
                         {"code_dim", codes.size(1)}});
  return 0;
}

}  // namespace figment::cli
