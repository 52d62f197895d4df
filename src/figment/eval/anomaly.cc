#include "figment/eval/anomaly.h"

#include <algorithm>
#include <set>

#include "figment/data/padding.h"
#include "figment/eval/nearest.h"
#include "figment/eval/pca.h"
#include "figment/model/abilities.h"

namespace figment {
namespace {

constexpr int64_t kMostReferences = 10000;

// The examples of a set: their numbers, and which of these are no padding; both [n, d].
struct Rows {
  torch::Tensor x;
  torch::Tensor real;  // undefined where all are
};

// What PCA leaves of each element, 0 in padding. [n, d]
torch::Tensor rest_of(const Pca& pca, const Rows& rows) {
  const auto rest = rows.x - pca.decode(pca.encode(rows.x));
  return rows.real.defined() ? rest * rows.real : rest;
}

torch::Tensor sum_of_squares(const torch::Tensor& rest) {
  return rest.square().sum(1).to(torch::kDouble);
}

void add_pca(int64_t code_dim, const Rows& train, const Rows& test, at::IntArrayRef image,
             TrivialScores& out) {
  const auto widest = std::min(train.x.size(1), train.x.size(0)) - 1;
  if (train.x.size(1) > kWidestPca || widest < 1) return;
  std::set<int64_t> sizes;
  for (const auto k : {code_dim, int64_t{10}, int64_t{20}, int64_t{40}})
    if (k >= 1 && k <= widest) sizes.insert(k);
  if (sizes.empty()) return;  // few elements, and a code as wide as they are
  const auto all = fit_pca(train.x, *sizes.rbegin());
  for (const auto k : sizes) {
    auto pca = all;
    pca.axes = all.axes.narrow(1, 0, k).contiguous();
    const auto name = "pca_" + std::to_string(k);
    const auto of_train = rest_of(pca, train), of_test = rest_of(pca, test);
    out.training.emplace_back(name, sum_of_squares(of_train));
    out.set.emplace_back(name, sum_of_squares(of_test));
    if (image.empty()) {
      ElementErrors usual;
      usual.add(of_train, train.x, train.real);
      out.training.emplace_back(name + "_weighted", usual.weighted(of_train));
      out.set.emplace_back(name + "_weighted", usual.weighted(of_test));
      continue;
    }
    if (k != code_dim) continue;
    const auto share = [&](const torch::Tensor& x) {
      std::vector<int64_t> shape = {x.size(0)};
      shape.insert(shape.end(), image.begin(), image.end());
      return unexplained_share(x.view(shape), pca.decode(pca.encode(x)).view(shape));
    };
    out.training.emplace_back(name + "_share", share(train.x));
    out.set.emplace_back(name + "_share", share(test.x));
  }
}

// Distances to the nearest reference, of the references themselves and of others.
void add_nearest(const char* name, const torch::Tensor& references, const torch::Tensor& test,
                 TrivialScores& out) {
  if (references.size(0) < 2) return;
  const auto squared = [](const Neighbours& found) {
    return found.distance.select(1, 0).to(torch::kDouble).square();
  };
  out.training.emplace_back(name, squared(nearest(references, references, 1, true)));
  out.set.emplace_back(name, squared(nearest(references, test, 1)));
}

JudgedScore judged(const std::string& name, const torch::Tensor& training,
                   const torch::Tensor& scores, const torch::Tensor& anomaly, double quantile) {
  JudgedScore out;
  out.name = name;
  out.scores = scores;
  out.threshold = quantile_of(training, quantile);
  if (anomaly.defined()) {
    out.auroc = auroc(scores, anomaly);
    out.average_precision = average_precision(scores, anomaly);
    out.flagging = flag_above(scores, anomaly, out.threshold);
  } else {
    out.flagging = flag_above(scores, torch::zeros_like(scores, torch::kBool), out.threshold);
  }
  return out;
}

}  // namespace

TrivialScores trivial_scores(int64_t code_dim, const Scaling& scaling, const Dataset& training,
                             const Dataset& set) {
  torch::NoGradGuard no_grad;
  const bool images = set.spec.modality == Modality::kImage;
  const auto train = to_model(scaling, training.x, training.length);
  const auto test = to_model(scaling, set.x, set.length);
  TrivialScores out;
  add_pca(code_dim, {train.flatten(1), real_elements(training)},
          {test.flatten(1), real_elements(set)},
          images ? at::IntArrayRef(set.spec.shape) : at::IntArrayRef(), out);
  const auto kept = std::min(train.size(0), kMostReferences);
  const auto some = train.index_select(
      0, (torch::arange(kept) * train.size(0)).div(std::max<int64_t>(kept, 1), "floor"));
  add_nearest("nearest", some.flatten(1), test.flatten(1), out);
  if (images) {
    // Between pictures of length 1 the squared distance is 2 - 2 cos, which ranks as 1 - cos^2.
    const auto unit = [](const torch::Tensor& x) {
      const auto smooth = blurred(x).flatten(1);
      return smooth / smooth.norm(2, 1, true).clamp_min(1e-12);
    };
    add_nearest("nearest_share", unit(some), unit(test), out);
  }
  return out;
}

AnomalyJudgement judge_anomalies(Model& model, const Scaling& scaling, const Dataset& training,
                                 const Dataset& set, const torch::Tensor& anomaly,
                                 double quantile) {
  AnomalyJudgement out;
  const AnomalyDetector detector(model, scaling, training);
  const auto scores = detector.score(set);
  for (std::size_t i = 0; i < scores.size(); ++i)
    out.model.push_back(judged(scores[i].first, detector.training()[i].second, scores[i].second,
                               anomaly, quantile));
  const auto* encodes = dynamic_cast<Encodes*>(&model);
  const auto trivial =
      trivial_scores(encodes != nullptr ? encodes->code_dim() : 0, scaling, training, set);
  for (std::size_t i = 0; i < trivial.set.size(); ++i)
    out.trivial.push_back(judged(trivial.set[i].first, trivial.training[i].second,
                                 trivial.set[i].second, anomaly, quantile));
  return out;
}

Results results_of(const std::vector<JudgedScore>& model) {
  Results out;
  const auto add = [&](const JudgedScore& score, const std::string& suffix) {
    out.emplace_back("auroc" + suffix, score.auroc);
    out.emplace_back("average_precision" + suffix, score.average_precision);
    out.emplace_back("f1" + suffix, score.flagging.f1);
    out.emplace_back("precision" + suffix, score.flagging.precision);
    out.emplace_back("recall" + suffix, score.flagging.recall);
    out.emplace_back("threshold" + suffix, score.threshold);
  };
  add(model.front(), "");
  out.emplace_back("false_positive_rate", model.front().flagging.false_positive_rate);
  for (const auto& score : model) add(score, "_" + score.name);
  return out;
}

Results trivial_results_of(const std::vector<JudgedScore>& trivial) {
  Results out;
  for (const auto& score : trivial) {
    out.emplace_back(score.name + "_auroc", score.auroc);
    out.emplace_back(score.name + "_f1", score.flagging.f1);
  }
  return out;
}

torch::Tensor known_anomalies(const Dataset& set, const std::vector<std::string>& normal) {
  if (!set.label.defined() || normal.empty()) return {};
  auto odd = torch::ones_like(set.label, torch::kBool);
  for (std::size_t k = 0; k < set.spec.classes.size(); ++k)
    if (std::find(normal.begin(), normal.end(), set.spec.classes[k]) != normal.end())
      odd &= set.label != static_cast<int64_t>(k);
  return odd;
}

}  // namespace figment
