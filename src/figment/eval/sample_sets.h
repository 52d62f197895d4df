// What the metrics of sample quality are of: samples of a model and real examples, drawn and looked
// at once for all of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "figment/eval/sample_quality.h"

namespace figment {

// Real examples that something known was done to, to say what a value means.
struct CalibrationRow {
  std::string name{};  // prefix of the baselines: "pca_50"
  std::string what{};  // "PCA-50 reconstructions"
  Evidence evidence{};
};

struct SampleSets {
  FeatureSpace space;
  Evidence samples{};
  Evidence real{};
  // The first samples (2,000 at most), [m, shape...] in the data's numbers.
  torch::Tensor first{};
  std::vector<CalibrationRow> rows{};                        // when request.options.calibrate
  std::vector<std::pair<std::string, std::string>> notes{};  // features, samples, calibration
};

// At most so many real examples are looked at, or as many as there are samples if that is more, and
// as many samples drawn as real examples, unless options.samples says otherwise.
inline constexpr int64_t kUsualExamples = 10000;
inline constexpr int64_t kPixelExamples = 2000;  // whose numbers themselves are compared

// While it lives, sample_sets() keeps what it made and gives it to whoever asks for the same:
// metrics of one command share samples and features. The requests' models and data sets must live
// as long. One at a time.
class SampleScope {
 public:
  // `say` is told of what takes long.
  explicit SampleScope(Say say = {});
  ~SampleScope();
  SampleScope(const SampleScope&) = delete;
  SampleScope& operator=(const SampleScope&) = delete;
};

// Draws and looks. Samples follow from (seed, number of the sample), as those of `figment sample`;
// of images they are cut to 8 bits, as the real ones are. The LeNet of labelled images learns from
// all classes and the validation part too: it belongs to the data set, and is the same for all runs
// on it. Throws Error(kConfig) when the model does not sample, Error(kRun) when what it samples is
// not finite, and what feature_space() throws.
// With `classes` a plain classifier learns from labelled vectors and series, so that evidence has
// classes too.
std::shared_ptr<const SampleSets> sample_sets(const MetricRequest& request, std::string_view metric,
                                              bool classes = false);

// The space that the samples of a run are compared in, by what its recipe says of its data.
FeatureSpace space_of_run(const std::string& features, const Dataset& training, const Dataset& test,
                          const Scaling& scaling, const DataConfig& data, const Say& say);

// n samples looked at, in order; `first`, if given, receives the first kPixelExamples of them. Of
// label [n], where it is defined, the classes asked for.
Evidence look_at_samples(const MetricRequest& request, const FeatureSpace& space, int64_t n,
                         const torch::Tensor& label, torch::Tensor* first);

// A metric of one Judge: its numbers of the model, and of each calibration row as baselines; for
// the metrics named in `readings` a sentence where the model lies. `classes`: as of sample_sets.
Measured measure_samples(const MetricRequest& request, std::string_view metric, Judge judge,
                         const std::vector<std::string>& readings, bool classes = false);

// The first n of 0 ... size - 1 in a fixed shuffle; all, in their order, when there are no more.
torch::Tensor some_rows(int64_t size, int64_t n);

}  // namespace figment
