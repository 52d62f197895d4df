#include "figment/train/trainer.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/data/loader.h"
#include "figment/train/device.h"
#include "figment/train/environment.h"
#include "figment/train/game_guard.h"
#include "figment/train/guards.h"
#include "figment/train/js_watch.h"
#include "figment/train/prepare.h"
#include "figment/train/progress.h"
#include "figment/train/version.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Values = std::vector<std::pair<std::string, double>>;

json json_of(const Values& values) {
  json out = json::object();
  for (const auto& [name, value] : values) out[name] = value;
  return out;
}

// Whether "best" and patience go by a metric when it is the first of a validation.
bool is_judged_by(const std::string& name) {
  return name == "validation/loss" || name == "validation/classification_error";
}

// One training in one process.
class Run {
 public:
  Run(const Family& family, Recipe recipe, const TrainOptions& options, RunFolder folder,
      std::shared_ptr<Model> model, Splits data, Scaling scaling, TrainingState state)
      : family_(family),
        recipe_(std::move(recipe)),
        options_(options),
        folder_(std::move(folder)),
        model_(std::move(model)),
        data_(std::move(data)),
        scaling_(std::move(scaling)),
        state_(std::move(state)),
        collapse_(recipe_.model),
        game_(recipe_.model),
        progress_(options.quiet, [this](const std::string& line) { folder_.log(line); }),
        loader_(data_.train, scaling_,
                {recipe_.train.batch_size, true, mix(recipe_.seed, kSeedOrder), model_->device()}) {
    if (options_.observer) observer_ = options_.observer(*model_, data_, scaling_, folder_);
  }

  Outcome run(const CheckpointFiles* resumed, const std::string& where);

 private:
  // False when patience ended the stage early.
  bool run_stage(const Stage& stage);
  void next_stage(int64_t stage_count);
  void one_step(const Stage& stage, const Batch& batch);
  void log_metrics();
  // Whether the stage goes on.
  bool end_of_epoch(int64_t epoch, int64_t epochs);
  bool judge(Values values);
  void save();
  void draw();
  int64_t steps_of(const Stage& stage) const;
  void status(const char* word, const std::string& detail = "");
  bool stopped() const { return options_.stop != nullptr && options_.stop->load() != 0; }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

  const Family& family_;
  Recipe recipe_;
  const TrainOptions& options_;
  RunFolder folder_;
  std::shared_ptr<Model> model_;
  Splits data_;
  Scaling scaling_;
  TrainingState state_;
  CollapseGuard collapse_;
  GameGuard game_;
  Progress progress_;
  Loader loader_;
  std::unique_ptr<Observer> observer_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  json facts_ = json::object();
  Values shown_;  // the means of the last training steps that were logged
  int64_t saved_step_ = -1, drawn_step_ = -1;
};

int64_t Run::steps_of(const Stage& stage) const {
  const auto all = stage.epochs * loader_.batches();
  return recipe_.train.steps > 0 ? std::min(all, recipe_.train.steps) : all;
}

void Run::status(const char* word, const std::string& detail) {
  facts_["status"] = word;
  facts_["step"] = state_.step;
  if (!detail.empty()) facts_["detail"] = detail;
  facts_["seconds"] = facts_.value("seconds_before", 0.0) + seconds();
  folder_.write_status(facts_);
}

Outcome Run::run(const CheckpointFiles* resumed, const std::string& where) {
  facts_ = {{"schema", 1},
            {"family", family_.name},
            {"seed", recipe_.seed},
            {"command", options_.command},
            {"figment", version()},
            {"libtorch", libtorch_version()},
            {"host", host_name()},
            {"device", model_->device().str()},
            {"threads", state_.threads},
            {"data",
             {{"source", recipe_.data.source},
              {"fingerprint", data_.fingerprint},
              {"train", data_.train.size()},
              {"validation", data_.validation.size()},
              {"test", data_.test.size()}}},
            {"parameters", 0}};
  int64_t parameters = 0;
  for (const auto& p : model_->parameters()) parameters += p.numel();
  facts_["parameters"] = parameters;
  if (resumed != nullptr) {
    saved_step_ = state_.step;
    try {
      facts_["seconds_before"] = folder_.read_status().value("seconds", 0.0);
    } catch (const Error&) {
      // Only the clock of earlier parts is lost with it.
    }
  }
  status("running");
  progress_.say(std::string(family_.title) + ", " + std::to_string(parameters) + " parameters; " +
                data_.train.spec.text() + "; " + std::to_string(data_.train.size()) +
                " to train, " + std::to_string(data_.validation.size()) + " to validate; " +
                model_->device().str() + ", " + counted(state_.threads, "thread"));
  if (model_->device().is_cpu() && state_.threads > 1)
    for (const auto& sentence : advice_for(environment())) progress_.say("slow: " + sentence);
  if (model_->device().is_cpu() && recipe_.train.precision == Precision::kBfloat16) {
    std::ifstream cpuinfo("/proc/cpuinfo");
    if (!multiplies_bfloat16(cpuinfo))
      progress_.say(
          "slow: this processor has no instructions for products in bfloat16; "
          "train.precision=float32 is many times faster here");
  }
  if (state_.finished) progress_.say("the training is finished already: no step is left");
  Outcome out;
  try {
    const auto epochs = recipe_.train.steps > 0
                            ? (recipe_.train.steps + loader_.batches() - 1) / loader_.batches()
                            : recipe_.train.epochs;
    const auto stages = model_->stages(epochs);
    const auto stage_count = static_cast<int64_t>(stages.size());
    const auto begin = [&] { model_->begin_stage(stages[static_cast<std::size_t>(state_.stage)]); };
    if (!state_.finished) {
      begin();
      if (resumed != nullptr) unpack_optimizers(*resumed, *model_, where);
    }
    while (!state_.finished) {
      const auto& stage = stages[static_cast<std::size_t>(state_.stage)];
      // What was best by an earlier stage's loss is not comparable with what comes now.
      if (state_.best_step == 0) unpoint(folder_.checkpoints(), "best");
      const bool whole = run_stage(stage);
      // Where patience ended the stage there is nothing to continue: it is concluded all the same.
      if (whole && stopped()) {
        save();
        out.interrupted = true;
        break;
      }
      model_->eval();
      model_->end_stage(stage);
      saved_step_ = -1;  // end_stage may have changed the model since
      if (recipe_.train.picture_every > 0) draw();
      next_stage(stage_count);
      // The checkpoint at the border of two stages holds the optimizers of the next.
      if (!state_.finished) begin();
      save();
    }
    status(out.interrupted ? "interrupted" : "finished");
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    const bool diverged = known != nullptr && known->cause() == Cause::kDiverged;
    const std::string what = error.what();
    const auto sentence = what.substr(0, what.find('\n'));  // LibTorch's go on with a backtrace
    try {
      status(diverged ? "diverged" : "failed", sentence);
    } catch (const Error&) {
      // The first error is the one to tell.
    }
    folder_.log(sentence);
    throw;
  }
  out.folder = folder_.path();
  out.state = state_;
  out.seconds = seconds();
  out.per_second = progress_.rate();
  return out;
}

void Run::next_stage(int64_t stage_count) {
  ++state_.stage;
  state_.stage_step = 0;
  state_.window.clear();
  state_.finished = state_.stage == stage_count;
  if (state_.finished) return;
  state_.best = 0;
  state_.best_step = 0;
  state_.stale = 0;
}

bool Run::run_stage(const Stage& stage) {
  const auto batches = loader_.batches(), steps = steps_of(stage);
  const auto epochs = (steps + batches - 1) / batches;
  progress_.begin(stage.name, state_.stage_step, steps);
  while (state_.stage_step < steps) {
    const auto epoch = state_.stage_step / batches, index = state_.stage_step % batches;
    model_->train();
    model_->set_clock({state_.stage_step, steps, epoch});
    // Noise is a function of (seed, stage, step): a resume needs no generator's state.
    seed_generators(mix(recipe_.seed, kSeedStep + 16 * static_cast<std::uint64_t>(state_.stage),
                        static_cast<std::uint64_t>(state_.stage_step)));
    const auto batch = loader_.batch(epoch, index);
    one_step(stage, batch);
    progress_.step(state_.stage_step, batch.size());
    // The last line closes the curves, however short the training.
    if (state_.step % recipe_.train.log_every == 0 || state_.stage_step == steps) log_metrics();
    const bool over = index + 1 == batches || state_.stage_step == steps;
    if (over && !end_of_epoch(epoch + 1, epochs)) return false;
    if (stopped()) return true;
  }
  return true;
}

void Run::one_step(const Stage& stage, const Batch& batch) {
  Metrics metrics;
  try {
    const PrecisionScope precision(recipe_.train.precision, model_->device());
    metrics = model_->training_step(batch);
  } catch (const Error& error) {
    if (error.cause() != Cause::kDiverged) throw;
    throw Error(Cause::kDiverged, "",
                std::string(error.what()) + "; the run stopped before this step, and " +
                    (saved_step_ < 0 ? "no checkpoint was saved yet"
                                     : "the last checkpoint holds the state of step " +
                                           std::to_string(saved_step_)));
  }
  ++state_.stage_step;
  ++state_.step;
  for (const auto& [name, tensor] : metrics) {
    const auto value = tensor.item<double>();
    if (!std::isfinite(value))
      fail(Cause::kDiverged, "stage '" + stage.name + "', step " + std::to_string(state_.step),
           "expected a finite ", name, ", got ", value,
           "; lower the learning rate or set model.optimizer.clip");
    auto& sum = state_.window[name];
    sum.first += value;
    ++sum.second;
  }
}

void Run::log_metrics() {
  Values values;
  for (const auto& [name, sum] : state_.window)
    values.emplace_back("train/" + name, sum.first / static_cast<double>(sum.second));
  for (const auto* optimizer : model_->optimizers()) {
    values.emplace_back("learning_rate/" + optimizer->name(), optimizer->learning_rate());
    values.emplace_back("gradient_norm/" + optimizer->name(), optimizer->gradient_norm());
  }
  state_.window.clear();
  auto line = json_of(values);
  line["step"] = state_.step;
  line["stage"] = state_.stage;
  line["seconds"] = facts_.value("seconds_before", 0.0) + seconds();
  folder_.append_metrics(line);
  shown_.clear();
  for (const auto& [name, value] : values)
    if (name.rfind("train/", 0) == 0) shown_.emplace_back(name.substr(6), value);
  progress_.values(shown_);
  if (observer_) observer_->on_metrics(state_.step, values);
}

bool Run::end_of_epoch(int64_t epoch, int64_t epochs) {
  const bool last = epoch == epochs;
  const auto due = [&](int64_t every) { return every > 0 && (last || epoch % every == 0); };
  // Pictures first: a checkpoint of this step then implies that they are there.
  if (due(recipe_.train.picture_every)) draw();
  bool go_on = true;
  if (due(recipe_.train.validate_every)) {
    Values values;
    std::vector<std::string> warnings;
    if (data_.validation.size() > 0) {
      values = validate(*model_, data_.validation, scaling_, recipe_.train.batch_size,
                        mix(recipe_.seed, kSeedValidate));
      warnings = game_.look(*model_, data_.validation, scaling_, state_.step, values);
      warnings.push_back(collapse_.look(*model_, data_.validation, scaling_, values));
      watch_js_divergence(*model_, recipe_.data, scaling_, values);
    } else {
      warnings.push_back(game_.cannot_look(*model_));
    }
    progress_.epoch(epoch, epochs, values.empty() ? shown_ : values);
    for (const auto& warning : warnings)
      if (!warning.empty()) progress_.say("warning: " + warning);
    if (!values.empty()) go_on = judge(std::move(values));
  }
  // The last one is saved when the stage has been concluded.
  const bool concluded = last || !go_on;
  if (due(recipe_.train.checkpoint_every) && !concluded) save();
  return go_on;
}

bool Run::judge(Values values) {
  json line = json::object();
  for (auto& [name, value] : values) {
    line["validation/" + name] = value;
    name = "validation/" + name;
  }
  line["step"] = state_.step;
  line["stage"] = state_.stage;
  line["seconds"] = facts_.value("seconds_before", 0.0) + seconds();
  folder_.append_metrics(line);
  if (observer_) observer_->on_metrics(state_.step, values);
  const auto& [name, loss] = values.front();
  if (!is_judged_by(name)) return true;
  if (!std::isfinite(loss))
    fail(Cause::kDiverged, "validation after step " + std::to_string(state_.step),
         "expected a finite ", name, ", got ", loss, "; lower the learning rate");
  if (state_.best_step == 0 || loss < state_.best) {
    state_.best = loss;
    state_.best_step = state_.step;
    state_.stale = 0;
    save();  // the best is worth a checkpoint of its own
    return true;
  }
  ++state_.stale;
  const auto patience = recipe_.train.patience;
  if (patience == 0 || state_.stale < patience) return true;
  progress_.say("no better " + name + " in " + std::to_string(patience) +
                " validations: the stage ends; the best was " + number(state_.best) + " at step " +
                std::to_string(state_.best_step));
  return false;
}

void Run::save() {
  if (saved_step_ == state_.step) return;
  const auto files = pack(*model_, recipe_, scaling_, data_.encoding, state_);
  write_checkpoint(folder_.checkpoints(), state_.step, files);
  point(folder_.checkpoints(), "last", state_.step);
  if (state_.best_step == state_.step) point(folder_.checkpoints(), "best", state_.step);
  prune(folder_.checkpoints(), recipe_.train.keep);
  saved_step_ = state_.step;
  status("running");
}

void Run::draw() {
  if (!observer_ || drawn_step_ == state_.step) return;
  torch::NoGradGuard no_grad;
  const AverageScope averaged(model_->optimizers());
  model_->eval();
  observer_->on_epoch(*model_, state_.step);
  drawn_step_ = state_.step;
}

}  // namespace

Values validate(Model& model, const Dataset& set, const Scaling& scaling, int64_t batch_size,
                std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  const AverageScope averaged(model.optimizers());
  const bool training = model.is_training();
  model.eval();
  Loader loader(set, scaling, {batch_size, false, 0, model.device()});
  Values sums;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    seed_generators(mix(seed, kSeedValidate, static_cast<std::uint64_t>(i)));
    const auto batch = loader.batch(0, i);
    const auto metrics = model.validation_step(batch);
    for (std::size_t k = 0; k < metrics.size(); ++k) {
      if (i == 0) sums.emplace_back(metrics[k].first, 0.0);
      sums[k].second += metrics[k].second.item<double>() * static_cast<double>(batch.size());
    }
  }
  for (auto& [name, sum] : sums) sum /= static_cast<double>(set.size());
  model.train(training);
  return sums;
}

Outcome train(const Family& family, const Recipe& asked, const TrainOptions& options) {
  // Before the data is read, which may take long.
  if (!options.resume) RunFolder::check_new(options.folder);
  // The model is made before the folder: a wrong configuration leaves nothing behind.
  auto prepared = prepare(family, asked, options.watch);
  auto& [recipe, model, data, threads] = prepared;

  const auto path = options.folder.empty() ? new_run_path(options.name) : options.folder;
  TrainingState state;
  state.threads = threads;
  state.data = data.fingerprint;
  if (!options.resume) {
    start_from(recipe, *model);
    auto folder = RunFolder::create(path);
    folder.write_recipe(config_toml(recipe, ""));
    const auto scaling = Scaling::fit(data.train, recipe.data.scaling);
    return Run(family, recipe, options, std::move(folder), model, data, scaling, state)
        .run(nullptr, "");
  }

  auto folder = RunFolder::resume(path);
  const auto warn = [&](const std::string& sentence) {
    folder.log(sentence);
    // Also when quiet: a run that goes on from elsewhere than it stopped is nobody's progress.
    std::fprintf(stderr, "figment: %s\n", sentence.c_str());
  };
  const auto newest = newest_whole(folder.checkpoints(), warn);
  if (!newest) {
    warn("no whole checkpoint in " + folder.checkpoints().string() +
         ": starting from the beginning");
    folder.forget_after(0);
    start_from(recipe, *model);
    const auto scaling = Scaling::fit(data.train, recipe.data.scaling);
    return Run(family, recipe, options, std::move(folder), model, data, scaling, state)
        .run(nullptr, "");
  }
  const auto where = newest->string();
  const auto files = read_checkpoint(*newest);
  auto header = unpack_header(files, where);
  if (header.state.data != data.fingerprint)
    fail(Cause::kData, recipe.data.source,
         "expected the examples that the run was trained on (fingerprint ", header.state.data,
         "), got others (", data.fingerprint, "); put the old data back, or start a new run");
  unpack_model(files, *model, where);
  if (header.state.threads != threads)
    warn("the run used " + counted(header.state.threads, "thread") + " before and uses " +
         std::to_string(threads) + " now: the numbers will differ in their last bits");
  header.state.threads = threads;
  folder.forget_after(header.state.step);
  return Run(family, recipe, options, std::move(folder), model, data, header.scaling, header.state)
      .run(&files, where);
}

}  // namespace figment
