// figment eval: judges a model on data it was not trained on.
#include <iostream>
#include <limits>

#include "drawing.h"
#include "figment/apply/use.h"
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
  // Opened when they are asked for: of a run that is judged on other data its own may be gone.
  Dataset given, own;
  const auto training = [&](bool of_run) -> const Dataset& {
    const bool is_own = of_run && !options.data.empty();
    auto& part = is_own ? own : given;
    if (part.size() == 0) part = open_part(run, "train", is_own ? "" : options.data);
    return part;
  };
  const auto request = [&](bool of_run) {
    const bool within = options.split == "train" && (options.data.empty() || !of_run);
    return MetricRequest{*run.model,   *run.family,
                         run.scaling,  training(of_run),
                         set,          run.recipe.data,
                         options.seed, {options.samples, options.calibrate, options.features},
                         within};
  };
  const SampleScope shared(say_on_stderr);
  Measured all;
  for (const auto& word : options.words) {
    const auto& metric = metric_named(word);
    append(all, metric.measure(request(metric.fits_run)));
  }
  if (options.words.empty()) all = measure_default(request(false));
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
