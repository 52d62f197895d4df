#include "figment/nn/curve.h"

#include "figment/core/error.h"

namespace figment {

static_assert(kLeak == kLeakySlope);

std::optional<Curve> curve_of(std::optional<Activation> activation) {
  if (!activation) return Curve::kNone;
  switch (*activation) {
    case Activation::kRelu:
      return Curve::kRelu;
    case Activation::kLeakyRelu:
      return Curve::kLeakyRelu;
    case Activation::kTanh:
      return Curve::kTanh;
    case Activation::kSigmoid:
      return Curve::kSigmoid;
    case Activation::kSilu:
      return Curve::kSilu;
    case Activation::kElu:
    case Activation::kGelu:
      return std::nullopt;
  }
  FIGMENT_CHECK(false);
}

torch::Tensor curve_value(Curve curve, const torch::Tensor& z) {
  switch (curve) {
    case Curve::kNone:
      return z;
    case Curve::kRelu:
      return torch::relu(z);
    case Curve::kLeakyRelu:
      return torch::leaky_relu(z, kLeakySlope);
    case Curve::kTanh:
      return torch::tanh(z);
    case Curve::kSigmoid:
      return torch::sigmoid(z);
    case Curve::kSilu:
      return torch::silu(z);
  }
  FIGMENT_CHECK(false);
}

torch::Tensor curve_back(Curve curve, const torch::Tensor& of_y, const torch::Tensor& kept) {
  switch (curve) {
    case Curve::kNone:
      return of_y;
    case Curve::kRelu:
      return of_y * (kept > 0);
    case Curve::kLeakyRelu:
      return torch::where(kept > 0, of_y, kLeakySlope * of_y);
    case Curve::kTanh:
      return of_y * (1 - kept * kept);
    case Curve::kSigmoid:
      return of_y * (kept * (1 - kept));
    case Curve::kSilu: {
      const auto s = torch::sigmoid(kept);
      return of_y * (s * (1 + kept * (1 - s)));
    }
  }
  FIGMENT_CHECK(false);
}

}  // namespace figment
