#include "figment/apply/run_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "figment/apply/open_run.h"
#include "figment/apply/pictures.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/eval/metric.h"
#include "figment/report/html.h"
#include "figment/report/markup.h"
#include "figment/train/run_folder.h"

namespace figment {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr int64_t kBaseline = 20000;  // training examples that the report's baseline is fitted on

class Report {
 public:
  explicit Report(const fs::path& folder)
      : folder_(folder),
        run_(open_run(folder)),
        data_(open_data(run_.recipe.data, {}, &run_.encoding)),
        shown_(shown_part(data_)),
        part_(&shown_ == &data_.validation ? "validation"
              : &shown_ == &data_.test     ? "test"
                                           : "training"),
        page_(std::string(run_.family->title) + " on " + data_.train.name, verdict()) {
    if (shown_.size() > 0) check_example(run_, shown_.spec, run_.recipe.data.source);
  }

  std::string build() {
    numbers();
    ReportContext context{folder_, run_, data_, shown_, part_, page_};
    auto all = all_sections();
    std::stable_sort(all.begin(), all.end(),
                     [](const auto* a, const auto* b) { return a->order < b->order; });
    for (const auto* section : all) section->write(context);
    facts();
    return page_.finish();
  }

 private:
  std::string verdict() const;
  void numbers();
  void facts();
  json status() const;

  fs::path folder_;
  LoadedRun run_;
  Splits data_;
  const Dataset& shown_;
  std::string part_;
  HtmlPage page_;
};

json Report::status() const {
  try {
    return json::parse(read_file(folder_ / "run.json", 1 << 20));
  } catch (const std::exception&) {
    return json::object();  // the report does without
  }
}

std::string Report::verdict() const {
  const auto facts = status();
  auto text = with_commas(run_.state.step) + " steps";
  if (facts.contains("seconds")) text += " in " + duration(facts["seconds"].get<double>());
  if (facts.contains("status")) text += ", " + facts["status"].get<std::string>();
  if (run_.state.best_step > 0)
    text += "; best at step " + with_commas(run_.state.best_step) + ", validated at " +
            significant(run_.state.best, 5);
  return text + ".";
}

void Report::numbers() {
  const auto training = data_.train.first(kBaseline);
  const auto measured = measure_default({*run_.model, *run_.family, run_.scaling, training, shown_,
                                         run_.recipe.data, run_.recipe.seed});
  // There are models that are judged by their samples alone, which takes a metric by name.
  if (measured.metrics.empty()) return;
  std::vector<KeyNumber> large;
  for (const auto& [name, value] : measured.metrics) {
    if (name == "reconstruction_sse")
      large.push_back({significant(value, 4), name, "squared error an example, lower is better"});
    if (name == "elbo" || name == "log_density")
      large.push_back({significant(value, 5), name, "nats an example, higher is better"});
    if (name == "classification_error")
      large.push_back({significant(100 * value, 3) + " %", name, "of the examples"});
    if (name.rfind("source_", 0) == 0)
      large.push_back({significant(value, 4), name,
                       name.find("psnr") != std::string::npos
                           ? "dB, higher is better"
                           : "squared error an example, lower is better"});
    if (name == "active_units") large.push_back({significant(value, 4), name, "of the code"});
  }
  if (!large.empty()) page_.key_numbers(large);
  HtmlTable table{{"metric", "this model"}, {}};
  for (const auto& [name, value] : measured.metrics)
    table.rows.push_back({name, significant(value, 6)});
  for (const auto& [name, value] : measured.baselines)
    table.rows.push_back({"baseline " + name, significant(value, 6)});
  auto caption = "On " + with_commas(shown_.size()) + " examples of the " + part_ + " part.";
  if (only_separates(*run_.model))
    caption += " Baselines: the mixture itself in the place of each source.";
  else if (!measured.baselines.empty())
    caption += " Baselines, fitted on " + with_commas(training.size()) +
               " training examples: their mean" +
               (measured.baselines.size() > 1 ? ", and PCA with as many components as the code has."
                                              : ".");
  page_.table(table, caption);
}

void Report::facts() {
  page_.section("The run");
  const auto facts = status();
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"family", std::string(run_.family->name) + " (" + std::string(run_.family->source) + ")"},
      {"data", data_.train.name + ": " + run_.example().text() + "; " +
                   with_commas(data_.train.size()) + " to train, " +
                   with_commas(data_.validation.size()) + " to validate, " +
                   with_commas(data_.test.size()) + " to test"},
      {"checkpoint shown", run_.checkpoint.filename().string()}};
  for (const auto* key :
       {"parameters", "command", "seed", "device", "threads", "figment", "libtorch", "host"})
    if (facts.contains(key))
      pairs.emplace_back(
          key, facts[key].is_string() ? facts[key].get<std::string>() : facts[key].dump());
  page_.key_values(pairs);
  page_.folded("The whole recipe", read_file(folder_ / "config.toml", 1 << 20));
}

}  // namespace

fs::path write_report(const fs::path& folder, const fs::path& out) {
  torch::NoGradGuard no_grad;
  const auto path = out.empty() ? folder / "report.html" : out;
  write_durably(path, Report(folder).build());
  return path;
}

}  // namespace figment
