// figment eval: judges a model on data it was not trained on.
#include <cstdio>
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/eval/evaluate.h"
#include "figment/eval/metric.h"
#include "verb.h"

namespace figment::cli {

int verb_eval(const Options& options) {
  // A word that is no metric is told before the data is read.
  for (const auto& word : options.words) metric_named(word);
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto training = open_part(run, "train", options.data);
  Results result, baseline;
  for (const auto& word : options.words) {
    const auto measured = metric_named(word).measure(
        {*run.model, *run.family, run.scaling, training, set, run.recipe.data, options.seed});
    result.insert(result.end(), measured.metrics.begin(), measured.metrics.end());
    baseline.insert(baseline.end(), measured.baselines.begin(), measured.baselines.end());
  }
  if (options.words.empty()) {
    result = evaluate(*run.model, run.scaling, set, options.seed);
    baseline = baselines(*run.model, run.scaling, training, set);
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
    for (const auto& [name, value] : result) document["metrics"][name] = value;
    for (const auto& [name, value] : baseline) document["baselines"][name] = value;
    print_json(options, document);
    return 0;
  }
  std::cerr << run.family->title << " of step " << run.state.step << ", on " << set.size()
            << " examples of the " << options.split << " part\n";
  const auto print = [](const std::string& name, double value) {
    char line[100];
    std::snprintf(line, sizeof line, "%-28s %.6g", name.c_str(), value);
    std::cout << line << "\n";
  };
  for (const auto& [name, value] : result) print(name, value);
  for (const auto& [name, value] : baseline) print("baseline " + name, value);
  return 0;
}

}  // namespace figment::cli
