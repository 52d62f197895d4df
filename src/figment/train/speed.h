// How fast a training is on this machine, by doing some of its steps.
#pragma once

#include <string>
#include <vector>

#include "figment/model/family.h"
#include "figment/train/prepare.h"

namespace figment {

// Of one stage. Times are seconds.
struct StageSpeed {
  std::string name{};
  int64_t steps = 0;                                       // of a whole training
  int64_t timed = 0;                                       // after a warm-up
  double median = 0, lower = 0, upper = 0;                 // of a step, with its quartiles
  double data = 0, forward = 0, backward = 0, update = 0;  // means; what is no other is forward
  double validation = 0;    // of one, the share of a part taken for all
  int64_t validations = 0;  // of a whole training
  double operations = 0;    // of a step, in matrix products and convolutions
};

struct ModuleSize {
  std::string name{};  // of a direct part of the model; empty for what lies in none
  int64_t parameters = 0;
};

struct Speed {
  std::vector<ModuleSize> modules{};
  int64_t batch_size = 0, threads = 0;
  std::string device{};
  std::vector<StageSpeed> stages{};
  std::string unmeasured{};  // why stages after these were not timed; empty when all were
  double first_step = 0;     // from the start of the process to the end of the first step
  double finish = 0;         // all steps and validations of the stages above
  int64_t peak_bytes = 0;    // resident, of the process so far
  double product_rate = 0;   // of this machine, operations a second

  int64_t parameters() const;
};

struct SpeedOptions {
  int64_t steps = 30;   // of each stage, after the warm-up
  double seconds = 20;  // a stage ends earlier, after three steps, when they took this long
};

// Trains each stage a little, on a model that is thrown away. What a stage learns is concluded
// before the next begins; where that fails for want of examples, the next ones are not timed.
// Throws Error(kDiverged) and whatever prepare() throws.
Speed measure_speed(const Family& family, const Recipe& recipe, const SpeedOptions& options,
                    const Watch& watch = {});

// Rate of a product of two 1024 x 1024 matrices with the threads set, the best of a few: operations
// a second. With bfloat16 the matrices are in it already.
double matrix_product_rate(Precision precision = Precision::kFloat32);

// Seconds since this process began, by the kernel's clock, to a hundredth.
double process_age();

// The most memory that this process had resident, in bytes.
int64_t peak_memory();

}  // namespace figment
