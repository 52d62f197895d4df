// figment eval: judges a model on data it was not trained on.
#include <iostream>
#include <limits>

#include "drawing.h"
#include "figment/apply/use.h"
#include "figment/eval/evaluate.h"
#include "figment/eval/metric.h"
#include "figment/eval/sample_sets.h"
#include "measured.h"
#include "verb.h"

namespace figment::cli {

int verb_eval(const Options& options) {
  // A word that is no metric is told before the data is read.
  for (const auto& word : options.words) metric_named(word);
  const auto run = open_subject(options);
  prepare_drawing(run, options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto training = open_part(run, "train", options.data);
  const SampleScope shared(say_on_stderr);
  Measured all;
  for (const auto& word : options.words)
    append(all,
           metric_named(word).measure({*run.model,
                                       *run.family,
                                       run.scaling,
                                       training,
                                       set,
                                       run.recipe.data,
                                       options.seed,
                                       {options.samples, options.calibrate, options.features}}));
  if (options.words.empty()) {
    all.metrics = evaluate(*run.model, run.scaling, set, options.seed);
    all.baselines = baselines(*run.model, run.scaling, training, set);
  }
  if (options.json) {
    nlohmann::json document = {
        {"run", options.subject},     {"checkpoint", run.checkpoint.string()},
        {"family", run.family->name}, {"step", run.state.step},
        {"split", options.split},     {"n", set.size()},
        {"seed", options.seed}};
    fill_measured(document, all);
    print_json(options, document);
    return 0;
  }
  std::cerr << run.family->title << " of step " << run.state.step << ", on " << set.size()
            << " examples of the " << options.split << " part\n";
  print_measured(all);
  return 0;
}

}  // namespace figment::cli
