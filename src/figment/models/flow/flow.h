// Normalizing flow: an invertible network from examples to noise, whose density is exact.
// Dinh, Sohl-Dickstein & Bengio, "Density estimation using Real NVP", 2017,
// https://arxiv.org/abs/1605.08803 (RNVP below); Kingma & Dhariwal, "Glow", 2018; Papamakarios et
// al., "Masked autoregressive flow", 2017; Durkan et al., "Neural spline flows", 2019.
#pragma once

#include <memory>
#include <vector>

#include "figment/model/abilities.h"
#include "figment/model/likelihood.h"
#include "figment/model/model.h"
#include "figment/models/flow/layers.h"
#include "figment/nn/activation.h"
#include "figment/nn/convolution.h"

namespace figment::models {

struct FlowConfig {
  std::vector<LayerKind> step = {LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling};
  int64_t steps = 4;
  int64_t levels = 2;
  ElementMap map = ElementMap::kAffine;
  int64_t bins = 8;
  double bound = 3;
  std::vector<int64_t> hidden = {64, 64};
  Activation activation = Activation::kRelu;
  bool class_conditional = false;
  int64_t marginal_bins = 0;
  double logit_margin = 0.05;
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = FlowConfig;
    return std::tuple{
        Field{"step", &C::step,
              "Layers of one step, from the data's side. actnorm: scales each column or channel; "
              "linear: an invertible matrix, on images a 1x1 convolution; reverse: the other way "
              "round; coupling: maps one half as the other says, the halves taking turns; "
              "checkerboard: the same with the squares of a board as halves (images); "
              "autoregressive: maps each column as those before it say (not with levels); squeeze: "
              "where a level halves height and width (images); without it, before all layers."},
        Field{
            "steps", &C::steps,
            "Steps, on images at each level; the layers before squeeze are repeated by themselves, "
            "then those behind it.",
            Within{1, 1000}},
        Field{"levels", &C::levels,
              "Images: each level halves height and width, and after each but the last half of the "
              "channels are done. 0: the image is a vector. Ignored for other examples.",
              Within{0, 16}},
        Field{"map", &C::map,
              "How one element is mapped: affine, additive, or a rational-quadratic spline."},
        Field{"bins", &C::bins, "spline: pieces.", Within{2, 128}},
        Field{"bound", &C::bound, "spline: beyond this distance from 0 it is the identity.",
              Above{0}},
        Field{"hidden", &C::hidden,
              "Widths of the hidden layers of each layer's network; on images of a 3x3 convolution "
              "and 1x1 convolutions.",
              Within{1, 65536}},
        Field{"activation", &C::activation, "Nonlinearity of these networks."},
        Field{"class_conditional", &C::class_conditional,
              "Whether the density is that of an example given its class."},
        Field{
            "marginal_bins", &C::marginal_bins,
            "Pieces of a monotone spline for each column or channel, which goes before the steps "
            "and begins by making the column normal, within `bound`, on images of every pixel. 0: "
            "none.",
            Within{0, 128}},
        Field{"logit_margin", &C::logit_margin,
              "Images: pixels v in [0, 1] are taken as logit(m + (1 - 2 m) v), m this margin; 0 "
              "takes them as v - 1/2.",
              Within{0, 0.49}},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// The code of an example is its place in the noise, as wide as the example. Pixels are made
// continuous by uniform noise of one grey step (Theis et al. 2016, section 3.1), so that the
// density of a picture is a bound on the logarithm of its probability; log densities are per
// model's numbers, for pixels in [0, 1].
class Flow : public Model,
             public Samples,
             public Encodes,
             public Decodes,
             public Densities,
             public Conditions,
             public StatesLikelihood {
 public:
  using Config = FlowConfig;
  Flow(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  bool knows_classes() const override { return config_.class_conditional; }
  torch::Tensor sample(const SampleRequest& request) override;
  int64_t code_dim() const override { return example().elements(); }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  bool on_class() const override { return config_.class_conditional; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return decode(code, given.label);
  }
  const char* density_name() const override { return "log_density"; }
  LogDensity log_density(const Batch& batch, Noise& noise) override;
  LikelihoodOf likelihood_of() const override {
    return example().modality == Modality::kImage ? LikelihoodOf::kGreySteps : LikelihoodOf::kReals;
  }

  // The noise of x [n, shape...], and log |d noise / d x| [n]. `grain` [n, shape...] in [0, 1) is
  // where in its grey step a pixel lies; undefined for other examples.
  struct Coded {
    torch::Tensor code;     // [n, elements]
    torch::Tensor log_det;  // [n]
  };
  Coded code_of(const torch::Tensor& x, const torch::Tensor& grain, const torch::Tensor& label);

 private:
  struct Level {
    std::vector<std::shared_ptr<FlowLayer>> layers;
    std::vector<int64_t> shape;  // of an example behind its layers, [D] or [C, H, W]
    Conv2d prior{nullptr};       // of the half that is done; none at the last level
  };
  bool in_levels() const { return config_.levels > 0 && example().modality == Modality::kImage; }
  // `shape` of an example before it.
  void make_level(const std::vector<int64_t>& shape, bool last);
  std::shared_ptr<FlowLayer> make_marginal(int64_t channels) const;
  std::shared_ptr<FlowLayer> make_layer(LayerKind kind, const std::vector<int64_t>& shape,
                                        bool other) const;
  // [n, classes] of the type of `like`, or undefined.
  torch::Tensor condition_of(const torch::Tensor& label, const torch::Tensor& like) const;
  // Pixels to the whole line and back; other examples pass.
  Flowed to_line(const torch::Tensor& x, const torch::Tensor& grain) const;
  torch::Tensor from_line(const torch::Tensor& y) const;
  // A half that is done, as the other half predicts it, to standard noise and back.
  Flowed standardised(Level& level, const torch::Tensor& done, const torch::Tensor& left);
  torch::Tensor restored(Level& level, const torch::Tensor& noise, const torch::Tensor& left);
  void begin_with(const Batch& batch);
  torch::Tensor grain_like(const torch::Tensor& x) const;  // drawn from torch's generator
  LogDensity density_of(const Coded& coded) const;

  Config config_;
  std::vector<Level> levels_;
  torch::Tensor begun_;  // [] uint8: the first batch was seen
  bool has_begun_ = false;
  Optimizer& optimizer_;
};

}  // namespace figment::models
