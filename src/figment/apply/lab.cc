#include "figment/apply/lab.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "figment/apply/pictures.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/core/toml.h"
#include "figment/data/toy.h"
#include "figment/eval/metric.h"
#include "figment/model/families.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/trainer.h"

namespace figment {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kSteps = 3000;  // of a training, unless said otherwise
constexpr int64_t kJudged = 2000, kDrawn = 2000;
constexpr int64_t kCodes = 500;  // importance samples of an example's likelihood
constexpr int kLastOrder = 200;  // sections of what the model makes and of its codes

// Raises a flag when the time is over or someone else says so.
class Alarm {
 public:
  Alarm(double seconds, const std::function<bool()>& stopped)
      : thread_([this, seconds, stopped] {
          const auto end =
              std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
          std::unique_lock lock(mutex_);
          while (!over_ && std::chrono::steady_clock::now() < end && !(stopped && stopped()))
            wake_.wait_for(lock, std::chrono::milliseconds(50));
          if (!over_) flag_.store(1);
        }) {}
  ~Alarm() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  const std::atomic<int>* flag() const { return &flag_; }

 private:
  std::atomic<int> flag_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;  // last: it uses all of the above
};

ExampleSpec spec_of(const std::string& source) { return toy(source, {0, 10, 0}).train.spec; }

// A configuration that the family takes for these examples: where it refuses the value of an
// enumerated key, the first other value that it does not.
Value settled(const Family& family, Value config, const ExampleSpec& example) {
  Problems problems;
  family.make(config, example, problems);
  if (problems.empty()) return config;
  const auto properties = family.schema().at("properties");
  for (const auto& [key, property] : properties.items()) {
    const auto said = "model." + key + ":";
    const bool named =
        std::any_of(problems.lines().begin(), problems.lines().end(),
                    [&](const std::string& line) { return line.find(said) != std::string::npos; });
    if (!named || config.find(key) != nullptr || !property.contains("enum")) continue;
    for (const auto& value : property.at("enum")) {
      auto other = config;
      set_path(other, key, Value(value.get<std::string>()));
      Problems left;
      family.make(other, example, left);
      if (left.lines().size() < problems.lines().size()) return settled(family, other, example);
    }
  }
  return config;  // as it is: what is wrong with it is told where it is used
}

bool takes(const Family& family, const ExampleSpec& example) {
  Problems problems;
  return family.make(settled(family, Value(), example), example, problems) != nullptr;
}

void judge(const std::string& metric, const MetricRequest& request, Results& out) {
  try {
    for (const auto& number : metric_named(metric).measure(request).metrics) out.push_back(number);
  } catch (const Error& error) {
    if (error.cause() != Cause::kConfig && error.cause() != Cause::kData) throw;
    // The model does not have what the metric asks for.
  }
}

// The divergence from the truth where both are known, else the likelihood or a bound on it, and how
// samples lie.
Results judged(const LoadedRun& run, const Splits& data) {
  Results out;
  const auto set = data.test.first(kJudged);
  const auto request = [&](int64_t samples) {
    return MetricRequest{*run.model, *run.family,     run.scaling,     data.train,
                         set,        run.recipe.data, run.recipe.seed, {samples, false, {}}};
  };
  judge("kl_to_truth", request(20000), out);
  if (out.empty()) judge("nll", request(kCodes), out);
  if (out.empty()) judge("bound", request(0), out);
  judge("prdc", request(kDrawn), out);
  return out;
}

ScatterPlot cloud(const std::string& title, const torch::Tensor& points, const Window& window) {
  ScatterPlot plot;
  plot.window = window;
  plot.frame.title = title;
  plot.frame.width = plot.frame.height = 300;
  plot.points = points;
  return plot;
}

std::string value_of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return significant(value, 3);
  return "";
}

void table_of(const std::vector<LabRow>& rows, const std::vector<LoadedRun>& runs, HtmlPage& page) {
  HtmlTable table{{"family", "parameters", "steps", "seconds", "nats to the truth", "nll",
                   "precision", "recall", "density", "coverage"},
                  {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    int64_t parameters = 0;
    for (const auto& parameter : runs[i].model->parameters()) parameters += parameter.numel();
    const auto& row = rows[i];
    const auto [name, fit] = density_of(row);
    const bool divergence = name == "kl_to_truth";
    table.rows.push_back({std::string(row.family->title), with_commas(parameters),
                          with_commas(row.steps) + (row.in_time ? "" : " (time was over)"),
                          significant(row.seconds, 3), divergence ? fit : "", divergence ? "" : fit,
                          value_of(row.metrics, "precision"), value_of(row.metrics, "recall"),
                          value_of(row.metrics, "density"), value_of(row.metrics, "coverage")});
  }
  page.table(table,
             "Trained for the same steps, or for as long as each was given. Nats to the "
             "truth: the divergence of the density from the true one, an upper bound where "
             "the density is a lower one. Where the truth is not known, nll: nats an example "
             "in the scaled numbers that all models see; after <= a variational bound on it from "
             "above, and of models with a posterior an estimate by " +
                 std::to_string(kCodes) +
                 " importance samples, in expectation not below it either.");
}

// All in the window of the data, so that they compare.
void clouds_of(const std::vector<LoadedRun>& runs, const Dataset& data, HtmlPage& page) {
  page.section("Samples");
  const auto truth = data.first(kDrawn).x;
  const auto window = window_of(truth);
  page.plot(scatter_plot(cloud("data", truth, window)), "The data, whose axes all have.");
  for (const auto& run : runs) {
    SampleOptions options;
    options.n = kDrawn;
    page.plot(scatter_plot(cloud(std::string(run.family->title),
                                 to_output(run, sample(run, options)), window)),
              "");
  }
}

// A setting of a family that is not trained would be lost without a word.
void check_settings(const std::vector<const Family*>& chosen, const LabOptions& options) {
  for (const auto& word : options.settings) {
    const auto* family = find_family(word.substr(0, word.find('.')));
    if (family != nullptr && std::find(chosen.begin(), chosen.end(), family) == chosen.end())
      fail(Cause::kConfig, word, "expected a setting of a family that is trained, but '",
           family->name, "' is not among them; name it in --families");
  }
}

}  // namespace

std::pair<std::string, std::string> density_of(const LabRow& row) {
  for (const char* name : {"kl_to_truth", "nll"})
    if (const auto value = value_of(row.metrics, name); !value.empty()) return {name, value};
  if (const auto bound = value_of(row.metrics, "bound"); !bound.empty())
    return {"nll", "<= " + bound};
  return {"", row.family->abilities.densities ? "" : "no density"};
}

std::vector<const Family*> lab_families(const LabOptions& options) {
  const auto example = spec_of(options.source);
  std::vector<const Family*> out;
  for (const auto& name : options.families) {
    const auto& family = family_named(name, "--families");
    if (!family.abilities.samples)
      fail(Cause::kConfig, "--families", "expected families that sample, but '", name,
           "' does not; figment list shows which do");
    out.push_back(&family);
  }
  if (!out.empty()) return out;
  for (const auto* family : families())
    if (family->abilities.samples && takes(*family, example)) out.push_back(family);
  return out;
}

Recipe lab_recipe(const Family& family, const LabOptions& options) {
  Value values;
  const auto set = [&](const char* key, Value value) { set_path(values, key, std::move(value)); };
  set("family", Value(std::string(family.name)));
  set("seed", Value(static_cast<std::int64_t>(options.seed)));
  set("threads", Value(options.threads));
  set("data.source", Value(options.source));
  set("train.steps", Value(kSteps));
  set("train.picture_every", Value(std::int64_t{0}));
  Value model;
  for (const auto& word : options.settings) {
    const auto dot = word.find('.');
    const auto first = word.substr(0, dot);
    if (first == family.name) set_override(model, word.substr(dot + 1));
    if (find_family(first) == nullptr) set_override(values, word);
  }
  Problems problems;
  auto recipe = read_recipe(values, problems);
  recipe.model = settled(family, model, spec_of(options.source));
  family.resolve(recipe.model, problems);
  problems.throw_if_any();
  return recipe;
}

std::vector<LabRow> run_lab(const LabOptions& options) {
  if (!is_toy(options.source) || toy_dims(options.source) != 2) {
    std::vector<std::string> names;
    for (const auto& card : toy_sets())
      if (toy_dims(card.name) == 2) names.emplace_back(card.name);
    fail(Cause::kConfig, "lab", "expected a set of points in the plane (", join(names, ", "),
         "), got '", printable(options.source), "'", did_you_mean(options.source, names));
  }
  std::error_code ignored;
  if (fs::exists(options.folder, ignored) && !fs::is_empty(options.folder, ignored))
    fail(Cause::kConfig, "lab", "expected a new folder, got ", options.folder.string(),
         ", which holds something; choose another with --out");
  const auto chosen = lab_families(options);
  check_settings(chosen, options);
  std::vector<Recipe> recipes;  // all before the first training: what is wrong is told at once
  recipes.reserve(chosen.size());
  for (const auto* family : chosen) recipes.push_back(lab_recipe(*family, options));
  std::vector<LabRow> rows;
  std::vector<LoadedRun> runs;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    LabRow row;
    row.family = chosen[i];
    row.run = options.folder / std::string(chosen[i]->name);
    if (options.say) options.say("training " + std::string(chosen[i]->name));
    TrainOptions training;
    training.folder = row.run;
    training.quiet = true;
    const Alarm alarm(options.seconds, options.stopped);
    training.stop = alarm.flag();
    const auto outcome = train(*chosen[i], recipes[i], training);
    if (options.stopped && options.stopped())
      fail(Cause::kRun, "lab", "stopped; the runs that are done are in ", options.folder.string());
    row.in_time = !outcome.interrupted;
    row.seconds = outcome.seconds;
    row.steps = outcome.state.step;
    rows.push_back(row);
    runs.push_back(open_run(row.run));
  }
  torch::NoGradGuard no_grad;
  const auto data = open_data(recipes.front().data);
  const std::string part = "validation";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (options.say) options.say("judging " + std::string(rows[i].family->name));
    rows[i].metrics = judged(runs[i], data);
  }
  HtmlPage page("Side by side on " + options.source,
                std::to_string(rows.size()) + " families on the same points.");
  table_of(rows, runs, page);
  clouds_of(runs, shown_part(data), page);
  auto sections = all_sections();
  std::stable_sort(sections.begin(), sections.end(),
                   [](const auto* a, const auto* b) { return a->order < b->order; });
  for (std::size_t i = 0; i < rows.size(); ++i) {
    page.section(rows[i].family->title);
    page.key_values(
        {{"run", rows[i].run.string()}, {"paper", std::string(rows[i].family->source)}});
    ReportContext context{rows[i].run, runs[i], data, shown_part(data), part, page};
    for (const auto* section : sections)
      if (section->order < kLastOrder) section->write(context);
  }
  write_durably(options.folder / "lab.html", page.finish());
  return rows;
}

}  // namespace figment
