#include "figment/models/stacked/stacked.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/family.h"
#include "figment/model/settle.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/coders.h"
#include "figment/nn/linear.h"

namespace figment::models {

extern const Family stacked;
constexpr Family stacked = family<Stacked>("stacked", "Stacked denoising autoencoder",
                                           "https://www.jmlr.org/papers/v11/vincent10a.html");

namespace {

constexpr const char* kChoosing = "choose labels";
constexpr const char* kFineTuning = "fine-tune";

std::string layer_name(std::size_t layer) { return "layer " + std::to_string(layer + 1); }

}  // namespace

void StackedConfig::check(const Problems::Scope& scope) const {
  if (hidden.empty()) scope.add("hidden", "expected at least one layer, got none");
  if (corruption.size() > 1 && corruption.size() != hidden.size())
    scope.add("corruption", "expected one entry, or one for each of the " +
                                std::to_string(hidden.size()) + " layers, got " +
                                std::to_string(corruption.size()));
  if (labelled > 0 && target != StackedTarget::kLabels)
    scope.add("labelled",
              "expected 0 with target = \"reconstruction\", which uses no labels, got " +
                  std::to_string(labelled));
  if (adversarial > 0 && target != StackedTarget::kLabels)
    scope.add("adversarial",
              "expected 0 with target = \"reconstruction\", whose loss is of no class, got " +
                  shortest(adversarial));
}

void StackedConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  if (loss == StackedLoss::kCrossEntropy && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": cross-entropy is for values in [0, 1], as images have");
  CoderConfig widths;
  widths.hidden = hidden;
  check_coder(widths, example.shape, scope);
  const auto classes = static_cast<int64_t>(example.classes.size());
  if (target == StackedTarget::kLabels && classes == 0)
    scope.add("target", "expected reconstruction for " + example.text() +
                            " without labels; name their column with data.label_column, or sort "
                            "images into a folder for each class");
  else if (labelled > 0 && labelled < classes)
    scope.add("labelled", "expected at least one example of each of the " +
                              std::to_string(classes) + " classes, got " +
                              std::to_string(labelled));
}

Stacked::Stacked(const Config& config, const ExampleSpec& example)
    : Model(example), config_(config) {
  auto below = example.elements();
  for (std::size_t i = 0; i < config.hidden.size(); ++i) {
    const auto width = config.hidden[i];
    const auto number = std::to_string(i + 1);
    torch::nn::Linear encoder(below, width), decoder(width, below);
    const auto in = static_cast<double>(below), out = static_cast<double>(width);
    initialize(encoder->weight, config.activation, in, out);
    if (i == 0)
      initialize_output(decoder->weight, out, in);
    else
      initialize(decoder->weight, config.activation, out, in);
    torch::nn::init::zeros_(encoder->bias);
    torch::nn::init::zeros_(decoder->bias);
    encoders_.push_back(register_module("encoder" + number, encoder));
    decoders_.push_back(register_module("decoder" + number, decoder));
    below = width;
  }
  const auto classes = static_cast<int64_t>(example.classes.size());
  if (classes == 0) return;
  softmax_ = register_module("softmax", torch::nn::Linear(below, classes));
  torch::nn::init::zeros_(softmax_->weight);
  torch::nn::init::zeros_(softmax_->bias);
  if (config.labelled == 0) return;
  choice_ = LabelChoice(config.labelled, classes, example.elements());
  choice_.x = register_buffer("labelled_x", choice_.x);
  choice_.label = register_buffer("labelled_label", choice_.label);
  choice_.checksums = register_buffer("labelled_checksum", choice_.checksums);
}

// --- Stages ---

std::vector<Stage> Stacked::stages(int64_t epochs) const {
  std::vector<Stage> all;
  if (choice_.size() > 0) all.push_back({kChoosing, 1});
  if (config_.pretrain)
    for (std::size_t i = 0; i < encoders_.size(); ++i)
      all.push_back({layer_name(i), config_.pretrain_epochs});
  all.push_back({kFineTuning, epochs});
  return all;
}

void Stacked::begin_stage(const Stage& stage) {
  phase_ = stage.name == kChoosing     ? Phase::kChoosing
           : stage.name == kFineTuning ? Phase::kFineTuning
                                       : Phase::kLayer;
  if (phase_ == Phase::kChoosing) return;
  if (phase_ == Phase::kFineTuning) {
    optimizer_ = &register_optimizer("all", learned_in_fine_tuning(), config_.optimizer);
    return;
  }
  layer_ = 0;
  while (layer_name(layer_) != stage.name) {
    ++layer_;
    FIGMENT_CHECK(layer_ < encoders_.size());
  }
  const auto &encoder = encoders_[layer_], &decoder = decoders_[layer_];
  optimizer_ =
      &register_optimizer("all", {encoder->weight, encoder->bias, decoder->weight, decoder->bias},
                          config_.pretrain_optimizer);
}

void Stacked::end_stage(const Stage&) {
  if (phase_ == Phase::kChoosing) choice_.conclude(example().classes);
  // The next layer learns from what was judged: the averaged weights, where there are any.
  if (phase_ == Phase::kLayer) settle_on_average(*optimizer_);
}

std::vector<torch::Tensor> Stacked::learned_in_fine_tuning() const {
  const bool labels = config_.target == StackedTarget::kLabels;
  std::vector<torch::Tensor> all;
  const auto add = [&](const torch::nn::Linear& layer) {
    all.push_back(layer->weight);
    all.push_back(layer->bias);
  };
  for (const auto& layer : encoders_) add(layer);
  if (!labels || learns_beside())
    for (const auto& layer : decoders_) add(layer);
  if (labels || learns_beside()) add(softmax_);
  return all;
}

// --- Networks ---

torch::Tensor Stacked::up(const torch::Tensor& x, std::size_t depth) {
  auto h = x.flatten(1);
  const bool drops = is_training() && phase_ == Phase::kFineTuning;
  if (drops && config_.input_dropout > 0) h = torch::dropout(h, config_.input_dropout, true);
  for (std::size_t i = 0; i < depth; ++i) {
    h = activated_linear(h, encoders_[i], config_.activation);  // SDAE eq. 1
    if (drops && config_.dropout > 0) h = torch::dropout(h, config_.dropout, true);
  }
  return h;
}

torch::Tensor Stacked::down(const torch::Tensor& code, std::size_t depth) {
  auto h = code;
  for (auto i = depth; i-- > 1;) h = activated_linear(h, decoders_[i], config_.activation);
  return activated_linear(h, decoders_[0]);
}

torch::Tensor Stacked::mean_of(const torch::Tensor& output) const {
  auto shape = example().shape;
  shape.insert(shape.begin(), output.size(0));
  const auto x = output.view(shape);
  return config_.loss == StackedLoss::kCrossEntropy ? torch::sigmoid(x) : x;
}

torch::Tensor Stacked::input_of(std::size_t layer, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  return up(x, layer);
}

// --- Losses ---

torch::Tensor Stacked::layer_loss(std::size_t layer, const torch::Tensor& h) {
  const auto& all = config_.corruption;
  const bool first = layer == 0, sigmoid = config_.activation == Activation::kSigmoid;
  const auto extremes = first && example().modality != Modality::kImage     ? kStandardised
                        : !first && config_.activation == Activation::kTanh ? Extremes{-1, 1}
                                                                            : kPixels;
  auto damaged = h;
  if (!all.empty()) damaged = corrupt(all.size() == 1 ? all[0] : all[layer], h, extremes);
  const auto y = activated_linear(damaged, encoders_[layer], config_.activation);  // SDAE eq. 1
  const auto z = activated_linear(y, decoders_[layer]);                            // SDAE eq. 2
  if (first) return reconstruction_loss(h, z);
  if (sigmoid) return -bernoulli_log_prob(z, h).mean();
  return (activate(config_.activation, z) - h).square().sum(1).mean();
}

torch::Tensor Stacked::reconstruction_loss(const torch::Tensor& x,
                                           const torch::Tensor& output) const {
  if (config_.loss == StackedLoss::kCrossEntropy)
    return -bernoulli_log_prob(output, x.flatten(1)).mean();  // SDAE eq. 5
  return (output - x.flatten(1)).square().sum(1).mean();      // SDAE eq. 4
}

torch::Tensor Stacked::class_loss(const torch::Tensor& code, const torch::Tensor& label) {
  const auto log_p = torch::log_softmax(activated_linear(code, softmax_), 1);  // [n, classes]
  const auto right = log_p.gather(1, label.unsqueeze(1)).mean();
  if (!is_training() || config_.label_smoothing == 0) return -right;
  return -(1 - config_.label_smoothing) * right - config_.label_smoothing * log_p.mean();
}

torch::Tensor Stacked::adversarial_loss(const torch::Tensor& x, const torch::Tensor& loss,
                                        const torch::Tensor& label) {
  const auto slope = torch::autograd::grad({loss}, {x}, {}, /*retain_graph=*/true)[0];
  const auto moved = x.detach() + config_.adversarial * slope.sign();  // EHAE section 4
  return class_loss(up(moved, encoders_.size()), label);
}

// --- Steps ---

Metrics Stacked::training_step(const Batch& batch) {
  if (phase_ == Phase::kChoosing) return choosing_step(batch);
  if (phase_ == Phase::kFineTuning)
    return config_.target == StackedTarget::kLabels ? label_step(batch)
                                                    : reconstruction_step(batch);
  const auto loss = layer_loss(layer_, input_of(layer_, batch.x));
  optimizer_->minimize(loss);
  return {{"loss", loss.detach()}};
}

Metrics Stacked::choosing_step(const Batch& batch) {
  choice_.offer(batch.x, batch.label);
  return {{"labelled", torch::tensor(static_cast<double>(choice_.found()))}};
}

Metrics Stacked::reconstruction_step(const Batch& batch) {
  const auto code = up(batch.x, encoders_.size());
  const auto loss = reconstruction_loss(batch.x, down(code, encoders_.size()));
  auto sum = loss;
  Metrics metrics = {{"loss", loss.detach()}};
  if (learns_beside() && batch.label.defined()) {
    const auto beside = class_loss(code.detach(), batch.label);
    sum = sum + beside;
    metrics.emplace_back("class_loss", beside.detach());
  }
  optimizer_->minimize(sum);
  return metrics;
}

Metrics Stacked::label_step(const Batch& batch) {
  auto x = batch.x;
  auto label = batch.label;
  if (choice_.size() > 0) {
    const auto n = std::min(batch.size(), choice_.size());
    const auto rows = torch::randperm(choice_.size(), choice_.label.options()).narrow(0, 0, n);
    x = choice_.x.index_select(0, rows);
    label = choice_.label.index_select(0, rows);
  }
  if (config_.adversarial > 0) x = x.detach().requires_grad_();
  const auto code = up(x, encoders_.size());
  const auto loss = class_loss(code, label);
  auto sum = loss;
  Metrics metrics = {{"loss", loss.detach()}};
  if (config_.adversarial > 0) {
    const auto moved = adversarial_loss(x, loss, label);
    sum = 0.5 * loss + 0.5 * moved;  // EHAE section 6, with their alpha
    metrics.emplace_back("adversarial_loss", moved.detach());
  }
  if (config_.beside) {
    // The decoder needs no labels: it learns from all examples.
    const auto codes = choice_.size() > 0 ? input_of(encoders_.size(), batch.x) : code.detach();
    const auto beside = reconstruction_loss(batch.x, down(codes, encoders_.size()));
    sum = sum + beside;
    metrics.emplace_back("reconstruction_loss", beside.detach());
  }
  optimizer_->minimize(sum);
  return metrics;
}

Metrics Stacked::validation_step(const Batch& batch) {
  if (phase_ == Phase::kChoosing)
    return {{"labelled", torch::tensor(static_cast<double>(choice_.found()))}};
  if (phase_ == Phase::kLayer) return {{"loss", layer_loss(layer_, input_of(layer_, batch.x))}};
  const auto code = up(batch.x, encoders_.size());
  const bool labels = config_.target == StackedTarget::kLabels;
  Metrics classes, whole;
  if (softmax_ && batch.label.defined() && (labels || config_.beside)) {
    const auto wrong = activated_linear(code, softmax_).argmax(1) != batch.label;
    classes = {{"classification_error", wrong.to(torch::kFloat).mean()},
               {labels ? "loss" : "class_loss", class_loss(code, batch.label)}};
  }
  if (!labels || config_.beside) {
    const auto output = down(code, encoders_.size());
    const auto error = (mean_of(output) - batch.x).square().flatten(1).sum(1).mean();
    whole = {{labels ? "reconstruction_loss" : "loss", reconstruction_loss(batch.x, output)},
             {"reconstruction_sse", error}};
  }
  // What the fine-tuning is for comes first: the best checkpoint goes by it.
  auto &first = labels ? classes : whole, &second = labels ? whole : classes;
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// --- Abilities ---

torch::Tensor Stacked::encode(const Batch& batch) { return up(batch.x, encoders_.size()); }

torch::Tensor Stacked::decode(const torch::Tensor& code, const torch::Tensor&) {
  return mean_of(down(code, encoders_.size()));
}

torch::Tensor Stacked::reconstruct(const Batch& batch) {
  const auto depth = phase_ == Phase::kLayer ? layer_ + 1 : encoders_.size();
  return mean_of(down(up(batch.x, depth), depth));
}

bool Stacked::reconstructs_now() const {
  return phase_ != Phase::kFineTuning || config_.target != StackedTarget::kLabels || config_.beside;
}

bool Stacked::classifies_now() const {
  return softmax_ && phase_ == Phase::kFineTuning &&
         (config_.target == StackedTarget::kLabels || config_.beside);
}

const char* Stacked::to_classify() const {
  return softmax_ ? "model.beside=true or model.target=labels" : "examples with labels";
}

torch::Tensor Stacked::classify(const Batch& batch) {
  if (!softmax_)
    fail(Cause::kData, "classify", "expected a model trained on examples with labels, got one of ",
         example().text());
  return torch::log_softmax(activated_linear(up(batch.x, encoders_.size()), softmax_), 1);
}

}  // namespace figment::models
