// Metrics by name, for `figment eval RUN NAME ...`: each is a file of eval/metrics/ that the build
// finds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "figment/data/open.h"
#include "figment/eval/evaluate.h"
#include "figment/model/family.h"

namespace figment {

// What the command line may ask of a metric; each reads what concerns it.
struct MetricOptions {
  int64_t samples = 0;     // how many the metric draws; 0 is its own default
  bool calibrate = false;  // print what known good and bad sets reach beside the model
  std::string features{};  // a file of a feature network in place of the metric's own
};

// What a metric measures and with what.
struct MetricRequest {
  Model& model;
  const Family& family;
  const Scaling& scaling;
  const Dataset& training;  // the part the model was fitted on
  const Dataset& set;       // the part it is judged on
  const DataConfig& data;   // what the recipe says of them
  std::uint64_t seed = 1;
  MetricOptions options{};
  // Whether `set` is the first of `training`: what looks for neighbours there leaves out each
  // itself.
  bool within_training = false;
};

// Of how many samples a number is, and how many examples they were held against; 0: none.
struct SampleCounts {
  int64_t samples = 0, reference = 0;
};

// `metrics` are of the model; `baselines` are of trivial models on the same data, in the same
// units.
struct Measured {
  Results metrics{};
  Results baselines{};
  // Of a metric by its name: the ends of its interval of 95 %.
  std::vector<std::pair<std::string, std::pair<double, double>>> intervals{};
  // What the numbers are of, such as ("features", "LeNet-5 trained on mnist, error 0.9 %").
  std::vector<std::pair<std::string, std::string>> notes{};
  // Of a metric that is of samples, by its name.
  std::vector<std::pair<std::string, SampleCounts>> counts{};
};

// In eval/metrics/NAME.cc: `extern const Metric NAME; const Metric NAME = {...};` in namespace
// figment::metrics.
struct Metric {
  std::string_view name;     // the word of the command line
  std::string_view summary;  // what it measures, for the help
  // Throws Error(kConfig) when the model lacks an ability it needs, Error(kData) when the examples
  // lack what it needs, such as labels.
  Measured (*measure)(const MetricRequest& request);
  // Whether `training` is the run's own even where another set is judged: a threshold that was
  // fitted on what is judged would say nothing.
  bool fits_run = false;
};

// All there are, in alphabetical order; written by the build.
const std::vector<const Metric*>& all_metrics();

// Throws Error(kConfig) naming the metrics there are.
const Metric& metric_named(std::string_view name);

// What there is to say of a model without the name of a metric: evaluate() and baselines(), or the
// metric "separation" where it is all that the model can be judged by.
Measured measure_default(const MetricRequest& request);
// Whether taking sums apart is all that a model can be judged by.
bool only_separates(Model& model);

// Throws Error(kConfig): the metric asks for an ability that the model's family lacks.
[[noreturn]] void metric_lacks(const MetricRequest& request, std::string_view metric,
                               const char* ability);
// Throws Error(kData) when a set has no labels.
void need_labels(const Dataset& set, std::string_view metric);
// Throws Error(kData) when the training part holds nothing but the example judged.
void need_others(const MetricRequest& request, std::string_view metric);

}  // namespace figment
