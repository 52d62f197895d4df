// figment decode: codes from other tools become examples.
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/data/reader.h"
#include "verb.h"

namespace figment::cli {

int verb_decode(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decode", "expected a file of codes (.npy or .csv) after the run");
  need_out(options, "decoded.png");
  const auto run = open_subject(options);
  const auto codes = read_path(options.object, {}).train.x.to(torch::kFloat).flatten(1);
  write_examples(options.out, to_output(run, decode(run, codes)), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", codes.size(0)}});
  return 0;
}

}  // namespace figment::cli
