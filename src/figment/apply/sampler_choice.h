// How a model that draws in steps is to draw, as asked for when it is used.
#pragma once

#include <cstdint>
#include <string>

#include "figment/apply/open_run.h"

namespace figment {

// What is left at its default stays as the run has it.
struct SamplerChoice {
  std::string sampler{};  // ancestral, ddim or dpm_solver
  int64_t steps = 0;      // in [1, those of the training]
  double eta = -1;        // in [0, 1], of ddim
  double guidance = -1;   // in [0, 100], of models that are told the class

  bool any() const { return !sampler.empty() || steps > 0 || eta >= 0 || guidance >= 0; }
};

// Sets the model's sampler, for all later calls. Throws Error(kConfig) naming the option when the
// model does not draw in steps, there is no such sampler, more steps are asked for than there are,
// or an option says nothing to this sampler or model.
void choose_sampler(const LoadedRun& run, const SamplerChoice& choice);

}  // namespace figment
