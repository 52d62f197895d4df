// The invertible layers that a flow is composed of. Each takes examples nearer to noise and back,
// and knows by how much it stretches space.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "figment/core/config.h"
#include "figment/models/flow/networks.h"

namespace figment::models {

enum class LayerKind {
  kActnorm,
  kLinear,
  kReverse,
  kCoupling,
  kCheckerboard,
  kAutoregressive,
  kSqueeze
};
constexpr auto enum_names(LayerKind) {
  return std::array{EnumName<LayerKind>{"actnorm", LayerKind::kActnorm},
                    EnumName<LayerKind>{"linear", LayerKind::kLinear},
                    EnumName<LayerKind>{"reverse", LayerKind::kReverse},
                    EnumName<LayerKind>{"coupling", LayerKind::kCoupling},
                    EnumName<LayerKind>{"checkerboard", LayerKind::kCheckerboard},
                    EnumName<LayerKind>{"autoregressive", LayerKind::kAutoregressive},
                    EnumName<LayerKind>{"squeeze", LayerKind::kSqueeze}};
}

enum class ElementMap { kAffine, kAdditive, kSpline };
constexpr auto enum_names(ElementMap) {
  return std::array{EnumName<ElementMap>{"affine", ElementMap::kAffine},
                    EnumName<ElementMap>{"additive", ElementMap::kAdditive},
                    EnumName<ElementMap>{"spline", ElementMap::kSpline}};
}

// How coupling and autoregressive layers map an element, given the parameters for it.
struct ElementMapOptions {
  ElementMap kind = ElementMap::kAffine;
  int64_t bins = 8;  // of a spline
  double bound = 3;  // a spline is the identity beyond

  int64_t parameters() const;  // of one element
};

// Examples at one side of a layer. x is [n, D] or [n, C, H, W].
struct Flowed {
  torch::Tensor x;
  torch::Tensor log_det;  // [n], the logarithm of the Jacobian's absolute determinant
};

class FlowLayer : public torch::nn::Module {
 public:
  // From the data's side to the noise's. condition [n, c] or undefined.
  virtual Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) = 0;
  // Back.
  virtual torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) = 0;
  // Called once with the first batch that the layer sees, before forward.
  virtual void begin_with(const torch::Tensor&) {}
};

// y = (x + shift) * exp(log_scale), one pair for each column or channel, which begins with mean 0
// and variance 1 on the first batch (Kingma & Dhariwal, "Glow", 2018, section 3.1).
class ActnormLayer : public FlowLayer {
 public:
  explicit ActnormLayer(int64_t channels);
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;
  void begin_with(const torch::Tensor& x) override;

 private:
  torch::Tensor shift_, log_scale_;  // [channels]
};

// An invertible matrix over columns, or over channels at every pixel (a 1x1 convolution), as
// W = P L (U + diag(s)) (Glow, eq. 10); begins as a random rotation.
class LinearLayer : public FlowLayer {
 public:
  explicit LinearLayer(int64_t channels);
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;

 private:
  torch::Tensor lower() const;                   // L
  torch::Tensor upper() const;                   // U + diag(s)
  torch::Tensor permutation_, sign_;             // P, and the signs of s
  torch::Tensor lower_, upper_, log_magnitude_;  // what is learned
};

// Each column or channel by a monotone spline of its own, which begins as the one that makes the
// first batch about standard normal (Meng et al., "Gaussianization flows", 2020, section 3.2). What
// is left to the other layers is how they hang together.
class MarginalLayer : public FlowLayer {
 public:
  MarginalLayer(int64_t channels, int64_t bins, double bound);
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;
  void begin_with(const torch::Tensor& x) override;

 private:
  int64_t bins_;
  double bound_;
  torch::Tensor raw_;  // [channels, parameters of a spline]
};

// Columns or channels in reversed order.
class ReverseLayer : public FlowLayer {
 public:
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;
};

// One half of an example stays, and a network of it says how each element of the other is mapped
// (Dinh et al., "Density estimation using Real NVP", 2017, eqs. 4 to 8). The halves are the first
// and the last columns or channels, or the black and the white squares of each channel.
class CouplingLayer : public FlowLayer {
 public:
  // `shape` of an example, [D] or [C, H, W]; `other`: the second half stays.
  CouplingLayer(std::vector<int64_t> shape, bool checkerboard, bool other,
                const ElementMapOptions& map, const FlowNetworkOptions& network);
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;

 private:
  struct Halves {
    torch::Tensor kept, moved;
  };
  Halves apart(const torch::Tensor& x) const;
  torch::Tensor together(const torch::Tensor& kept, const torch::Tensor& moved) const;
  // Parameters [n, elements of the moved half, k] of the map.
  torch::Tensor parameters_for(const torch::Tensor& kept, const torch::Tensor& condition);

  bool checkerboard_, other_;
  int64_t first_;  // columns or channels of the first half
  ElementMapOptions map_;
  FlowNetwork network_{nullptr};
};

// Each column is mapped as the columns before it say (Papamakarios et al., "Masked autoregressive
// flow for density estimation", 2017). Densities take one pass, the inverse one for each column.
class AutoregressiveLayer : public FlowLayer {
 public:
  AutoregressiveLayer(int64_t columns, bool reversed, const ElementMapOptions& map,
                      const FlowNetworkOptions& network);
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;

 private:
  bool reversed_;
  ElementMapOptions map_;
  MaskedNetwork network_{nullptr};
};

// [n, C, 2 H, 2 W] -> [n, 4 C, H, W] and back: squares of four pixels become channels (Real NVP,
// section 3.6).
torch::Tensor squeeze_pixels(const torch::Tensor& x);
torch::Tensor unsqueeze_pixels(const torch::Tensor& x);

// The same as a layer, which moves numbers and stretches nothing.
class SqueezeLayer : public FlowLayer {
 public:
  Flowed forward(const torch::Tensor& x, const torch::Tensor& condition) override;
  torch::Tensor inverse(const torch::Tensor& y, const torch::Tensor& condition) override;
};

}  // namespace figment::models
