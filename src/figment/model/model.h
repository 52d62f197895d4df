// What every model is to the rest of figment: it learns from a batch and judges a batch.
#pragma once

#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "figment/data/batch.h"
#include "figment/data/dataset.h"
#include "figment/model/optimizer.h"

namespace figment {

// Named 0-d tensors, means over the batch, left on their device; only the logger reads them. The
// first of validation_step is what "best" goes by (lower is better) when it is called "loss" or
// "classification_error".
using Metrics = std::vector<std::pair<std::string, torch::Tensor>>;

// Training is one or more stages, each some passes over the data.
struct Stage {
  std::string name;
  int64_t epochs;
};

// Where in its stage the training is.
struct Clock {
  int64_t step = 0, total_steps = 1;  // steps done, and in all
  int64_t epoch = 0;

  double progress() const { return static_cast<double>(step) / static_cast<double>(total_steps); }
};

class Model : public torch::nn::Module {
 public:
  explicit Model(ExampleSpec example) : example_(std::move(example)) {}

  virtual std::vector<Stage> stages(int64_t epochs) const { return {{"train", epochs}}; }
  virtual void begin_stage(const Stage&) {}  // prepares; called again on resuming
  virtual Metrics training_step(const Batch& batch) = 0;
  virtual void end_stage(const Stage&) {}  // concludes: closed forms are solved here
  // Called in evaluation mode without gradients; changes nothing.
  virtual Metrics validation_step(const Batch& batch) = 0;

  const ExampleSpec& example() const { return example_; }
  std::vector<Optimizer*> optimizers() const;
  // Called by the trainer before each training_step, and passed on to the optimizers.
  void set_clock(const Clock& clock);
  torch::Device device() const;

 protected:
  // Like register_module: what is registered is saved, restored and scheduled by the trainer. A
  // name registered again (in begin_stage) replaces the old optimizer.
  Optimizer& register_optimizer(const std::string& name,
                                const std::vector<torch::Tensor>& parameters,
                                const OptimizerConfig& config);
  const Clock& clock() const { return clock_; }

 private:
  ExampleSpec example_;
  Clock clock_;
  std::map<std::string, std::unique_ptr<Optimizer>> optimizers_;
};

}  // namespace figment
