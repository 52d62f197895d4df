// figment sample: draws from the model.
#include "figment/apply/use.h"
#include "verb.h"

namespace figment::cli {

int verb_sample(const Options& options) {
  need_out(options, "samples.png");
  const auto run = open_subject(options);
  SampleOptions sampling;
  sampling.n = options.n > 0 ? options.n : 64;
  sampling.seed = options.seed;
  sampling.label = options.label;
  sampling.temperature = options.temperature;
  write_examples(options.out, to_output(run, sample(run, sampling)), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", sampling.n},
                         {"seed", sampling.seed}});
  return 0;
}

}  // namespace figment::cli
