// Where the time of a training step goes, for whoever asks: the optimizers tell, nobody else need.
#pragma once

namespace figment {

// Seconds, added up over all optimizers.
struct StepTimes {
  double backward = 0;  // gradients
  double update = 0;    // of weights, moments and averages
};

// While it lives, optimizers of this thread add their times to `times`. One at a time.
class StepTimesScope {
 public:
  explicit StepTimesScope(StepTimes& times);
  ~StepTimesScope();
  StepTimesScope(const StepTimesScope&) = delete;
  StepTimesScope& operator=(const StepTimesScope&) = delete;
};

// Where optimizers of this thread add to; null when nobody asks.
StepTimes* asked_step_times();

}  // namespace figment
