#include "one_vs_rest.h"

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <set>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/eval/anomaly.h"
#include "figment/report/markup.h"
#include "training.h"
#include "verb.h"

namespace figment::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostClasses = 100;

// Class names become folders: what a file system or a shell could mind becomes "_".
std::string folder_of(const std::string& name, std::set<std::string>& taken) {
  std::string plain = "normal-";
  for (const unsigned char c : name.substr(0, 60))
    plain += std::isalnum(c) != 0 || c == '-' || c == '.' ? static_cast<char>(c) : '_';
  auto folder = plain;
  for (int k = 2; !taken.insert(folder).second; ++k) folder = plain + "-" + std::to_string(k);
  return folder;
}

bool is_finished(const fs::path& folder) {
  try {
    return json::parse(read_file(folder / "run.json", 1 << 20)).at("status") == "finished";
  } catch (const std::exception&) {
    return false;  // to be trained
  }
}

// The classes that have training examples, in the order of their labels.
std::vector<std::string> classes_of(const Recipe& recipe, const Options& options) {
  const auto data = open_data(recipe.data, console_watch(options.quiet));
  if (!data.train.label.defined())
    fail(Cause::kData, data.train.name,
         "expected examples with labels, to take each class for normal in turn, got none; name "
         "their column with data.label_column");
  std::vector<std::string> out;
  for (std::size_t k = 0; k < data.train.spec.classes.size(); ++k)
    if ((data.train.label == static_cast<int64_t>(k)).any().item<bool>())
      out.push_back(data.train.spec.classes[k]);
  if (out.size() < 2 || out.size() > kMostClasses)
    fail(Cause::kData, data.train.name, "expected 2 to ", kMostClasses, " classes, got ",
         out.size());
  return out;
}

json scored(const std::string& folder, const std::string& name, const Options& options) {
  auto asked = options;
  asked.subject = folder;
  const auto run = open_subject(asked);
  const auto set = open_part(run, "test");
  const auto judged = judge_anomalies(*run.model, run.scaling, open_part(run, "train"), set,
                                      anomalies(set, run.recipe.data.normal));
  json row = {{"normal", name},
              {"run", folder},
              {"score", judged.model.front().name},
              {"metrics", json::object()},
              {"baselines", json::object()}};
  for (const auto& [key, value] : results_of(judged.model)) row["metrics"][key] = value;
  for (const auto& [key, value] : trivial_results_of(judged.trivial)) row["baselines"][key] = value;
  return row;
}

// Means over the rows of what all of them have.
json means_of(const json& rows) {
  json out = {{"metrics", json::object()}, {"baselines", json::object()}};
  for (const auto* kind : {"metrics", "baselines"})
    for (const auto& [key, first] : rows[0][kind].items()) {
      double sum = 0;
      bool all = true;
      for (const auto& row : rows) {
        all = all && row[kind].contains(key) && row[kind][key].is_number();
        if (all) sum += row[kind][key].get<double>();
      }
      if (all) out[kind][key] = sum / static_cast<double>(rows.size());
    }
  return out;
}

void print_table(const json& rows, const json& mean) {
  // Scores of the model, then the baselines; of all the AUROC.
  std::vector<std::pair<std::string, std::string>> columns;
  for (const auto& [key, value] : mean["metrics"].items())
    if (key.rfind("auroc", 0) == 0) columns.emplace_back("metrics", key);
  for (const auto& [key, value] : mean["baselines"].items())
    if (key.size() > 6 && key.substr(key.size() - 6) == "_auroc")
      columns.emplace_back("baselines", key);
  const auto row_text = [&](const std::string& name, const json& row) {
    auto text = name;
    for (const auto& [kind, key] : columns) text += "\t" + fixed(row[kind][key].get<double>(), 4);
    return text + "\n";
  };
  std::string out = "normal";
  for (const auto& [kind, key] : columns)
    out += "\t" + (kind == "baselines" ? "baseline " + key.substr(0, key.size() - 6) : key);
  out += "\n";
  for (const auto& row : rows) out += row_text(printable(row["normal"].get<std::string>()), row);
  std::cout << out << row_text("mean", mean);
}

}  // namespace

int one_vs_rest(const Options& options) {
  if (options.out.empty())
    fail(Cause::kConfig, "anomaly",
         "expected a folder for the runs, such as --out runs/one-vs-rest");
  auto asked = asked_recipe(options);
  if (!asked.recipe.data.normal.empty()) asked.recipe.data.normal.clear();  // each class in turn
  const auto classes = classes_of(asked.recipe, options);
  std::set<std::string> taken;
  auto rows = json::array();
  for (const auto& name : classes) {
    const auto folder = (fs::path(options.out) / folder_of(name, taken)).string();
    auto recipe = asked.recipe;
    recipe.data.normal = {name};
    const bool begun = is_run_folder(folder);
    if (begun) check_same_settings(recipe, folder);
    if (!is_finished(folder)) {
      if (!options.quiet) std::cerr << "normal: " << printable(name) << "\n";
      TrainOptions train_options;
      train_options.folder = folder;
      train_options.resume = begun;
      const auto outcome = train_until_signal(options, *asked.family, recipe, train_options);
      if (outcome.interrupted) {
        std::cerr << "stopped; the same command goes on from here\n";
        return 128 + last_signal();
      }
    }
    rows.push_back(scored(folder, name, options));
  }
  const auto mean = means_of(rows);
  json document = {{"recipe", options.subject}, {"classes", rows}, {"mean", mean}};
  write_durably(fs::path(options.out) / "one-vs-rest.json", document.dump(2) + "\n");
  if (options.json)
    print_json(options, document);
  else
    print_table(rows, mean);
  return 0;
}

}  // namespace figment::cli
