#include "figment/data/scaling.h"

#include "figment/core/error.h"

namespace figment {

Scaling Scaling::fit(const Dataset& training, ScalingKind kind) {
  Scaling out;
  if (training.x.scalar_type() == torch::kUInt8) {
    out.scale_ = torch::full({1}, 255.0f);
    return out;
  }
  if (kind == ScalingKind::kAuto)
    kind = training.spec.modality == Modality::kImage ? ScalingKind::kNone : ScalingKind::kStandard;
  if (kind == ScalingKind::kNone || training.size() == 0) return out;
  // One pair for each column of vectors; one for all of a series or an image, whose elements are
  // the same quantity.
  const bool columns = training.spec.modality == Modality::kVector;
  auto values = training.x;
  if (training.length.defined()) {
    // What pads a series says nothing about it.
    const auto steps = torch::arange(values.size(1));
    values = values.index({steps < training.length.unsqueeze(1)});  // [steps in all, D]
  }
  const auto x =
      columns ? values.flatten(1).to(torch::kDouble) : values.reshape({-1, 1}).to(torch::kDouble);
  torch::Tensor shift, scale;
  if (kind == ScalingKind::kUnit) {
    shift = std::get<0>(x.min(0));
    scale = std::get<0>(x.max(0)) - shift;
  } else {
    shift = x.mean(0);
    scale = x.std(0, /*unbiased=*/false);
  }
  // A word that one row in ten thousand has would stand at a hundred deviations: the few rows that
  // have it, and the many words like it, would outweigh all numbers.
  if (columns && training.one_hot.defined()) {
    shift = shift.masked_fill(training.one_hot, 0);
    scale = scale.masked_fill(training.one_hot, 1);
  }
  // A constant column has no scale to divide by.
  scale = torch::where(scale > 1e-12, scale, torch::ones_like(scale));
  out.shift_ = shift.to(torch::kFloat).contiguous();
  out.scale_ = scale.to(torch::kFloat).contiguous();
  return out;
}

torch::Tensor Scaling::to_model(const torch::Tensor& data) const {
  const auto x = data.to(torch::kFloat);
  // A product with the reciprocal, as the loader's gather does it: the same bits either way.
  return (x - shift_.to(x.device())) * scale_.reciprocal().to(x.device());
}

torch::Tensor Scaling::to_data(const torch::Tensor& model) const {
  return model * scale_.to(model.device()) + shift_.to(model.device());
}

NamedTensors Scaling::state() const { return {{"shift", shift_}, {"scale", scale_}}; }

Scaling Scaling::from_state(const NamedTensors& state, const std::string& where) {
  Scaling out;
  int found = 0;
  for (const auto& [name, tensor] : state) {
    if (tensor.scalar_type() != torch::kFloat || tensor.dim() != 1) continue;
    if (name == "shift") out.shift_ = tensor, ++found;
    if (name == "scale") out.scale_ = tensor, ++found;
  }
  if (found != 2 || state.size() != 2 || out.shift_.sizes() != out.scale_.sizes())
    fail(Cause::kCheckpoint, where,
         "expected the tensors shift and scale [D] float32 of a scaling");
  return out;
}

}  // namespace figment
