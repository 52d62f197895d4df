#include "figment/eval/sample_quality.h"

#include <algorithm>
#include <cstdio>

#include "figment/core/error.h"
#include "figment/eval/bootstrap.h"
#include "figment/eval/class_quality.h"
#include "figment/eval/frechet.h"
#include "figment/eval/kernel_distance.h"
#include "figment/eval/prdc.h"

namespace figment {
namespace {

constexpr int64_t kMedianDraws = 200;
constexpr std::uint64_t kSeed = 2023;

void need_examples(const Evidence& judged, const Evidence& real, int64_t least,
                   const char* metric) {
  if (judged.size() >= least && real.size() >= least) return;
  fail(Cause::kData, metric, "expected ", least, " examples on either side at least, got ",
       judged.size(), " and ", real.size());
}

void need_classifier(const Evidence& judged, const char* metric) {
  if (!judged.log_p.defined())
    fail(Cause::kData, metric,
         "expected a classifier of the examples; it needs labelled ones to learn from, or of "
         "images a feature network with classes by --features");
}

void put(Measured& out, const std::string& name, double value) {
  out.metrics.emplace_back(name, value);
}
void put(Measured& out, const std::string& name, double value, const Interval& interval) {
  put(out, name, value);
  out.intervals.emplace_back(name, interval);
}

// The mean of `values` [n], which are of single examples.
void put_mean(Measured& out, const std::string& name, const torch::Tensor& values, bool interval) {
  put(out, name, values.mean().item<double>());
  if (interval) out.intervals.emplace_back(name, mean_interval(values));
}

// Of how many examples the numbers are that were put since there were `before` of them.
void put_counts(Measured& out, std::size_t before, const SampleCounts& counts) {
  for (auto i = before; i < out.metrics.size(); ++i)
    out.counts.emplace_back(out.metrics[i].first, counts);
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

void judge_fid(const Evidence& judged, const Evidence& real, bool intervals, Measured& out) {
  need_examples(judged, real, 2, "fid");
  const auto value = frechet_distance(judged.features, real.features);
  put(out, "fid", value);
  put_counts(out, out.metrics.size() - 1, {judged.size(), real.size()});
  if (intervals)
    out.intervals.emplace_back("fid", frechet_interval(value, judged.features, real.features));
}

void judge_kid(const Evidence& judged, const Evidence& real, bool intervals, Measured& out) {
  need_examples(judged, real, 4, "kid");
  const auto found = kernel_distance(judged.features, real.features);
  put(out, "kid", found.value);
  put_counts(out, out.metrics.size() - 1, {judged.size(), real.size()});
  if (!intervals) return;
  out.intervals.emplace_back("kid", found.interval);
  out.notes.emplace_back("kid", "mean over " + std::to_string(found.subsets) + " subsets of " +
                                    std::to_string(found.subset) + " examples of either side");
}

void judge_prdc(const Evidence& judged, const Evidence& real, bool intervals, Measured& out) {
  need_examples(judged, real, kPrdcNeighbours + 1, "prdc");
  const auto found = prdc(real.features, judged.features);
  const auto before = out.metrics.size();
  put_mean(out, "precision", found.precise, intervals);
  put_mean(out, "recall", found.recalled, intervals);
  put_mean(out, "density", found.dense, intervals);
  put_mean(out, "coverage", found.covered, intervals);
  put_counts(out, before, {judged.size(), real.size()});
}

void judge_modes(const Evidence& judged, const Evidence& real, bool intervals, Measured& out) {
  need_examples(judged, real, 1, "modes");
  need_classifier(judged, "modes");
  const auto found = class_balance(judged.log_p, class_shares(real.log_p));
  const auto before = out.metrics.size();
  put(out, "modes", found.found);
  put(out, "class_total_variation", found.total_variation);
  put_counts(out, before, {judged.size(), real.size()});
  if (!intervals) return;
  out.intervals.emplace_back("modes", found.found_interval);
  out.intervals.emplace_back("class_total_variation", found.total_variation_interval);
  out.notes.emplace_back("modes", "of " + std::to_string(found.present) +
                                      " classes, those with a tenth of their share at least");
}

void judge_inception_score(const Evidence& judged, const Evidence& real, bool intervals,
                           Measured& out) {
  need_examples(judged, real, 1, "inception_score");
  need_classifier(judged, "inception_score");
  put(out, "inception_score", inception_score(judged.log_p));
  put_counts(out, out.metrics.size() - 1, {judged.size(), real.size()});
  if (!intervals) return;
  out.intervals.emplace_back("inception_score", inception_interval(judged.log_p));
  out.baselines.emplace_back("reference_inception_score", inception_score(real.log_p));
  out.notes.emplace_back("inception_score",
                         "of the classifier of these features, not of Inception");
}

void judge_copies(const HeldRows& training, const HeldRows& samples, const HeldRows& real,
                  const torch::Tensor& own, Measured& out) {
  const int64_t least = own.defined() ? 3 : 2;
  if (training.size() < least || samples.size() < 1 || real.size() < 1)
    fail(Cause::kData, "memorisation", "expected ", least,
         " training examples and an example on either side at least, got ", training.size(),
         " to compare with");
  const auto before = out.metrics.size();
  const SampleCounts counts{samples.size(), training.size()};
  const auto of_samples = nearest_training(training, samples);
  const auto of_real = nearest_training(training, real, own);
  put_mean(out, "memorised", copies(of_samples), /*interval=*/true);
  out.baselines.emplace_back("real_memorised", copies(of_real).mean().item<double>());
  const auto usual = of_real.distance.median().item<double>();
  if (usual <= 0) {
    put_counts(out, before, counts);
    out.notes.emplace_back("nearest_ratio",
                           "left out: most of the real examples are among the training examples");
    return;
  }
  std::vector<double> drawn;
  for (int64_t draw = 0; draw < kMedianDraws; ++draw) {
    const auto again = [&](const torch::Tensor& values, std::uint64_t which) {
      const auto rows =
          drawn_rows(values.size(0), kSeed, 2 * static_cast<std::uint64_t>(draw) + which);
      return values.index_select(0, rows).median().item<double>();
    };
    const auto below = again(of_real.distance, 1);
    if (below > 0) drawn.push_back(again(of_samples.distance, 0) / below);
  }
  put(out, "nearest_ratio", of_samples.distance.median().item<double>() / usual,
      percentile_interval(torch::tensor(drawn, torch::kDouble)));
  put_counts(out, before, counts);
}

bool judge_labels(const torch::Tensor& log_p, const std::vector<std::string>& known,
                  const torch::Tensor& label, const std::vector<std::string>& asked,
                  Measured& out) {
  FIGMENT_CHECK(log_p.size(0) == label.size(0));
  std::vector<int64_t> number;  // of each asked class among the known
  for (const auto& name : asked) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) return false;
    number.push_back(at - known.begin());
  }
  const auto wanted = torch::tensor(number, torch::kLong).index_select(0, label);
  put_mean(out, "label_agreement", (log_p.argmax(1) == wanted).to(torch::kDouble),
           /*interval=*/true);
  put_counts(out, out.metrics.size() - 1, {log_p.size(0), 0});
  return true;
}

std::string reading_of(const std::string& metric, double value,
                       std::vector<std::pair<std::string, double>> known) {
  FIGMENT_CHECK(!known.empty());
  std::stable_sort(known.begin(), known.end(),
                   [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto shown = [](const std::pair<std::string, double>& one) {
    return one.first + " (" + short_number(one.second) + ")";
  };
  const auto above =
      std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.second > value; });
  const auto begin = metric + " " + short_number(value) + " lies ";
  if (above == known.begin())
    return begin + "below all that is shown, the least being " + shown(*above);
  const auto below = shown(*(above - 1));
  if (above == known.end()) return begin + "above all that is shown, the most being " + below;
  return begin + "between " + below + " and " + shown(*above);
}

}  // namespace figment
