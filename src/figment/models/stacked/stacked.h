// Stacked autoencoder: layers learned one after the other, each as a (denoising) autoencoder of the
// codes of the layer below, then fine-tuned together, unrolled into a deep autoencoder or under a
// softmax layer.
// Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006;
// Bengio, Lamblin, Popovici & Larochelle, "Greedy layer-wise training of deep networks", NIPS 2006;
// Vincent et al., "Stacked denoising autoencoders", JMLR 2010 (SDAE below). Examples moved against
// the classifier: Goodfellow, Shlens & Szegedy, "Explaining and harnessing adversarial examples",
// ICLR 2015 (EHAE below).
#pragma once

#include <string>
#include <vector>

#include "figment/model/abilities.h"
#include "figment/model/classifies_now.h"
#include "figment/model/model.h"
#include "figment/model/reconstructs_now.h"
#include "figment/nn/activation.h"
#include "figment/nn/corruption.h"
#include "figment/nn/label_choice.h"

namespace figment::models {

enum class StackedLoss { kSquaredError, kCrossEntropy };
constexpr auto enum_names(StackedLoss) {
  return std::array{EnumName<StackedLoss>{"squared_error", StackedLoss::kSquaredError},
                    EnumName<StackedLoss>{"cross_entropy", StackedLoss::kCrossEntropy}};
}

enum class StackedTarget { kReconstruction, kLabels };
constexpr auto enum_names(StackedTarget) {
  return std::array{EnumName<StackedTarget>{"reconstruction", StackedTarget::kReconstruction},
                    EnumName<StackedTarget>{"labels", StackedTarget::kLabels}};
}

struct StackedConfig {
  std::vector<int64_t> hidden = {256, 64};
  Activation activation = Activation::kSigmoid;
  StackedLoss loss = StackedLoss::kSquaredError;
  bool pretrain = true;
  int64_t pretrain_epochs = 5;
  std::vector<CorruptionConfig> corruption = {{Corruption::kMasking, 0.25, false}};
  StackedTarget target = StackedTarget::kReconstruction;
  int64_t labelled = 0;
  double input_dropout = 0;
  double dropout = 0;
  double label_smoothing = 0;
  double adversarial = 0;
  bool beside = true;
  OptimizerConfig pretrain_optimizer{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = StackedConfig;
    return std::tuple{
        Field{"hidden", &C::hidden, "Widths of the layers; the last is that of the code.",
              Within{1, 65536}},
        Field{"activation", &C::activation, "Nonlinearity of each layer's code."},
        Field{"loss", &C::loss,
              "Of the first layer and of the whole. squared_error: sum over elements; "
              "cross_entropy: for values in [0, 1]. Codes of sigmoid are always reconstructed by "
              "cross_entropy, others by squared_error."},
        Field{"pretrain", &C::pretrain,
              "Whether layers are learned one by one before the fine-tuning; without, it starts "
              "from random weights, or from those of train.start_from."},
        Field{"pretrain_epochs", &C::pretrain_epochs,
              "Passes over the training examples for each layer; train.epochs are those of the "
              "fine-tuning.",
              Within{1, 1000000}},
        Field{"corruption", &C::corruption,
              "Damage done to what a layer reconstructs in its pretraining: one for all layers, or "
              "one for each. Empty: none."},
        Field{"target", &C::target,
              "Of the fine-tuning. reconstruction: the layers unrolled into a deep autoencoder; "
              "labels: the classes, by a softmax layer on the code."},
        Field{"labelled", &C::labelled,
              "labels: number of training examples whose labels are used, the same number of each "
              "class, always the same for the same data; 0 is all.",
              AtLeast{0}},
        Field{"input_dropout", &C::input_dropout,
              "Fine-tuning: share of the example's elements left out at each step.",
              Within{0, 0.99}},
        Field{"dropout", &C::dropout,
              "Fine-tuning: share of each layer's units left out at each step.", Within{0, 0.99}},
        Field{"label_smoothing", &C::label_smoothing,
              "labels: share of the target's probability that is spread over all classes.",
              Within{0, 0.99}},
        Field{"adversarial", &C::adversarial,
              "labels: every example is also learned with each element moved by this much, in the "
              "model's numbers (pixels are 0 to 1), to where the loss grows (Goodfellow et al. "
              "2015); a step takes more than twice the time. 0: not.",
              AtLeast{0}},
        Field{"beside", &C::beside,
              "Whether what is not the target is learned beside it from the codes, with no say in "
              "them: the softmax layer, or the decoder (as much time again). Without, it stays as "
              "it was, and is neither judged nor asked."},
        Field{"pretrain_optimizer", &C::pretrain_optimizer, "The optimizer of each layer."},
        Field{"optimizer", &C::optimizer, "The optimizer of the fine-tuning."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Stacked : public Model,
                public Encodes,
                public Decodes,
                public Reconstructs,
                public ReconstructsNow,
                public Classifies,
                public ClassifiesNow {
 public:
  using Config = StackedConfig;
  Stacked(const Config& config, const ExampleSpec& example);

  std::vector<Stage> stages(int64_t epochs) const override;
  void begin_stage(const Stage& stage) override;
  void end_stage(const Stage& stage) override;
  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  int64_t code_dim() const override { return config_.hidden.back(); }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  // While a layer is pretrained, by the layers there are so far.
  torch::Tensor reconstruct(const Batch& batch) override;
  // Not once labels alone have moved the encoder: the decoder is then that of the pretraining.
  bool reconstructs_now() const override;
  const char* to_reconstruct() const override { return "model.beside=true"; }
  torch::Tensor classify(const Batch& batch) override;
  // Only once the fine-tuning has taught the softmax layer: until then every class is as likely.
  bool classifies_now() const override;
  const char* to_classify() const override;

  // What layer `layer` learns from: the examples [n, elements], or the codes of the layer below
  // [n, hidden]. No gradient reaches the layers below.
  torch::Tensor input_of(std::size_t layer, const torch::Tensor& x);

 private:
  // The loss [] of one layer as a denoising autoencoder of h [n, width].
  torch::Tensor layer_loss(std::size_t layer, const torch::Tensor& h);
  // The first `depth` layers, with dropout in training.
  torch::Tensor up(const torch::Tensor& x, std::size_t depth);
  // Codes of layer `depth` to what stands before the last nonlinearity, [n, elements].
  torch::Tensor down(const torch::Tensor& code, std::size_t depth);
  torch::Tensor mean_of(const torch::Tensor& output) const;  // [n, elements] -> [n, shape...]
  // Losses [] of the whole: of reconstructing x, and of telling the classes.
  torch::Tensor reconstruction_loss(const torch::Tensor& x, const torch::Tensor& output) const;
  torch::Tensor class_loss(const torch::Tensor& code, const torch::Tensor& label);
  // The loss [] of telling the classes of x moved against it; x requires a gradient, and its own
  // loss is `loss`.
  torch::Tensor adversarial_loss(const torch::Tensor& x, const torch::Tensor& loss,
                                 const torch::Tensor& label);
  Metrics choosing_step(const Batch& batch);
  Metrics label_step(const Batch& batch);
  Metrics reconstruction_step(const Batch& batch);
  std::vector<torch::Tensor> learned_in_fine_tuning() const;
  bool learns_beside() const { return config_.beside && !example().classes.empty(); }

  enum class Phase { kChoosing, kLayer, kFineTuning };
  Config config_;
  std::vector<torch::nn::Linear> encoders_, decoders_;
  torch::nn::Linear softmax_{nullptr};  // null when there are no classes
  LabelChoice choice_;
  Phase phase_ = Phase::kFineTuning;  // as is a model that is used
  std::size_t layer_ = 0;             // the one that is pretrained
  Optimizer* optimizer_ = nullptr;    // of the stage
};

}  // namespace figment::models
