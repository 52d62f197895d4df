#include "figment/models/flow/flow.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family flow;
constexpr Family flow =
    family<Flow>("flow", "Normalizing flow", "https://arxiv.org/abs/1605.08803");

namespace {

constexpr double kGreys = 256;  // steps of a pixel

// A predicted log-deviation beyond this helps no likelihood and overflows its exponential.
constexpr double kLogDeviationLimit = 6;

bool has(const std::vector<LayerKind>& step, LayerKind kind) {
  return std::find(step.begin(), step.end(), kind) != step.end();
}

// The layers of a step that come before its level's squeeze, and those behind it: all of them,
// where the step does not say where it squeezes.
std::vector<LayerKind> before_squeeze(const std::vector<LayerKind>& step) {
  const auto at = std::find(step.begin(), step.end(), LayerKind::kSqueeze);
  return at == step.end() ? std::vector<LayerKind>() : std::vector<LayerKind>(step.begin(), at);
}
std::vector<LayerKind> behind_squeeze(const std::vector<LayerKind>& step) {
  const auto at = std::find(step.begin(), step.end(), LayerKind::kSqueeze);
  return at == step.end() ? step : std::vector<LayerKind>(at + 1, step.end());
}

std::string text(const std::vector<int64_t>& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "" : "x") + std::to_string(size);
  return out;
}

int64_t count(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const auto size : shape) product *= size;
  return product;
}

torch::Tensor with_shape(const torch::Tensor& x, const std::vector<int64_t>& shape) {
  std::vector<int64_t> sizes = {x.size(0)};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return x.reshape(sizes);
}

}  // namespace

void FlowConfig::check(const Problems::Scope& scope) const {
  if (step.empty()) scope.add("step", "expected at least one layer, got none");
  if (hidden.empty()) scope.add("hidden", "expected at least one width, got none");
  const bool mixes = has(step, LayerKind::kCoupling) || has(step, LayerKind::kCheckerboard) ||
                     has(step, LayerKind::kAutoregressive);
  const auto squeezes = std::count(step.begin(), step.end(), LayerKind::kSqueeze);
  if (squeezes > 1)
    scope.add("step", "expected squeeze at most once, since a level has one, got it " +
                          std::to_string(squeezes) + " times");
  if (marginal_bins == 1) scope.add("marginal_bins", "expected 0 or at least 2, got 1");
  if (!step.empty() && !mixes)
    scope.add("step",
              "expected a coupling, checkerboard or autoregressive layer among them: without one "
              "the flow is linear and its density normal");
}

void FlowConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  if (class_conditional && example.classes.empty())
    scope.add("class_conditional", "expected examples with classes, got " + example.text());
  const bool image = example.modality == Modality::kImage;
  if (!image || levels == 0) {
    for (const auto kind : {LayerKind::kCheckerboard, LayerKind::kSqueeze})
      if (has(step, kind))
        scope.add("step", std::string("expected images with levels of at least 1 for ") +
                              name_of_enum(kind) + ", got " + example.text());
    if (example.elements() < 2 && has(step, LayerKind::kCoupling))
      scope.add("step", "expected examples of at least 2 numbers for coupling, got " +
                            example.text() + "; use autoregressive");
    return;
  }
  if (has(step, LayerKind::kAutoregressive))
    scope.add("step",
              "expected no autoregressive layer with levels, which are for couplings; set "
              "levels=0 to take the image as a vector");
  // Behind the first squeeze there are four channels at least.
  if (example.shape[0] < 2 && has(before_squeeze(step), LayerKind::kCoupling))
    scope.add("step", "expected no coupling before squeeze for " + example.text() +
                          ", whose one channel has no halves; use checkerboard there");
  // Before its squeeze a level's sides are even; behind it they need not be.
  const bool boards_behind = has(behind_squeeze(step), LayerKind::kCheckerboard);
  auto side = std::vector<int64_t>{example.shape[1], example.shape[2]};
  for (int64_t level = 1; level <= levels; ++level) {
    for (auto& length : side) {
      if (length % 2 != 0) {
        scope.add("levels",
                  "expected at most " + std::to_string(level - 1) + " for " + example.text() +
                      ", since each level halves height and width, got " + std::to_string(levels));
        return;
      }
      length /= 2;
    }
    if (boards_behind && (side[0] % 2 != 0 || side[1] % 2 != 0)) {
      scope.add("step", "expected no checkerboard behind the squeeze of level " +
                            std::to_string(level) + ", where " + text(side) +
                            " pixels make no even board; put squeeze behind checkerboard, or use "
                            "coupling or fewer levels");
      return;
    }
  }
}

Flow::Flow(const Config& config, const ExampleSpec& example)
    : Model(example), config_(config), optimizer_([&]() -> Optimizer& {
        begun_ = register_buffer("begun", torch::zeros({}, torch::kUInt8));
        if (!in_levels()) {
          make_level({example.elements()}, true);
        } else {
          auto shape = example.shape;
          for (int64_t i = 1; i <= config.levels; ++i) {
            make_level(shape, i == config.levels);
            shape = levels_.back().shape;
            shape[0] /= 2;  // what goes on to the next
          }
        }
        return register_optimizer("all", parameters(), config.optimizer);
      }()) {}

std::shared_ptr<FlowLayer> Flow::make_layer(LayerKind kind, const std::vector<int64_t>& shape,
                                            bool other) const {
  const ElementMapOptions map = {config_.map, config_.bins, config_.bound};
  const FlowNetworkOptions network = {
      config_.hidden, config_.activation,
      config_.class_conditional ? static_cast<int64_t>(example().classes.size()) : 0};
  switch (kind) {
    case LayerKind::kActnorm:
      return std::make_shared<ActnormLayer>(shape[0]);
    case LayerKind::kLinear:
      return std::make_shared<LinearLayer>(shape[0]);
    case LayerKind::kReverse:
      return std::make_shared<ReverseLayer>();
    case LayerKind::kCoupling:
      return std::make_shared<CouplingLayer>(shape, false, other, map, network);
    case LayerKind::kCheckerboard:
      return std::make_shared<CouplingLayer>(shape, true, other, map, network);
    case LayerKind::kAutoregressive:
      return std::make_shared<AutoregressiveLayer>(shape[0], other, map, network);
    case LayerKind::kSqueeze:
      return std::make_shared<SqueezeLayer>();
  }
  FIGMENT_CHECK(false);
  return nullptr;
}

std::shared_ptr<FlowLayer> Flow::make_marginal(int64_t channels) const {
  // All that a pixel may become is to be mapped, however small its margin.
  const auto margin = config_.logit_margin;
  const auto widest =
      example().modality == Modality::kImage && margin > 0 ? std::log((1 - margin) / margin) : 0;
  return std::make_shared<MarginalLayer>(channels, config_.marginal_bins,
                                         std::max(config_.bound, widest));
}

void Flow::make_level(const std::vector<int64_t>& shape, bool last) {
  const auto prefix = "level" + std::to_string(levels_.size() + 1) + "_";
  Level level;
  level.shape = shape;
  int64_t number = 1;  // of the next layer's name, in which a squeeze does not count
  bool other = false;
  const auto squeeze = [&] {
    level.layers.push_back(make_layer(LayerKind::kSqueeze, level.shape, other));
    level.shape = {4 * level.shape[0], level.shape[1] / 2, level.shape[2] / 2};
  };
  const auto repeat = [&](const std::vector<LayerKind>& kinds) {
    for (int64_t i = 0; i < config_.steps; ++i) {
      for (const auto kind : kinds) {
        const auto name = prefix + "layer" + std::to_string(number++);
        level.layers.push_back(register_module(name, make_layer(kind, level.shape, other)));
        const bool halves = kind == LayerKind::kCoupling || kind == LayerKind::kCheckerboard ||
                            kind == LayerKind::kAutoregressive;
        if (halves) other = !other;
      }
    }
  };
  const auto before = before_squeeze(config_.step);
  if (in_levels() && before.empty()) squeeze();
  if (levels_.empty() && config_.marginal_bins > 0) {
    level.layers.push_back(register_module(prefix + "marginal", make_marginal(level.shape[0])));
    ++number;
  }
  repeat(before);
  if (in_levels() && !before.empty()) squeeze();  // RNVP, section 3.6
  repeat(behind_squeeze(config_.step));
  if (!last) {
    // Predicts mean and log-deviation of the half that is done; starts as standard noise.
    const auto half = level.shape[0] / 2;
    level.prior =
        register_module(prefix + "prior", Conv2d(half, 2 * half, 3, ConvolutionGeometry{1, 1}));
    torch::nn::init::zeros_(level.prior->weight);
    torch::nn::init::zeros_(level.prior->bias);
  }
  levels_.push_back(std::move(level));
}

torch::Tensor Flow::condition_of(const torch::Tensor& label, const torch::Tensor& like) const {
  if (!config_.class_conditional) return {};
  if (!label.defined())
    fail(Cause::kData, "flow",
         "expected examples with labels, since the density is conditional on "
         "the class, got none; name their column with data.label_column");
  return torch::one_hot(label, static_cast<int64_t>(example().classes.size()))
      .to(like.scalar_type());
}

Flowed Flow::to_line(const torch::Tensor& x, const torch::Tensor& grain) const {
  if (!grain.defined()) return {x, x.new_zeros({x.size(0)})};
  const auto elements = static_cast<double>(example().elements());
  const auto v = (x * (kGreys - 1) + grain) / kGreys;  // in [0, 1)
  const auto log_step = elements * std::log((kGreys - 1) / kGreys);
  if (config_.logit_margin == 0) return {v - 0.5, x.new_full({x.size(0)}, log_step)};
  const auto share = 1 - 2 * config_.logit_margin;
  const auto p = config_.logit_margin + share * v;  // RNVP, section 4.1
  const auto log_p = p.log(), log_rest = (1 - p).log();
  return {log_p - log_rest, (std::log(share) - log_p - log_rest).flatten(1).sum(1) + log_step};
}

torch::Tensor Flow::from_line(const torch::Tensor& y) const {
  if (example().modality != Modality::kImage) return y;
  const auto v = config_.logit_margin == 0
                     ? y + 0.5
                     : (torch::sigmoid(y) - config_.logit_margin) / (1 - 2 * config_.logit_margin);
  // The middle of its grey step goes to the step itself.
  return ((v * kGreys - 0.5) / (kGreys - 1)).clamp(0, 1);
}

Flowed Flow::standardised(Level& level, const torch::Tensor& done, const torch::Tensor& left) {
  const auto predicted = level.prior(left).chunk(2, 1);
  const auto log_deviation = predicted[1].clamp(-kLogDeviationLimit, kLogDeviationLimit);
  return {(done - predicted[0]) * torch::exp(-log_deviation), -log_deviation.flatten(1).sum(1)};
}

torch::Tensor Flow::restored(Level& level, const torch::Tensor& noise, const torch::Tensor& left) {
  const auto predicted = level.prior(left).chunk(2, 1);
  const auto log_deviation = predicted[1].clamp(-kLogDeviationLimit, kLogDeviationLimit);
  return noise * torch::exp(log_deviation) + predicted[0];
}

Flow::Coded Flow::code_of(const torch::Tensor& x, const torch::Tensor& grain,
                          const torch::Tensor& label) {
  const auto condition = condition_of(label, x);
  auto [h, log_det] = to_line(x, grain);
  std::vector<torch::Tensor> done;
  for (auto& level : levels_) {
    if (!in_levels()) h = h.flatten(1);
    for (const auto& layer : level.layers) {
      auto next = layer->forward(h, condition);
      h = next.x;
      log_det = log_det + next.log_det;  // RNVP eq. 3
    }
    if (!level.prior) continue;
    const auto halves = h.chunk(2, 1);
    h = halves[0].contiguous();
    const auto noise = standardised(level, halves[1], h);
    done.push_back(noise.x.flatten(1));
    log_det = log_det + noise.log_det;
  }
  done.push_back(h.flatten(1));
  return {torch::cat(done, 1), log_det};
}

torch::Tensor Flow::decode(const torch::Tensor& code, const torch::Tensor& label) {
  const auto condition = condition_of(label, code);
  // Where each level's share of the code begins.
  std::vector<int64_t> begin;
  int64_t at = 0;
  for (const auto& level : levels_) {
    begin.push_back(at);
    at += level.prior ? count(level.shape) / 2 : count(level.shape);
  }
  torch::Tensor h;
  for (std::size_t i = levels_.size(); i-- > 0;) {
    auto& level = levels_[i];
    const auto size = level.prior ? count(level.shape) / 2 : count(level.shape);
    const auto noise = code.narrow(1, begin[i], size);
    if (level.prior) {
      auto half = level.shape;
      half[0] /= 2;
      h = torch::cat({h, restored(level, with_shape(noise, half), h)}, 1);
    } else {
      h = with_shape(noise, level.shape);
    }
    for (std::size_t j = level.layers.size(); j-- > 0;) h = level.layers[j]->inverse(h, condition);
  }
  return from_line(with_shape(h, example().shape));
}

torch::Tensor Flow::grain_like(const torch::Tensor& x) const {
  return example().modality == Modality::kImage ? torch::rand_like(x) : torch::Tensor();
}

void Flow::begin_with(const Batch& batch) {
  if (has_begun_) return;
  has_begun_ = begun_.item<uint8_t>() != 0;  // as loaded from a checkpoint
  if (has_begun_) return;
  torch::NoGradGuard no_grad;
  const auto condition = condition_of(batch.label, batch.x);
  auto h = to_line(batch.x, grain_like(batch.x)).x;
  for (auto& level : levels_) {
    if (!in_levels()) h = h.flatten(1);
    for (const auto& layer : level.layers) {
      layer->begin_with(h);
      h = layer->forward(h, condition).x;
    }
    if (level.prior) h = h.chunk(2, 1)[0].contiguous();
  }
  begun_.fill_(1);
  has_begun_ = true;
}

LogDensity Flow::density_of(const Coded& coded) const {
  const auto prior = standard_normal_log_prob(coded.code);
  return {prior + coded.log_det, {{"prior", prior}, {"log_det", coded.log_det}}};
}

Metrics Flow::training_step(const Batch& batch) {
  begin_with(batch);
  const auto loss = -density_of(code_of(batch.x, grain_like(batch.x), batch.label)).total.mean();
  optimizer_.minimize(loss);
  return {{"loss", loss.detach()}};
}

Metrics Flow::validation_step(const Batch& batch) {
  const auto total = density_of(code_of(batch.x, grain_like(batch.x), batch.label)).total.mean();
  Metrics out = {{"loss", -total}};
  if (example().modality == Modality::kImage) {
    const auto nats = std::log(2.0) * static_cast<double>(example().elements());
    out.emplace_back("bits_per_dim", std::log2(kGreys - 1) - total / nats);
  }
  return out;
}

torch::Tensor Flow::sample(const SampleRequest& request) {
  const auto code = request.noise->normal({code_dim()}) * request.temperature;
  auto label = request.label;
  if (config_.class_conditional && !label.defined()) {
    const auto classes = static_cast<double>(example().classes.size());
    label = (request.noise->uniform({1}).squeeze(1) * classes).to(torch::kLong);
  }
  return decode(code, label);
}

torch::Tensor Flow::encode(const Batch& batch) {
  const auto grain =
      example().modality == Modality::kImage ? torch::full_like(batch.x, 0.5) : torch::Tensor();
  return code_of(batch.x, grain, batch.label).code;
}

LogDensity Flow::log_density(const Batch& batch, Noise& noise) {
  const auto grain =
      example().modality == Modality::kImage ? noise.uniform(example().shape) : torch::Tensor();
  return density_of(code_of(batch.x, grain, batch.label));
}

}  // namespace figment::models
