// The one loop. It knows the clock, the folder and the checkpoints; the step belongs to the model.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "figment/data/open.h"
#include "figment/model/family.h"
#include "figment/train/recipe.h"
#include "figment/train/run_folder.h"
#include "figment/train/state.h"

namespace figment {

// Looks on: draws pictures, writes event files. Called with the model in evaluation mode, averaged
// weights in place, no gradients; must not change the model. What it draws at random must come from
// seeds of its own.
struct Observer {
  virtual ~Observer() = default;
  // After an epoch that is a multiple of train.picture_every, and after the last.
  virtual void on_epoch(Model& model, int64_t step) = 0;
  // After a line of metrics was written; names as in metrics.jsonl.
  virtual void on_metrics(int64_t step,
                          const std::vector<std::pair<std::string, double>>& values) = 0;
};

struct TrainOptions {
  std::filesystem::path folder{};  // empty: a new one under runs/
  std::string name = "run";        // of the recipe, for the folder
  bool resume = false;             // continue the run in `folder`
  bool quiet = false;              // no progress on stderr
  std::string command{};           // how it was called, for run.json
  Watch watch{};                   // told of data that is found in part or downloaded
  // A signal asked the run to stop: it saves a checkpoint after the step at hand and ends.
  const std::atomic<int>* stop = nullptr;
  // Makes the observer once model, data and folder exist; may be empty.
  std::function<std::unique_ptr<Observer>(Model&, const Splits&, const Scaling&, const RunFolder&)>
      observer{};
};

struct Outcome {
  std::filesystem::path folder{};
  TrainingState state{};
  bool interrupted = false;
  double seconds = 0;     // of training in this process
  double per_second = 0;  // examples
};

// Trains `recipe` with a model of `family`, from the start or, resuming, from the newest whole
// checkpoint (damaged ones are passed over with a word on stderr). Throws Error: kConfig before
// the first step, kData, kDevice, kLocked, kDiverged, kIo (the last checkpoint is then whole).
Outcome train(const Family& family, const Recipe& recipe, const TrainOptions& options);

// Means of validation_step over all examples of a set, in evaluation mode with averaged weights.
// `seed` decides the model's own randomness, so that two calls agree.
std::vector<std::pair<std::string, double>> validate(Model& model, const Dataset& set,
                                                     const Scaling& scaling, int64_t batch_size,
                                                     std::uint64_t seed);

}  // namespace figment
