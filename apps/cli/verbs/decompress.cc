// figment decompress: examples again from what compress wrote.
#include "figment/apply/compress.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "verb.h"

namespace figment::cli {

int verb_decompress(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decompress", "expected the file that compress wrote after the run");
  need_out(options, "restored.png");
  const auto run = open_subject(options);
  const auto x =
      decompress(run, read_file(options.object, 1ULL << 32, Cause::kData), options.object);
  write_examples(options.out, to_output(run, x), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", x.size(0)}});
  return 0;
}

}  // namespace figment::cli
