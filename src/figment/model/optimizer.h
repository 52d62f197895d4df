// One optimizer with all that surrounds a step: gradient, finiteness, clipping, schedule, update,
// moving average of the weights. The only place of figment that differentiates a loss.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "figment/core/config.h"
#include "figment/data/safetensors.h"

namespace figment {

enum class Algorithm { kAdam, kAdamW, kSgd };
constexpr auto enum_names(Algorithm) {
  return std::array{EnumName<Algorithm>{"adam", Algorithm::kAdam},
                    EnumName<Algorithm>{"adamw", Algorithm::kAdamW},
                    EnumName<Algorithm>{"sgd", Algorithm::kSgd}};
}

enum class Schedule { kConstant, kCosine, kStep, kLinear };
constexpr auto enum_names(Schedule) {
  return std::array{EnumName<Schedule>{"constant", Schedule::kConstant},
                    EnumName<Schedule>{"cosine", Schedule::kCosine},
                    EnumName<Schedule>{"step", Schedule::kStep},
                    EnumName<Schedule>{"linear", Schedule::kLinear}};
}

struct OptimizerConfig {
  Algorithm algorithm = Algorithm::kAdam;
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  double clip = 0;
  double average = 0;
  Schedule schedule = Schedule::kConstant;
  int64_t warmup_steps = 0;
  int64_t step_every = 1000;
  double step_factor = 0.5;
  double final_factor = 0;

  static constexpr auto fields() {
    using C = OptimizerConfig;
    return std::tuple{
        Field{"algorithm", &C::algorithm, "How a gradient becomes an update."},
        Field{"learning_rate", &C::learning_rate, "Step size at its highest.", Above{0}},
        Field{"beta1", &C::beta1, "Adam: decay of the mean of gradients.", Within{0, 0.9999999}},
        Field{"beta2", &C::beta2, "Adam: decay of the mean of squares.", Within{0, 0.9999999}},
        Field{"epsilon", &C::epsilon, "Adam: added to the root of the mean of squares.", Above{0}},
        Field{"momentum", &C::momentum, "SGD: share of the last update kept.",
              Within{0, 0.9999999}},
        Field{"nesterov", &C::nesterov, "SGD: look ahead along the momentum."},
        Field{"weight_decay", &C::weight_decay,
              "adam, sgd: L2 penalty in the gradient; adamw: decay apart from it.", AtLeast{0}},
        Field{"clip", &C::clip, "Largest norm of the gradient; 0 never clips.", AtLeast{0}},
        Field{"average", &C::average, "Decay of the moving average of the weights; 0 keeps none.",
              Within{0, 0.9999999}},
        Field{"schedule", &C::schedule, "Learning rate over the training."},
        Field{"warmup_steps", &C::warmup_steps, "Steps of linear rise at the start.", AtLeast{0}},
        Field{"step_every", &C::step_every, "step: steps between two drops.", AtLeast{1}},
        Field{"step_factor", &C::step_factor, "step: factor of each drop.", Within{0, 1}},
        Field{"final_factor", &C::final_factor, "cosine, linear: share of the rate at the end.",
              Within{0, 1}}};
  }
};

// The learning rate of step `step` in [0, total). Cosine: Loshchilov & Hutter, "SGDR", 2017, eq. 5
// without restarts.
double learning_rate_at(const OptimizerConfig& config, int64_t step, int64_t total);

class Optimizer {
 public:
  // `parameters` by their names in the model; those that require no gradient are only averaged.
  Optimizer(std::string name, NamedTensors parameters, const OptimizerConfig& config);

  // One update along the gradient of `loss` [] with respect to its own parameters and no others, so
  // that two optimizers may share a graph (keep_graph = true for all but the last) with nothing
  // frozen or detached. Throws Error(kDiverged), with the parameters unchanged, when the loss or
  // the norm of the gradient is not finite.
  void minimize(const torch::Tensor& loss, bool keep_graph = false);

  // Says which step of how many is to come; called by the trainer before each training_step.
  void set_clock(int64_t step, int64_t total);

  double learning_rate() const { return learning_rate_at(config_, step_, total_); }
  double gradient_norm() const { return gradient_norm_; }  // of the last update, before clipping
  const std::string& name() const { return name_; }
  const OptimizerConfig& config() const { return config_; }

  // Moments and the count of updates, for checkpoints. Empty moments are not in it.
  NamedTensors state() const;
  // Throws Error(kCheckpoint) when `state` is not that of this optimizer.
  void load_state(const NamedTensors& state, const std::string& where);

  bool averages() const { return config_.average > 0; }
  // The moving average of each parameter, by its name; empty when it keeps none.
  NamedTensors average() const;
  void load_average(const NamedTensors& average, const std::string& where);
  // Exchanges weights and averages; a second call undoes the first.
  void swap_average();

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, first, second,
        average;  // moments are undefined before the first update
  };
  std::vector<torch::Tensor> gradients_of(const torch::Tensor& loss, bool keep_graph) const;
  void update(const std::vector<torch::Tensor>& gradients, double scale);
  void update_by_tensors(Slot& slot, const torch::Tensor& gradient, double scale) const;

  std::string name_;
  OptimizerConfig config_;
  std::vector<Slot> slots_;
  int64_t updates_ = 0, step_ = 0, total_ = 1;
  double gradient_norm_ = 0;
};

// Puts the averaged weights of all these optimizers in place while it lives.
class AverageScope {
 public:
  explicit AverageScope(std::vector<Optimizer*> optimizers);
  ~AverageScope();
  AverageScope(const AverageScope&) = delete;
  AverageScope& operator=(const AverageScope&) = delete;

 private:
  std::vector<Optimizer*> optimizers_;
};

}  // namespace figment
