#include "figment/apply/attribute_axes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/eval/ranking.h"

namespace figment {
namespace {

constexpr double kRidge = 1e-3;        // of a column of variance 1, against the mean loss
constexpr int kNewtonSteps = 50;       // convergence takes about ten
constexpr double kConverged = 1e-8;    // of a step of standardised weights
constexpr double kDependent = 1e-6;    // length of what is left of a vector, if it is nothing
constexpr double kEnoughIsLeft = 0.3;  // of an axis, with all classes fixed

double mean_loss(const torch::Tensor& logits, const torch::Tensor& target, const torch::Tensor& w) {
  // log(1 + exp(-s)) without overflow, s the signed logit.
  const auto s = logits * (2 * target - 1);
  return (-torch::log_sigmoid(s)).mean().item<double>() +
         kRidge / 2 * w.narrow(0, 1, w.size(0) - 1).square().sum().item<double>();
}

// z with columns of mean 0 and variance 1, those that never change 0.
struct Standardised {
  torch::Tensor z, scale;  // [n, k], [k]

  explicit Standardised(const torch::Tensor& given) {
    const auto deviation = given.std(0, /*unbiased=*/false);
    scale = torch::where(deviation > 1e-12, 1 / deviation.clamp_min(1e-12),
                         torch::zeros_like(deviation));
    z = (given - given.mean(0, true)) * scale;
  }
};

}  // namespace

std::vector<std::string> AttributeTable::names() const {
  std::vector<std::string> out;
  for (const auto& column : columns) out.push_back(column.name);
  return out;
}

AttributeTable attribute_table(const Dataset& set, int64_t most_classes) {
  AttributeTable out;
  std::vector<torch::Tensor> values;
  if (set.attributes.defined()) {
    for (std::size_t i = 0; i < set.spec.attributes.size(); ++i) {
      const auto value = set.attributes.select(1, static_cast<int64_t>(i)).to(torch::kDouble);
      const bool yes_no = ((value == 0) | (value == 1)).all().item<bool>();
      out.columns.push_back({set.spec.attributes[i], yes_no, false});
      values.push_back(value);
    }
  }
  const auto classes = static_cast<int64_t>(set.spec.classes.size());
  if (set.label.defined() && classes >= 2 && classes <= most_classes) {
    for (int64_t k = 0; k < classes; ++k) {
      out.columns.push_back({"class:" + set.spec.classes[static_cast<std::size_t>(k)], true, true});
      values.push_back((set.label == k).to(torch::kDouble));
    }
  }
  if (!values.empty()) out.values = torch::stack(values, 1);
  return out;
}

torch::Tensor linear_regression(const torch::Tensor& z, const torch::Tensor& target) {
  const Standardised x(z);
  const auto n = static_cast<double>(z.size(0));
  const auto gram = x.z.t().mm(x.z) / n + kRidge * torch::eye(z.size(1), torch::kDouble);
  const auto w = torch::linalg_solve(gram, x.z.t().mv(target - target.mean()) / n);
  return w * x.scale;
}

// Newton's method (iteratively reweighted least squares) with halved steps where a whole one does
// not lower the loss; the ridge keeps separable classes finite.
torch::Tensor logistic_regression(const torch::Tensor& z, const torch::Tensor& target) {
  const Standardised x(z);
  const auto n = static_cast<double>(z.size(0));
  const auto design = torch::cat({torch::ones({z.size(0), 1}, torch::kDouble), x.z}, 1);
  auto ridge = torch::full({design.size(1)}, kRidge, torch::kDouble);
  ridge[0] = 1e-9;  // the offset is free
  auto w = torch::zeros({design.size(1)}, torch::kDouble);
  auto loss = mean_loss(design.mv(w), target, w);
  for (int step = 0; step < kNewtonSteps; ++step) {
    const auto p = torch::sigmoid(design.mv(w));
    const auto gradient = design.t().mv(p - target) / n + ridge * w;
    const auto curvature =
        design.t().mm(design * (p * (1 - p)).unsqueeze(1)) / n + torch::diag(ridge);
    auto move = torch::linalg_solve(curvature, gradient);
    auto tried = mean_loss(design.mv(w - move), target, w - move);
    for (int halved = 0; halved < 30 && !(tried <= loss); ++halved) {
      move = move / 2;
      tried = mean_loss(design.mv(w - move), target, w - move);
    }
    if (!(tried <= loss)) break;
    w = w - move;
    loss = tried;
    if (move.abs().max().item<double>() < kConverged) break;
  }
  return w.narrow(0, 1, z.size(1)) * x.scale;
}

namespace {

double r_squared(const torch::Tensor& predicted, const torch::Tensor& truth) {
  const auto squares = (truth - truth.mean()).square().sum().item<double>();
  if (squares == 0) return std::numeric_limits<double>::quiet_NaN();
  return 1 - (truth - predicted).square().sum().item<double>() / squares;
}

AttributeAxis fit_axis(const AttributeTable::Column& column, const torch::Tensor& z,
                       const torch::Tensor& value) {
  AttributeAxis out;
  out.column = column;
  out.mean = value.mean().item<double>();
  out.deviation = value.std(/*unbiased=*/false).item<double>();
  out.weight = torch::zeros({z.size(1)}, torch::kDouble);
  if (out.deviation < 1e-12) return out;
  const auto w = column.yes_no ? logistic_regression(z, value) : linear_regression(z, value);
  const auto unit = column.yes_no ? z.mv(w).std(/*unbiased=*/false).item<double>() : out.deviation;
  if (unit > 1e-12) out.weight = w / unit;
  return out;
}

}  // namespace

AttributeAxes::AttributeAxes(const torch::Tensor& codes, const AttributeTable& known,
                             const torch::Tensor& held_out_codes, const AttributeTable& held_out) {
  FIGMENT_CHECK(codes.size(0) >= 2 && codes.size(0) == known.values.size(0));
  FIGMENT_CHECK(held_out_codes.size(0) == held_out.values.size(0));
  FIGMENT_CHECK(known.names() == held_out.names());
  const auto wide = codes.to(torch::kDouble);
  mean_ = wide.mean(0);
  const auto z = wide - mean_;
  for (std::size_t i = 0; i < known.columns.size(); ++i)
    axes_.push_back(fit_axis(known.columns[i], z, known.values.select(1, static_cast<int64_t>(i))));
  const auto [values, vectors] = torch::linalg_eigh(z.t().mm(z) / static_cast<double>(z.size(0)));
  root_ = (vectors * values.clamp_min(0).sqrt()).mm(vectors.t());
  const auto predicted = predict(held_out_codes);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    auto& axis = axes_[i];
    const auto truth = held_out.values.select(1, static_cast<int64_t>(i));
    const auto p = predicted.select(1, static_cast<int64_t>(i));
    axis.quality = axis.column.yes_no ? auroc(p, truth > 0.5)
                                      : r_squared(axis.mean + axis.deviation * p, truth);
  }
}

std::size_t AttributeAxes::index_of(const std::string& name) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (axes_[i].column.name == name) return i;
    names.push_back(axes_[i].column.name);
  }
  fail(Cause::kConfig, "--attribute", "expected one of ", join(names, ", "), "; got '",
       printable(name), "'", did_you_mean(name, names));
}

torch::Tensor AttributeAxes::predict(const torch::Tensor& codes) const {
  std::vector<torch::Tensor> weights;
  for (const auto& axis : axes_) weights.push_back(axis.weight);
  return (codes.to(torch::kDouble) - mean_).mm(torch::stack(weights, 1));
}

AttributeAxes::Direction AttributeAxes::direction(std::size_t axis,
                                                  const std::vector<std::size_t>& fixed) const {
  // In whitened codes u = root^-1 z a prediction is (root w) . u, and the shortest way is
  // orthogonal to those of the fixed ones.
  const auto own = root_.mv(axes_[axis].weight);
  Direction out{torch::zeros_like(own), 0};
  const auto length = own.norm().item<double>();
  if (length < 1e-12) return out;
  std::vector<torch::Tensor> basis;
  const auto without = [&](torch::Tensor v) {
    for (int twice = 0; twice < 2; ++twice)  // once leaves rounding along what was removed
      for (const auto& b : basis) v = v - b * b.dot(v);
    return v;
  };
  for (const auto i : fixed) {
    const auto other = root_.mv(axes_[i].weight);
    const auto rest = without(other);
    const auto left = rest.norm().item<double>();
    if (left > kDependent * std::max(1e-12, other.norm().item<double>()) && left > 1e-12)
      basis.push_back(rest / left);
  }
  const auto rest = without(own);
  out.independence = rest.norm().item<double>() / length;
  if (out.independence < kDependent) return {torch::zeros_like(own), 0};
  out.way = root_.mv(rest) / rest.dot(own);
  return out;
}

std::vector<std::size_t> AttributeAxes::usual_fixed(std::size_t axis) const {
  std::vector<std::size_t> attributes, all;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (i == axis || !axes_[i].told()) continue;
    all.push_back(i);
    if (!axes_[i].column.of_class) attributes.push_back(i);
  }
  if (axes_[axis].column.of_class) return attributes;
  return direction(axis, all).independence >= kEnoughIsLeft ? all : attributes;
}

}  // namespace figment
