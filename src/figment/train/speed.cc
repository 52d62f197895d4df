#include "figment/train/speed.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/loader.h"
#include "figment/model/step_times.h"
#include "figment/nn/precision.h"
#include "figment/train/device.h"
#include "figment/train/operations.h"
#include "figment/train/trainer.h"

namespace figment {
namespace {

constexpr int64_t kWarmUp = 3, kLeastSteps = 3;
constexpr int64_t kValidationBatches = 8;
constexpr int64_t kProductSide = 1024;

using Steady = std::chrono::steady_clock;
double since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

void synchronize(torch::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

std::vector<ModuleSize> modules_of(const Model& model) {
  std::vector<ModuleSize> out;
  int64_t rest = 0;
  for (const auto& parameter : model.parameters(/*recurse=*/false)) rest += parameter.numel();
  for (const auto& part : model.named_children()) {
    int64_t sum = 0;
    for (const auto& parameter : part.value()->parameters()) sum += parameter.numel();
    if (sum > 0) out.push_back({part.key(), sum});
  }
  if (rest > 0) out.push_back({"", rest});
  return out;
}

int64_t share(const std::vector<double>& sorted, double of) {
  return std::llround(of * static_cast<double>(sorted.size() - 1));
}

class Timing {
 public:
  Timing(Prepared& prepared, const SpeedOptions& options)
      : prepared_(prepared),
        options_(options),
        scaling_(Scaling::fit(prepared.data.train, prepared.recipe.data.scaling)),
        loader_(prepared.data.train, scaling_,
                {prepared.recipe.train.batch_size, true, mix(prepared.recipe.seed, kSeedOrder),
                 prepared.model->device()}) {}

  int64_t epochs() const {
    const auto& train = prepared_.recipe.train;
    const auto batches = loader_.batches();
    return train.steps > 0 ? (train.steps + batches - 1) / batches : train.epochs;
  }

  StageSpeed stage(const Stage& stage) {
    StageSpeed out;
    out.name = stage.name;
    const auto& train = prepared_.recipe.train;
    out.steps = stage.epochs * loader_.batches();
    if (train.steps > 0) out.steps = std::min(out.steps, train.steps);
    prepared_.model->begin_stage(stage);
    for (int64_t i = 0; i < kWarmUp; ++i) {
      step(i, out, nullptr);
      if (first_step_ == 0) first_step_ = process_age();
    }
    out.operations = operations_of_a_step(out);
    times(out);
    validations(out);
    return out;
  }

  double first_step() const { return first_step_; }

 private:
  // Of a whole batch. Not in the steps that are timed, since counting takes time.
  double operations_of_a_step(StageSpeed& out) {
    const OperationCount operations;
    step(0, out, nullptr);
    return operations.total();
  }

  void times(StageSpeed& out) {
    std::vector<double> all;
    const auto start = Steady::now();
    for (int64_t i = 0; i < options_.steps; ++i) {
      if (i >= kLeastSteps && since(start) > options_.seconds) break;
      StepTimes spent;
      all.push_back(step(kWarmUp + i, out, &spent));
    }
    out.timed = static_cast<int64_t>(all.size());
    const auto n = static_cast<double>(out.timed);
    for (auto* mean : {&out.data, &out.forward, &out.backward, &out.update}) *mean /= n;
    std::sort(all.begin(), all.end());
    const auto at = [&](double of) { return all[static_cast<std::size_t>(share(all, of))]; };
    out.median = at(0.5);
    out.lower = at(0.25);
    out.upper = at(0.75);
  }

  // Does step `i`; with `spent`, adds where its time went to `out`. Seconds of all of it.
  double step(int64_t i, StageSpeed& out, StepTimes* spent) {
    auto& model = *prepared_.model;
    const auto device = model.device();
    const auto batches = loader_.batches();
    model.train();
    model.set_clock({i % out.steps, out.steps, i / batches});
    const auto start = Steady::now();
    seed_generators(mix(prepared_.recipe.seed, kSeedStep, static_cast<std::uint64_t>(i)));
    const auto batch = loader_.batch(i / batches, i % batches);
    synchronize(device);
    const auto data = since(start);
    StepTimes ignored;
    {
      const StepTimesScope asked(spent == nullptr ? ignored : *spent);
      const PrecisionScope precision(prepared_.recipe.train.precision, device);
      // The trainer reads every metric too.
      for (const auto& metric : model.training_step(batch)) metric.second.item<double>();
    }
    synchronize(device);
    const auto all = since(start);
    if (spent == nullptr) return all;
    out.data += data;
    out.backward += spent->backward;
    out.update += spent->update;
    out.forward += all - data - spent->backward - spent->update;
    return all;
  }

  void validations(StageSpeed& out) {
    const auto& train = prepared_.recipe.train;
    const auto& set = prepared_.data.validation;
    if (set.size() == 0) return;
    const auto epochs = (out.steps + loader_.batches() - 1) / loader_.batches();
    out.validations = (epochs + train.validate_every - 1) / train.validate_every;
    const auto part = set.first(std::min(set.size(), kValidationBatches * train.batch_size));
    const auto start = Steady::now();
    validate(*prepared_.model, part, scaling_, train.batch_size, prepared_.recipe.seed);
    out.validation =
        since(start) * static_cast<double>(set.size()) / static_cast<double>(part.size());
  }

  Prepared& prepared_;
  const SpeedOptions& options_;
  Scaling scaling_;
  Loader loader_;
  double first_step_ = 0;
};

}  // namespace

int64_t Speed::parameters() const {
  int64_t sum = 0;
  for (const auto& module : modules) sum += module.parameters;
  return sum;
}

Speed measure_speed(const Family& family, const Recipe& recipe, const SpeedOptions& options,
                    const Watch& watch) {
  auto prepared = prepare(family, recipe, watch);
  start_from(prepared.recipe, *prepared.model);
  Speed out;
  out.modules = modules_of(*prepared.model);
  out.batch_size = prepared.recipe.train.batch_size;
  out.threads = prepared.threads;
  out.device = prepared.model->device().str();
  Timing timing(prepared, options);
  const auto stages = prepared.model->stages(timing.epochs());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    out.stages.push_back(timing.stage(stages[i]));
    const auto& last = out.stages.back();
    out.finish += last.median * static_cast<double>(last.steps) +
                  last.validation * static_cast<double>(last.validations);
    if (i + 1 == stages.size()) break;
    try {
      prepared.model->eval();
      prepared.model->end_stage(stages[i]);
    } catch (const Error& error) {
      out.unmeasured = error.what();
      break;
    }
  }
  out.first_step = timing.first_step();
  out.peak_bytes = peak_memory();
  if (prepared.model->device().is_cpu())
    out.product_rate = matrix_product_rate(prepared.recipe.train.precision);
  return out;
}

double matrix_product_rate(Precision precision) {
  const torch::NoGradGuard no_grad;
  const auto type = precision == Precision::kBfloat16 ? torch::kBFloat16 : torch::kFloat;
  const auto a = torch::randn({kProductSide, kProductSide}).to(type), b = torch::randn_like(a);
  double best = 0;
  const auto begin = Steady::now();
  // Where there are no instructions for bfloat16 a single product takes seconds.
  for (int i = 0; i < 8 && since(begin) < 0.5; ++i) {
    const auto start = Steady::now();
    const auto c = a.mm(b);
    best = std::max(best, 2.0 * kProductSide * kProductSide * kProductSide / since(start));
  }
  return best;
}

double process_age() {
  // proc(5): field 22 of stat is the start in clock ticks since boot; the name, field 2, may hold
  // anything, but ends at the last parenthesis.
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string word;
  for (int field = 3; field <= 22; ++field) rest >> word;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto start =
      word.empty() ? 0.0 : std::stod(word) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) - start;
}

int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;  // Linux counts KiB
}

}  // namespace figment
