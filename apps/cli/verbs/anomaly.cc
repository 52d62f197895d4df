// figment anomaly: which examples are unlike those a model was trained on; and how well a recipe
// finds each class when it is trained on that class alone.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <limits>

#include "figment/apply/anomaly_pictures.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/core/toml.h"
#include "figment/report/markup.h"
#include "one_vs_rest.h"
#include "training.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kTop = 10;  // examples named

// The settings of the run's data with KEY=VALUE laid on them.
DataConfig laid_over(const Recipe& recipe, const std::vector<std::string>& words) {
  auto values = parse_toml(config_toml(recipe, ""), "config.toml");
  for (const auto& word : words) {
    if (word.rfind("data.", 0) != 0)
      fail(Cause::kConfig, "anomaly",
           "expected settings of the data such as data.label_column=none, "
           "got '",
           printable(word), "'");
    set_override(values, word);
  }
  Problems problems;
  const auto laid = read_recipe(values, problems);
  problems.throw_if_any();
  return laid.data;
}

// The run's own part; or all examples of --data, its test set where the source has one.
Dataset given_examples(const Options& options, const LoadedRun& run) {
  if (options.data.empty() && options.words.empty())
    return open_part(run, options.split, "", console_watch(false));
  auto asked = run;
  asked.recipe.data = laid_over(run.recipe, options.words);
  if (options.data.empty()) return open_part(asked, options.split, "", console_watch(false));
  // Nothing is held out of what is given, and nothing sorted out of it.
  auto& config = asked.recipe.data;
  config.normal.clear();
  config.test = config.validation = 0;
  const bool has_test = [&] {
    auto given = config;
    given.source = options.data;
    given.size = 0;
    return open_data(given, console_watch(false), &run.encoding).test.size() > 0;
  }();
  return open_part(asked, has_test ? "test" : "train", options.data);
}

std::string csv_of(const AnomalyJudgement& judged, const torch::Tensor& anomaly) {
  std::string out = "index";
  for (const auto& score : judged.model) out += ",score_" + score.name;
  out += anomaly.defined() ? ",is_anomaly,flagged\n" : ",flagged\n";
  const auto& main = judged.model.front();
  for (int64_t i = 0; i < main.scores.size(0); ++i) {
    out += std::to_string(i);
    for (const auto& score : judged.model) out += "," + number(score.scores[i].item<double>());
    if (anomaly.defined()) out += anomaly[i].item<bool>() ? ",1" : ",0";
    out += main.scores[i].item<double>() > main.threshold ? ",1\n" : ",0\n";
  }
  return out;
}

std::string page_of(const LoadedRun& run, const AnomalyJudgement& judged,
                    const torch::Tensor& anomaly) {
  const auto& main = judged.model.front();
  HtmlPage page(std::string(run.family->title) + ": anomalies",
                threshold_sentence(main, anomaly.defined()));
  page.section("Scores");
  if (main.name == "density")
    page.note("Judged by the density: " + std::string(kDensityWarning) + ".");
  const auto* encodes = dynamic_cast<Encodes*>(run.model.get());
  const auto width = encodes != nullptr ? encodes->code_dim() : 0;
  page.plot(score_histogram(main, anomaly), "The score to go by, and its threshold.");
  if (anomaly.defined()) {
    page.plot(roc_plot(judged, anomaly, width),
              "What every threshold would find, with the area below each curve.");
    page.table(anomaly_table(judged), "All scores at the threshold of each.");
  }
  return page.finish();
}

void write_out(const Options& options, const LoadedRun& run, const AnomalyJudgement& judged,
               const torch::Tensor& anomaly) {
  if (options.out.empty()) return;
  write_durably(options.out, suffix_of(options.out) == ".csv" ? csv_of(judged, anomaly)
                                                              : page_of(run, judged, anomaly));
  std::cerr << "wrote " << options.out << "\n";
}

void print(const std::string& name, double value) {
  char line[100];
  std::snprintf(line, sizeof line, "%-28s %.6g", name.c_str(), value);
  std::cout << line << "\n";
}

int score_examples(const Options& options) {
  const auto suffix = suffix_of(options.out);
  if (!options.out.empty() && suffix != ".csv" && suffix != ".html")
    fail(Cause::kConfig, "anomaly",
         "expected --out FILE.csv for the scores or FILE.html for "
         "pictures of them, got '",
         printable(options.out), "'");
  const auto run = open_subject(options);
  const auto set = given_examples(options, run)
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  auto anomaly = known_anomalies(set, run.recipe.data.normal);
  // With one kind alone there is no ranking to judge.
  const bool judges =
      anomaly.defined() && anomaly.any().item<bool>() && !anomaly.all().item<bool>();
  const auto judged = judge_anomalies(*run.model, run.scaling, open_part(run, "train"), set,
                                      judges ? anomaly : torch::Tensor());
  const auto& main = judged.model.front();
  const auto order = main.scores.argsort(0, /*descending=*/true);
  const auto top = order.narrow(0, 0, std::min(kTop, order.size(0)));
  write_out(options, run, judged, judges ? anomaly : torch::Tensor());
  if (options.json) {
    nlohmann::json document = {{"run", options.subject},
                               {"checkpoint", run.checkpoint.string()},
                               {"n", set.size()},
                               {"score", main.name},
                               {"threshold", main.threshold},
                               {"flagged", main.flagging.flagged},
                               {"metrics", nlohmann::json::object()},
                               {"baselines", nlohmann::json::object()},
                               {"top", nlohmann::json::array()}};
    if (judges) {
      for (const auto& [name, value] : results_of(judged.model)) document["metrics"][name] = value;
      for (const auto& [name, value] : trivial_results_of(judged.trivial))
        document["baselines"][name] = value;
    }
    for (int64_t i = 0; i < top.size(0); ++i) {
      const auto at = top[i].item<int64_t>();
      document["top"].push_back({{"index", at}, {"score", main.scores[at].item<double>()}});
    }
    print_json(options, document);
    return 0;
  }
  std::cerr << run.family->title << " of step " << run.state.step << ", " << set.size()
            << " examples by score " << main.name << "\n";
  if (main.name == "density") std::cerr << "density: " << kDensityWarning << "\n";
  if (judges) {
    for (const auto& [name, value] : results_of(judged.model)) print(name, value);
    for (const auto& [name, value] : trivial_results_of(judged.trivial))
      print("baseline " + name, value);
  } else {
    print("threshold", main.threshold);
  }
  std::cout << main.flagging.flagged << " of " << set.size()
            << " above the threshold; the highest:\n";
  for (int64_t i = 0; i < top.size(0); ++i) {
    const auto at = top[i].item<int64_t>();
    std::cout << "  example " << at << "  " << significant(main.scores[at].item<double>(), 6);
    if (anomaly.defined()) std::cout << (anomaly[at].item<bool>() ? "  anomaly" : "  normal");
    std::cout << "\n";
  }
  return 0;
}

}  // namespace

int verb_anomaly(const Options& options) {
  return options.one_vs_rest ? one_vs_rest(options) : score_examples(options);
}

}  // namespace figment::cli
