// figment classify: which class examples are of, how often that is right, and what it is held
// against.
#include "figment/apply/classify.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/csv_records.h"
#include "figment/eval/classes.h"
#include "figment/eval/metric.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kWidestMatrix = 20;  // classes of a matrix that fits on a terminal
constexpr int64_t kSamples = 8;        // codes for each bound unless asked otherwise

// Everything that the answer is written from.
struct Answer {
  const std::vector<std::string>& classes;
  const Dataset& set;
  torch::Tensor log_p, predicted;  // [n, classes], [n]
  torch::Tensor confusion{};       // [classes, classes]; undefined without labels
  Results metrics{}, baselines{};
};

std::string csv_of(const Answer& answer) {
  const bool labelled = answer.set.label.defined();
  std::string out = labelled ? "example,class,taken_for" : "example,taken_for";
  for (const auto& name : answer.classes) out += "," + csv_field("p(" + name + ")");
  out += "\n";
  const auto p = answer.log_p.to(torch::kDouble).exp().contiguous();
  const auto* value = p.data_ptr<double>();
  const auto name_of = [&](const torch::Tensor& of, int64_t i) {
    return "," + csv_field(answer.classes[static_cast<std::size_t>(of[i].item<int64_t>())]);
  };
  for (int64_t i = 0; i < p.size(0); ++i) {
    out += std::to_string(i);
    if (labelled) out += name_of(answer.set.label, i);
    out += name_of(answer.predicted, i);
    for (int64_t j = 0; j < p.size(1); ++j) out += "," + shortest(static_cast<float>(*value++));
    out += "\n";
  }
  return out;
}

void judge(Answer& answer) {
  const auto n = static_cast<double>(answer.set.size());
  const auto& label = answer.set.label;
  const auto error = (answer.predicted != label).to(torch::kDouble).mean().item<double>();
  const auto cross_entropy =
      -answer.log_p.gather(1, label.unsqueeze(1)).to(torch::kDouble).mean().item<double>();
  answer.metrics = {{"accuracy", 1 - error},
                    {"classification_error", error},
                    {"classification_error_stderr", std::sqrt(error * (1 - error) / n)},
                    {"class_cross_entropy", cross_entropy}};
  answer.confusion =
      confusion_matrix(label, answer.predicted, static_cast<int64_t>(answer.classes.size()));
}

void print_matrix(const Answer& answer) {
  const auto k = static_cast<int64_t>(answer.classes.size());
  if (k > kWidestMatrix) return;
  std::size_t widest = 6;
  for (const auto& name : answer.classes) widest = std::max(widest, name.size() + 1);
  const auto cell = [&](const std::string& text) {
    return std::string(widest - std::min(widest, text.size()), ' ') + text;
  };
  std::cout << "\nclass \\ taken for\n" << cell("");
  for (const auto& name : answer.classes) std::cout << cell(name);
  std::cout << "\n";
  for (int64_t i = 0; i < k; ++i) {
    std::cout << cell(answer.classes[static_cast<std::size_t>(i)]);
    for (int64_t j = 0; j < k; ++j)
      std::cout << cell(std::to_string(answer.confusion[i][j].item<int64_t>()));
    std::cout << "\n";
  }
}

void print(const Answer& answer) {
  const auto line = [](const std::string& name, double value) {
    char text[120];
    std::snprintf(text, sizeof text, "%-36s %.6g", name.c_str(), value);
    std::cout << text << "\n";
  };
  for (const auto& [name, value] : answer.metrics) line(name, value);
  for (const auto& [name, value] : answer.baselines) line("baseline " + name, value);
  if (answer.confusion.defined()) return print_matrix(answer);
  const auto counts =
      torch::bincount(answer.predicted, {}, static_cast<int64_t>(answer.classes.size()));
  for (std::size_t i = 0; i < answer.classes.size(); ++i)
    std::cout << "taken for " << answer.classes[i] << ": "
              << counts[static_cast<int64_t>(i)].item<int64_t>() << "\n";
}

void print_document(const Options& options, const LoadedRun& run, const Answer& answer,
                    const std::string& method) {
  nlohmann::json document = {{"run", options.subject},
                             {"checkpoint", run.checkpoint.string()},
                             {"family", run.family->name},
                             {"method", method},
                             {"split", options.split},
                             {"n", answer.set.size()},
                             {"seed", options.seed},
                             {"classes", answer.classes},
                             {"metrics", nlohmann::json::object()},
                             {"baselines", nlohmann::json::object()}};
  for (const auto& [name, value] : answer.metrics) document["metrics"][name] = value;
  for (const auto& [name, value] : answer.baselines) document["baselines"][name] = value;
  for (int64_t i = 0; answer.confusion.defined() && i < answer.confusion.size(0); ++i) {
    auto row = nlohmann::json::array();
    for (int64_t j = 0; j < answer.confusion.size(1); ++j)
      row.push_back(answer.confusion[i][j].item<int64_t>());
    document["confusion"].push_back(std::move(row));
  }
  if (!options.out.empty()) document["out"] = options.out;
  print_json(options, std::move(document));
}

}  // namespace

int verb_classify(const Options& options) {
  if (!options.out.empty() && suffix_of(options.out) != ".csv")
    fail(Cause::kConfig, "classify", "expected --out FILE.csv, got '", printable(options.out), "'");
  const auto run = open_subject(options);
  const auto& classes = run.example().classes;
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  if (set.label.defined() &&
      set.label.max().item<int64_t>() >= static_cast<int64_t>(classes.size()))
    fail(Cause::kData, "classify", "expected the classes of the model (", join(classes, ", "),
         "), got '",
         printable(set.spec.classes[static_cast<std::size_t>(set.label.max().item<int64_t>())]),
         "' as well");
  const auto training = open_part(run, "train");
  const BayesOptions bayes{options.samples > 0 ? options.samples : kSamples, options.seed};
  const auto told = classify(run, training, set, bayes);
  Answer answer{classes, set, told.log_p, told.log_p.argmax(1)};
  if (set.label.defined()) {
    judge(answer);
    answer.baselines =
        classification_baselines(run, training, set, options.seed, is_training_part(options));
  }
  if (!options.out.empty()) {
    write_durably(options.out, csv_of(answer));
    std::cerr << "wrote " << options.out << " (" << set.size() << " examples)\n";
  }
  if (options.json) {
    print_document(options, run, answer, told.method);
    return 0;
  }
  std::cerr << run.family->title << " of step " << run.state.step << ", on " << set.size()
            << " examples of the " << options.split << " part, by " << told.method << "\n";
  print(answer);
  return 0;
}

}  // namespace figment::cli
