#include "figment/apply/run_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "figment/apply/latent.h"
#include "figment/apply/open_run.h"
#include "figment/apply/pictures.h"
#include "figment/apply/use.h"
#include "figment/core/files.h"
#include "figment/core/json_lines.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/eval/evaluate.h"
#include "figment/report/animation.h"
#include "figment/report/grid.h"
#include "figment/report/html.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/run_folder.h"

namespace figment {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr int64_t kMapped = 4000;  // codes on the latent map
constexpr int64_t kBaseline =
    20000;                           // training examples that the baseline of a report is fitted on
constexpr std::size_t kFrames = 60;  // of an animation

class Report {
 public:
  explicit Report(const fs::path& folder)
      : folder_(folder),
        run_(open_run(folder)),
        data_(open_data(run_.recipe.data)),
        shown_(shown_part(data_)),
        part_(&shown_ == &data_.validation ? "validation"
              : &shown_ == &data_.test     ? "test"
                                           : "training"),
        page_(std::string(run_.family->title) + " on " + data_.train.name, verdict()) {
    if (shown_.size() > 0) check_example(run_, shown_.spec, run_.recipe.data.source);
  }

  std::string build() {
    numbers();
    if (run_.example().modality == Modality::kImage) {
      images();
    } else {
      plots_of_examples();
    }
    latent_map();
    animations();
    curves();
    facts();
    return page_.finish();
  }

 private:
  std::string verdict() const;
  void numbers();
  void images();
  void plots_of_examples();
  void latent_map();
  void animations();
  void curves();
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
    text += "; lowest validation loss " + significant(run_.state.best, 5) + " at step " +
            with_commas(run_.state.best_step);
  return text + ".";
}

void Report::numbers() {
  const auto results = evaluate(*run_.model, run_.scaling, shown_, run_.recipe.seed);
  const auto baseline = baselines(*run_.model, run_.scaling, data_.train.first(kBaseline), shown_);
  std::vector<KeyNumber> large;
  for (const auto& [name, value] : results) {
    if (name == "reconstruction_sse")
      large.push_back({significant(value, 4), name, "squared error an example, lower is better"});
    if (name == "elbo" || name == "log_density")
      large.push_back({significant(value, 5), name, "nats an example, higher is better"});
    if (name == "active_units") large.push_back({significant(value, 4), name, "of the code"});
  }
  page_.key_numbers(large);
  HtmlTable table{{"metric", "this model"}, {}};
  for (const auto& [name, value] : results) table.rows.push_back({name, significant(value, 6)});
  for (const auto& [name, value] : baseline)
    table.rows.push_back({"baseline " + name, significant(value, 6)});
  page_.table(table, "On " + with_commas(shown_.size()) + " examples of the " + part_ +
                         " part. Baselines: the mean of the training examples, and PCA with as "
                         "many components as the code has, fitted on " +
                         with_commas(std::min(kBaseline, data_.train.size())) + " of them.");
  if (dynamic_cast<Densities*>(run_.model.get()) != nullptr) {
    for (const auto& [name, value] : results)
      if (name == "active_units" && value == 0)
        page_.note(
            "No unit of the code is active: the posterior has collapsed onto the prior, and "
            "the decoder ignores its input. A smaller beta, a warm-up of beta "
            "(beta_warmup_steps) or a narrower decoder helps.");
  }
}

void Report::images() {
  const auto shape = run_.example().shape;
  const int scale = shape[1] <= 32 ? 2 : 1;
  page_.section("What it makes");
  if (run_.family->abilities.samples) {
    SampleOptions options;
    options.n = 100;
    page_.image(encode_png(image_grid(sample(run_, options))),
                "100 samples, seed 1, drawn without choosing.", scale);
  }
  if (run_.family->abilities.reconstructs && shown_.size() > 0) {
    const auto some = shown_.first(40);
    GridOptions grid;
    grid.columns = 10;
    page_.image(
        encode_png(layered_grid({run_.scaling.to_model(some.x), reconstruct(run_, some)}, grid)),
        "Examples of the " + part_ + " part, each above its reconstruction.", scale);
  }
}

void Report::plots_of_examples() {
  const auto some = shown_.first(4);
  if (run_.example().shape == std::vector<int64_t>{2} && run_.family->abilities.samples) {
    page_.section("Samples");
    SampleOptions options;
    options.n = 2000;
    ScatterPlot plot;
    const auto real = shown_.first(2000).x;
    plot.points = torch::cat({real.to(torch::kFloat), to_output(run_, sample(run_, options))});
    plot.label = torch::cat(
        {torch::zeros({real.size(0)}, torch::kLong), torch::ones({options.n}, torch::kLong)});
    plot.classes = {"data", "samples"};
    page_.plot(scatter_plot(plot), "Samples over the data.");
    return;
  }
  if (!run_.family->abilities.reconstructs || some.size() == 0) return;
  page_.section("Reconstructions");
  const auto restored = to_output(run_, reconstruct(run_, some)).flatten(1).to(torch::kDouble);
  const auto original = some.x.flatten(1).to(torch::kDouble);
  for (int64_t i = 0; i < some.size(); ++i) {
    LinePlot plot;
    plot.frame = {"", "element", "value", 420, 240};
    for (const auto& [name, values] :
         {std::pair{"example", original}, {"reconstruction", restored}}) {
      Series series{name, {}, {}};
      for (int64_t j = 0; j < values.size(1); ++j) {
        series.x.push_back(static_cast<double>(j));
        series.y.push_back(values[i][j].item<double>());
      }
      plot.series.push_back(std::move(series));
    }
    page_.plot(line_plot(plot));
  }
}

void Report::latent_map() {
  if (!run_.family->abilities.encodes || shown_.size() < 3) return;
  page_.section("The latent space");
  if (run_.example().modality == Modality::kImage && has_manifold(*run_.model)) {
    GridOptions grid;
    grid.gap = 0;
    const auto picture =
        image_grid(manifold(*run_.model, run_.scaling, shown_, kManifoldSide), grid);
    page_.image(
        encode_png(picture),
        run_.family->abilities.samples
            ? "Codes on a grid over the unit square, pushed through the quantile function of "
              "the normal distribution and decoded."
            : "Codes on a grid of equal shares of the examples' codes, decoded.",
        1);
  }
  const auto some = shown_.first(kMapped);
  ScatterPlot plot;
  const auto codes = encode(run_, some);
  plot.points = map_to_plane(codes);
  plot.label = some.label;
  plot.classes = some.spec.classes;
  const bool plane = codes.size(1) == 2;
  plot.frame.x_label = plane ? "first coordinate" : "first main axis";
  plot.frame.y_label = plane ? "second coordinate" : "second main axis";
  page_.plot(scatter_plot(plot), plane ? "The code of each example, coloured by class."
                                       : "The codes on their two main axes, coloured by class.");
}

void Report::animations() {
  for (const auto* name : {"manifold", "samples"}) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder_ / "samples", none)) {
      const auto file = entry.path() / (std::string(name) + ".png");
      if (fs::is_regular_file(file)) files.push_back(file);
    }
    std::sort(files.begin(), files.end());
    if (files.size() < 2) continue;
    std::vector<torch::Tensor> frames;
    const auto stride = (files.size() + kFrames - 1) / kFrames;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (i % stride == 0 || i + 1 == files.size())
        frames.push_back(decode_image(read_file(files[i], 1 << 28), files[i].string()));
    AnimationOptions options;
    options.delay_ms = 250;
    options.last_delay_ms = 2000;
    const auto apng = encode_apng(frames, options);
    const auto stem = (folder_ / "samples" / name).string();
    write_durably(stem + ".apng", apng);
    write_durably(stem + ".gif", encode_gif(frames, options));
    page_.section("How it came to be");
    page_.image(apng, "The " + std::string(name) + " from the first picture to the last (" +
                          std::to_string(frames.size()) + " frames). Also as samples/" + name +
                          ".gif in the folder of the run.");
    return;
  }
}

void Report::curves() {
  // "loss" -> {"train": curve, "validation": curve}
  std::map<std::string, std::map<std::string, Series>> plots;
  for (const auto& line : read_json_lines(folder_ / "metrics.jsonl")) {
    for (const auto& [key, value] : line.items()) {
      const auto slash = key.find('/');
      if (slash == std::string::npos || !value.is_number()) continue;
      const auto group = key.substr(0, slash), rest = key.substr(slash + 1);
      const bool metric = group == "train" || group == "validation";
      auto& series = metric ? plots[rest][group] : plots[group][rest];
      series.name = metric ? group : rest;
      series.x.push_back(line.value("step", 0.0));
      series.y.push_back(value.get<double>());
    }
  }
  if (plots.empty()) return;
  page_.section("Training");
  const auto draw = [&](const std::string& name) {
    const auto found = plots.find(name);
    if (found == plots.end()) return;
    LinePlot plot;
    plot.frame = {name, "step", "", 460, 300};
    for (auto& [key, series] : found->second) plot.series.push_back(series);
    page_.plot(line_plot(plot));
    plots.erase(found);
  };
  draw("loss");
  while (!plots.empty()) draw(plots.begin()->first);
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
