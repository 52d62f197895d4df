// figment eval: judges a model on data it was not trained on.
#include <cstdio>
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/eval/evaluate.h"
#include "figment/eval/metric.h"
#include "verb.h"

namespace figment::cli {
namespace {

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

int verb_eval(const Options& options) {
  // A word that is no metric is told before the data is read.
  for (const auto& word : options.words) metric_named(word);
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto training = open_part(run, "train", options.data);
  Measured all;
  for (const auto& word : options.words) {
    const auto one =
        metric_named(word).measure({*run.model,
                                    *run.family,
                                    run.scaling,
                                    training,
                                    set,
                                    run.recipe.data,
                                    options.seed,
                                    {options.samples, options.calibrate, options.features}});
    append(all.metrics, one.metrics);
    append(all.baselines, one.baselines);
    append(all.intervals, one.intervals);
    append(all.notes, one.notes);
  }
  if (options.words.empty()) {
    all.metrics = evaluate(*run.model, run.scaling, set, options.seed);
    all.baselines = baselines(*run.model, run.scaling, training, set);
  }
  if (options.json) {
    nlohmann::json document = {{"run", options.subject},
                               {"checkpoint", run.checkpoint.string()},
                               {"family", run.family->name},
                               {"step", run.state.step},
                               {"split", options.split},
                               {"n", set.size()},
                               {"seed", options.seed},
                               {"metrics", nlohmann::json::object()},
                               {"baselines", nlohmann::json::object()}};
    for (const auto& [name, value] : all.metrics) document["metrics"][name] = value;
    for (const auto& [name, value] : all.baselines) document["baselines"][name] = value;
    for (const auto& [name, ends] : all.intervals)
      document["intervals"][name] = {ends.first, ends.second};
    for (const auto& [name, text] : all.notes) document["notes"][name] = text;
    print_json(options, document);
    return 0;
  }
  std::cerr << run.family->title << " of step " << run.state.step << ", on " << set.size()
            << " examples of the " << options.split << " part\n";
  for (const auto& [name, text] : all.notes) std::cerr << name << ": " << text << "\n";
  const auto print = [&](const std::string& name, double value) {
    char line[160];
    std::snprintf(line, sizeof line, "%-28s %.6g", name.c_str(), value);
    std::cout << line;
    for (const auto& [of, ends] : all.intervals) {
      if (of != name) continue;
      std::snprintf(line, sizeof line, "  (%.6g to %.6g)", ends.first, ends.second);
      std::cout << line;
    }
    std::cout << "\n";
  };
  for (const auto& [name, value] : all.metrics) print(name, value);
  for (const auto& [name, value] : all.baselines) print("baseline " + name, value);
  return 0;
}

}  // namespace figment::cli
