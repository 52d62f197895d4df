// figment train: from a recipe or a family to a run folder with a report.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "figment/apply/pictures.h"
#include "figment/apply/run_report.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/families.h"
#include "figment/train/trainer.h"
#include "speed.h"
#include "training.h"
#include "verb.h"

namespace figment::cli {
namespace fs = std::filesystem;
namespace {

std::atomic<int> stop_signal{0};

void on_signal(int signal) {
  // A second one ends the process at once.
  if (stop_signal.exchange(signal) != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const auto* family : families()) names.emplace_back(family->name);
  return names;
}

struct Asked {
  Value values{};
  std::string name{};
};

Asked read_subject(const Options& options) {
  const auto& subject = options.subject;
  if (fs::path(subject).extension() == ".toml" || fs::is_regular_file(subject)) {
    const fs::path path(subject);
    auto name = path.stem().string();
    if (path.has_parent_path() && path.parent_path().filename() != "recipes" &&
        path.parent_path().filename() != ".")
      name = path.parent_path().filename().string() + "-" + name;
    return {read_recipe_file(subject), name};
  }
  if (find_family(subject) == nullptr) {
    const auto names = family_names();
    fail(Cause::kConfig, options.verb, "expected a recipe file (.toml) or a family (",
         join(names, ", "), "), got '", printable(subject), "'", did_you_mean(subject, names));
  }
  Asked asked;
  set_path(asked.values, "family", Value(subject, Place{"command line", 0, 0}));
  asked.name = subject;
  return asked;
}

// Options are settings under another name: they are laid on the recipe like any KEY=VALUE.
void lay_options(const Options& options, Value& values) {
  const Place place{"command line", 0, 0};
  for (const auto& word : options.words) set_override(values, word);
  if (!options.data.empty()) set_path(values, "data.source", Value(options.data, place));
  if (!options.device.empty()) set_path(values, "device", Value(options.device, place));
  if (options.threads >= 0) set_path(values, "threads", Value(options.threads, place));
  if (options.seed_given)
    set_path(values, "seed", Value(static_cast<std::int64_t>(options.seed), place));
}

// "train.epochs" -> "20": the settings of a recipe, all of them, as config.toml has them.
std::map<std::string, std::string> settings_of(Recipe recipe, const Family* family) {
  Problems ignored;
  if (family != nullptr) recipe.model = family->resolve(recipe.model, ignored);
  std::map<std::string, std::string> settings;
  std::istringstream lines(config_toml(recipe, ""));
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" = ");
    if (!line.empty() && line.front() == '[') table = line.substr(1, line.size() - 2) + ".";
    if (!line.empty() && line.front() != '#' && equals != std::string::npos)
      settings[table + line.substr(0, equals)] = line.substr(equals + 3);
  }
  return settings;
}

}  // namespace

void check_same_settings(const Recipe& asked, const std::string& folder) {
  const auto path = folder + "/config.toml";
  Problems problems;
  const auto kept = read_recipe(read_recipe_file(path), problems);
  problems.throw_if_any();
  const auto of_run = settings_of(kept, find_family(kept.family));
  std::vector<std::string> others;
  for (const auto& [key, value] : settings_of(asked, find_family(asked.family))) {
    const auto found = of_run.find(key);
    // Where it runs may change. What one of them does not have, the families tell apart.
    if (key == "device" || key == "threads" || found == of_run.end()) continue;
    if (found->second != value)
      others.push_back(key + " (" + found->second + " there, " + value + " here)");
  }
  if (!others.empty())
    fail(Cause::kConfig, folder,
         "expected the settings of the run that is to continue, got others: ", join(others, ", "),
         "; change them in ", path, ", or choose another folder with --out");
}

int last_signal() { return stop_signal.load(); }

Outcome train_until_signal(const Options& options, const Family& family, const Recipe& recipe,
                           const TrainOptions& given) {
  auto train_options = given;
  train_options.quiet = options.quiet;
  train_options.command = options.command;
  train_options.stop = &stop_signal;
  train_options.observer = &make_pictures;
  train_options.watch = console_watch(options.quiet, [] { return stop_signal.load() != 0; });
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const auto outcome = train(family, recipe, train_options);
  write_report(outcome.folder);
  return outcome;
}

int run_training(const Options& options, const Family& family, const Recipe& recipe,
                 const TrainOptions& given) {
  const auto outcome = train_until_signal(options, family, recipe, given);
  const auto report = outcome.folder / "report.html";
  if (options.json) {
    nlohmann::json document = {
        {"run", outcome.folder.string()}, {"report", report.string()},
        {"step", outcome.state.step},     {"interrupted", outcome.interrupted},
        {"seconds", outcome.seconds},     {"examples_per_second", outcome.per_second}};
    if (outcome.state.best_step > 0)
      document["best"] = {{"step", outcome.state.best_step}, {"loss", outcome.state.best}};
    print_json(options, document);
  } else {
    if (outcome.interrupted && !options.quiet)
      std::cerr << "stopped after step " << outcome.state.step
                << "; a checkpoint is saved: continue with figment resume "
                << outcome.folder.string() << "\n";
    if (!options.quiet)
      std::cerr << "trained for " << duration(outcome.seconds) << "; report: " << report.string()
                << "\n";
    std::cout << outcome.folder.string() << "\n";
  }
  return outcome.interrupted ? 128 + stop_signal.load() : 0;
}

AskedRecipe asked_recipe(const Options& options) {
  auto asked = read_subject(options);
  lay_options(options, asked.values);
  Problems problems;
  auto recipe = read_recipe(asked.values, problems);
  if (recipe.family.empty() && problems.empty())
    problems.add({options.subject, 0, 0}, "family",
                 "expected the name of a family; figment list names them");
  // The model's own keys are told together with the others, if there is a family to ask.
  const auto* family = find_family(recipe.family);
  if (family != nullptr) {
    family->resolve(recipe.model, problems);
  } else if (!recipe.family.empty()) {
    const auto names = family_names();
    problems.add(asked.values.find("family")->place(), "family",
                 "expected one of " + join(names, ", ") + ", got '" + printable(recipe.family) +
                     "'" + did_you_mean(recipe.family, names));
  }
  problems.throw_if_any();
  return {std::move(recipe), family, asked.name};
}

namespace {

int say_outlook(const Options& options, const AskedRecipe& asked) {
  constexpr int64_t kSteps = 5;
  SpeedOptions how;
  how.steps = kSteps;
  const auto speed = measure_speed(*asked.family, asked.recipe, how, console_watch(options.quiet));
  if (options.json)
    print_json(options, json_of(speed));
  else
    print_outlook(speed);
  return 0;
}

}  // namespace

int verb_train(const Options& options) {
  const auto asked = asked_recipe(options);
  if (options.dry_run) return say_outlook(options, asked);
  TrainOptions train_options;
  train_options.folder = options.out;
  train_options.name = asked.name;
  train_options.resume = options.resume && !options.out.empty() && is_run_folder(options.out);
  if (options.resume && options.out.empty())
    fail(Cause::kConfig, "train", "expected --out with --resume: which run is to continue?");
  if (train_options.resume) {
    check_same_settings(asked.recipe, options.out);
    return resume_run(options, options.out);
  }
  return run_training(options, *asked.family, asked.recipe, train_options);
}

}  // namespace figment::cli
