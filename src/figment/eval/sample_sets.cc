#include "figment/eval/sample_sets.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/eval/calibration.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 256;  // samples at a time
constexpr std::uint64_t kSubsetSeed = 20180622;

// What was made for one request, and by what it is known again.
using Key = std::tuple<const void*, const void*, int64_t, const void*, int64_t, std::uint64_t,
                       int64_t, bool, std::string, std::vector<double>>;
struct Kept {
  Say say{};
  std::vector<std::pair<Key, std::shared_ptr<const SampleSets>>> sets{};
};
std::optional<Kept>& scope() {
  static std::optional<Kept> kept;
  return kept;
}

// The samples of a model that draws in steps depend on how it was told to.
std::vector<double> sampler_of(Model& model) {
  auto* able = dynamic_cast<Stepwise*>(&model);
  if (able == nullptr) return {};
  const auto& sampler = able->sampler();
  return {static_cast<double>(sampler.kind), static_cast<double>(sampler.steps), sampler.eta,
          sampler.guidance, sampler.clip ? 1.0 : 0.0};
}

Key key_of(const MetricRequest& request) {
  const auto& options = request.options;
  return {&request.model,          request.set.x.data_ptr(),
          request.set.size(),      request.training.x.data_ptr(),
          request.training.size(), request.seed,
          options.samples,         options.calibrate,
          options.features,        sampler_of(request.model)};
}

// The model's numbers -> the data's, as the real examples are stored.
torch::Tensor as_data(const MetricRequest& request, const torch::Tensor& x,
                      std::string_view metric) {
  if (!x.isfinite().all().item<bool>())
    fail(Cause::kRun, "eval " + std::string(metric),
         "expected finite samples, got some that are "
         "not; the model may have diverged");
  if (request.training.spec.modality == Modality::kImage)
    return x.mul(255).round().clamp(0, 255).to(torch::kUInt8);
  return request.scaling.to_data(x);
}

// The same where a classifier of the features has learned from the labelled training examples.
SampleSets with_classes(SampleSets sets, const MetricRequest& request) {
  sets.space.learn_classes(request.training, request.set);
  const auto tell = [&](Evidence& seen) { seen.log_p = sets.space.log_p(seen.features); };
  tell(sets.samples);
  tell(sets.real);
  for (auto& row : sets.rows) tell(row.evidence);
  sets.notes.emplace_back("classifier", sets.space.classifier());
  return sets;
}

std::string counted(int64_t n, const std::string& what) { return std::to_string(n) + " " + what; }

SampleSets make(const MetricRequest& request, std::string_view metric, const Say& say) {
  torch::NoGradGuard no_grad;
  if (dynamic_cast<Samples*>(&request.model) == nullptr) metric_lacks(request, metric, "samples");
  request.model.eval();
  const auto asked = request.options.samples;
  SampleSets out{space_of_run(request.options.features, request.training, request.set,
                              request.scaling, request.data, say)};
  const auto real = some_rows(request.set.size(), std::max(kUsualExamples, asked));
  const auto n = asked > 0 ? asked : real.size(0);
  out.samples = look_at_samples(request, out.space, n, {}, &out.first);
  out.real = out.space.observe(request.set.x, real);
  out.notes.emplace_back("features", out.space.title());
  out.notes.emplace_back("samples", counted(n, "samples (seed ") + std::to_string(request.seed) +
                                        ") against " + counted(real.size(0), "examples of ") +
                                        request.set.name + ", " +
                                        counted(out.space.width(), "numbers each"));
  if (std::min(n, real.size(0)) <= out.space.width())
    out.notes.emplace_back("few examples",
                           "no more examples than features: distances are mostly of chance");
  if (!request.options.calibrate) return out;
  std::vector<std::string> words;
  for (const auto& set : calibration_sets(request.training, n)) {
    words.push_back(set.name + " is " + counted(set.size(), set.what));
    out.rows.push_back(
        {set.name, set.what, out.space.observe(request.training.x, set.index, set.change)});
  }
  out.notes.emplace_back("calibration", join(words, "; "));
  return out;
}

double value_of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  FIGMENT_CHECK(false);
  return 0;
}

}  // namespace

SampleScope::SampleScope(Say say) {
  FIGMENT_CHECK(!scope());
  scope().emplace();
  scope()->say = std::move(say);
}
SampleScope::~SampleScope() { scope().reset(); }

torch::Tensor some_rows(int64_t size, int64_t n) {
  if (size <= n) return torch::arange(size, torch::kLong);
  auto order = permutation(size, kSubsetSeed, 0);
  order.resize(static_cast<std::size_t>(n));
  return torch::tensor(order, torch::kLong);
}

FeatureSpace space_of_run(const std::string& features, const Dataset& training, const Dataset& test,
                          const Scaling& scaling, const DataConfig& data, const Say& say) {
  if (!features.empty() || !suits_lenet(training))
    return feature_space(features, training, test, scaling, say);
  auto config = data;
  config.validation = 0;
  config.normal.clear();
  const auto all = open_data(config);
  return feature_space("", all.train, all.test, scaling, say);
}

Evidence look_at_samples(const MetricRequest& request, const FeatureSpace& space, int64_t n,
                         const torch::Tensor& label, torch::Tensor* first) {
  torch::NoGradGuard no_grad;
  auto& able = dynamic_cast<Samples&>(request.model);
  const auto device = request.model.device();
  std::vector<torch::Tensor> features, log_p, kept;
  for (int64_t begin = 0; begin < n; begin += kBatch) {
    const auto m = std::min(kBatch, n - begin);
    Noise noise(request.seed, begin, m, device);
    SampleRequest asked;
    asked.n = m;
    asked.noise = &noise;
    if (label.defined()) asked.label = label.narrow(0, begin, m).to(device);
    const auto x =
        as_data(request, able.sample(asked).to(torch::kCPU, torch::kFloat), "of samples");
    const auto seen = space.observe(x);
    features.push_back(seen.features);
    if (seen.log_p.defined()) log_p.push_back(seen.log_p);
    if (first != nullptr && begin < kPixelExamples)
      kept.push_back(x.narrow(0, 0, std::min(m, kPixelExamples - begin)));
  }
  if (first != nullptr) *first = torch::cat(kept);
  return {torch::cat(features), log_p.empty() ? torch::Tensor() : torch::cat(log_p)};
}

std::shared_ptr<const SampleSets> sample_sets(const MetricRequest& request, std::string_view metric,
                                              bool classes) {
  using Shared = std::shared_ptr<const SampleSets>;
  const auto told = [&](const Shared& sets) -> Shared {
    const bool wanted =
        classes && sets->space.classes().empty() && teaches_classes(request.training);
    return wanted ? std::make_shared<const SampleSets>(with_classes(*sets, request)) : sets;
  };
  auto& kept = scope();
  if (!kept) return told(std::make_shared<const SampleSets>(make(request, metric, {})));
  const auto key = key_of(request);
  for (auto& [known, sets] : kept->sets)
    if (known == key) return sets = told(sets);
  kept->sets.emplace_back(
      key, told(std::make_shared<const SampleSets>(make(request, metric, kept->say))));
  return kept->sets.back().second;
}

Measured measure_samples(const MetricRequest& request, std::string_view metric, Judge judge,
                         const std::vector<std::string>& readings, bool classes) {
  torch::NoGradGuard no_grad;
  const auto sets = sample_sets(request, metric, classes);
  Measured out;
  out.notes = sets->notes;
  judge(sets->samples, sets->real, /*intervals=*/true, out);
  std::vector<std::pair<std::string, Results>> rows;
  for (const auto& row : sets->rows) {
    Measured one;
    judge(row.evidence, sets->real, /*intervals=*/false, one);
    for (const auto& [name, value] : one.metrics)
      out.baselines.emplace_back(row.name + "_" + name, value);
    rows.emplace_back(row.what, one.metrics);
  }
  for (const auto& name : readings) {
    if (rows.empty()) {
      out.notes.emplace_back("reading",
                             "a number alone says little: --calibrate shows what known "
                             "sets reach by the same features and as many examples");
      continue;
    }
    std::vector<std::pair<std::string, double>> known;
    for (const auto& [what, results] : rows) known.emplace_back(what, value_of(results, name));
    out.notes.emplace_back("reading of " + name,
                           reading_of(name, value_of(out.metrics, name), std::move(known)));
  }
  return out;
}

}  // namespace figment
