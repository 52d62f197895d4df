#include "figment/models/latent_diffusion/latent_diffusion.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/model/settle.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family latent_diffusion;
constexpr Family latent_diffusion = family<LatentDiffusion>("latent_diffusion", "Latent diffusion",
                                                            "https://arxiv.org/abs/2112.10752");

namespace {

constexpr const char* kLearningCodes = "autoencoder";
constexpr const char* kMeasuringCodes = "measure codes";
constexpr const char* kDiffusing = "diffusion";
constexpr double kLeastDeviation = 1e-6;
constexpr double kLogVarianceLimit = 12;  // beyond it the exponential overflows

std::vector<int64_t> map_of(const LatentDiffusionConfig& config,
                            const std::vector<int64_t>& image) {
  const auto last = levels_of(image, config.coder).back();
  return {config.code_channels, last[1], last[2]};
}

int64_t told(const LatentDiffusionConfig& config, const ExampleSpec& example) {
  return config.class_conditional ? static_cast<int64_t>(example.classes.size()) : 0;
}

// [c] -> [1, c, 1, 1]
torch::Tensor by_channel(const torch::Tensor& values) { return values.view({1, -1, 1, 1}); }

}  // namespace

void LatentDiffusionConfig::check(const Problems::Scope& scope) const {
  if (of_counts(loss))
    scope.add("loss", std::string("expected squared_error, bounded_squared_error or "
                                  "cross_entropy, got ") +
                          name_of_enum(loss));
  if (coder.up == MapUpsampling::kUnpool)
    scope.inner("coder").add("up",
                             "expected transposed or nearest, got unpool, whose places would be "
                             "part of the code");
  check_guidance(sampler, class_conditional, label_dropout, scope);
}

void LatentDiffusionConfig::check_example(const ExampleSpec& example,
                                          const Problems::Scope& scope) const {
  if (example.modality != Modality::kImage) {
    scope.add("coder",
              "expected images, got " + example.text() + "; the family diffusion takes vectors");
    return;
  }
  if (class_conditional && example.classes.empty())
    scope.add("class_conditional", "expected examples with classes, got " + example.text());
  if (!check_levels(coder, example.shape, scope.inner("coder"))) return;
  check_unet(unet, map_of(*this, example.shape), scope.inner("unet"));
}

LatentDiffusion::LatentDiffusion(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      map_(map_of(config, example.shape)),
      sampler_(config.sampler),
      encoder_(register_module("encoder",
                               MapEncoder(example.shape, config.coder, 2 * config.code_channels))),
      decoder_(register_module("decoder",
                               MapDecoder(example.shape, config.coder, config.code_channels))),
      denoiser_(register_module("denoiser", Denoiser(config.unet, config.schedule, config.predict,
                                                     DenoiserShape{map_, told(config, example)}))),
      seen_(register_buffer("codes_seen", torch::zeros({1}, torch::kDouble))),
      sum_(register_buffer("codes_sum", torch::zeros({config.code_channels}, torch::kDouble))),
      squares_(register_buffer("codes_squares", torch::zeros_like(sum_))),
      mean_(register_buffer("codes_mean", torch::zeros({config.code_channels}))),
      deviation_(register_buffer("codes_deviation", torch::ones({config.code_channels}))) {
  sampler_.clip = false;  // codes have no range
}

// --- Stages ---

std::vector<Stage> LatentDiffusion::stages(int64_t epochs) const {
  return {{kLearningCodes, config_.autoencoder_epochs}, {kMeasuringCodes, 1}, {kDiffusing, epochs}};
}

void LatentDiffusion::begin_stage(const Stage& stage) {
  phase_ = stage.name == kLearningCodes    ? Phase::kAutoencoder
           : stage.name == kMeasuringCodes ? Phase::kMeasuring
                                           : Phase::kDiffusion;
  if (phase_ == Phase::kMeasuring) return;
  if (phase_ == Phase::kDiffusion) {
    optimizer_ = &register_optimizer("all", denoiser_->parameters(), config_.optimizer);
    return;
  }
  auto both = encoder_->parameters();
  for (const auto& parameter : decoder_->parameters()) both.push_back(parameter);
  optimizer_ = &register_optimizer("all", both, config_.autoencoder_optimizer);
}

void LatentDiffusion::end_stage(const Stage&) {
  const torch::NoGradGuard no_grad;
  if (phase_ == Phase::kAutoencoder) {
    // The diffusion learns the codes of what was judged: the averaged weights, where there are any.
    settle_on_average(*optimizer_);
    for (auto* count : {&seen_, &sum_, &squares_, &mean_}) count->zero_();
    deviation_.fill_(1);
  }
  if (phase_ != Phase::kMeasuring) return;
  const auto n = std::max(1.0, seen_.item<double>());
  const auto mean = sum_ / n;
  mean_.copy_(mean);
  deviation_.copy_((squares_ / n - mean.square()).clamp_min(0).sqrt().clamp_min(kLeastDeviation));
}

void LatentDiffusion::measure(const torch::Tensor& code) {
  const auto values = code.to(torch::kDouble);
  seen_ += static_cast<double>(code.numel() / code.size(1));
  sum_ += values.sum({0, 2, 3});
  squares_ += values.square().sum({0, 2, 3});
}

// --- Codes ---

LatentDiffusion::Posterior LatentDiffusion::posterior(const torch::Tensor& x) {
  const auto parts = encoder_->forward(x).map.chunk(2, 1);
  return {parts[0], parts[1].clamp(-kLogVarianceLimit, kLogVarianceLimit)};
}

torch::Tensor LatentDiffusion::codes_of(const torch::Tensor& x, bool drawn) {
  const auto q = posterior(x);
  const auto code =
      drawn ? reparametrize(q.mean, q.log_variance, torch::randn_like(q.mean)) : q.mean;
  return (code - by_channel(mean_)) / by_channel(deviation_);
}

torch::Tensor LatentDiffusion::image_of(const torch::Tensor& standardised) {
  MapCode code;
  code.map = standardised * by_channel(deviation_) + by_channel(mean_);
  return reconstruction_of(config_.loss, decoder_->forward(code));
}

// --- Steps ---

LatentDiffusion::Terms LatentDiffusion::autoencoder_terms(const torch::Tensor& x) {
  const auto q = posterior(x);
  MapCode code;
  code.map = reparametrize(q.mean, q.log_variance, torch::randn_like(q.mean));
  const auto output = decoder_->forward(code);
  Terms out;
  out.reconstruction = reconstruction_loss(config_.loss, output, x);
  out.kl = kl_standard_normal(q.mean, q.log_variance).mean();
  out.loss = out.reconstruction + config_.kl_weight * out.kl;  // LDM, section 3.1, "KL-reg."
  out.sse = mean_sse(reconstruction_of(config_.loss, output), x);
  return out;
}

Metrics LatentDiffusion::training_step(const Batch& batch) {
  if (phase_ == Phase::kAutoencoder) {
    const auto terms = autoencoder_terms(batch.x);
    optimizer_->minimize(terms.loss);
    return {{"loss", terms.loss.detach()},
            {"reconstruction_sse", terms.sse.detach()},
            {"kl", terms.kl.detach()}};
  }
  // What was learned stays as it is, also the statistics of a batch normalization.
  encoder_->eval();
  decoder_->eval();
  torch::Tensor code;
  {
    const torch::NoGradGuard no_grad;
    code = codes_of(batch.x, /*drawn=*/true);
    if (phase_ == Phase::kMeasuring) {
      measure(code);
      return {{"measured", seen_[0] / static_cast<double>(map_[1] * map_[2])}};
    }
  }
  const auto loss = denoiser_->errors(code, batch.label, config_.label_dropout).mean();
  optimizer_->minimize(loss);
  return {{"loss", loss.detach()}};
}

Metrics LatentDiffusion::validation_step(const Batch& batch) {
  if (phase_ == Phase::kAutoencoder) {
    const auto terms = autoencoder_terms(batch.x);
    return {{"loss", terms.loss}, {"reconstruction_sse", terms.sse}, {"kl", terms.kl}};
  }
  if (phase_ == Phase::kMeasuring)
    return {{"reconstruction_sse", mean_sse(reconstruct(batch), batch.x)}};
  return {{"loss", denoiser_->errors(codes_of(batch.x, true), batch.label, 0).mean()}};
}

// --- What it can be asked ---

torch::Tensor LatentDiffusion::drawn_label(const SampleRequest& request) const {
  if (!config_.class_conditional || request.label.defined()) return request.label;
  const auto classes = static_cast<double>(example().classes.size());
  return (request.noise->uniform({1}).squeeze(1) * classes).to(torch::kLong);
}

torch::Tensor LatentDiffusion::drawn_from(const torch::Tensor& z, int64_t from,
                                          const torch::Tensor& label, const SamplerConfig& sampler,
                                          Noise& noise) {
  const auto n = z.size(0);
  StepWatch watch;
  if (progress_)
    watch = [tell = progress_, n, all = spaced_steps(from, sampler.steps).size(),
             step = int64_t{0}](int64_t, const torch::Tensor&, const torch::Tensor&) mutable {
      tell(n, ++step, static_cast<int64_t>(all));
    };
  return image_of(run_sampler(denoiser_->process(),
                              denoiser_->predictor(label, n, sampler.guidance), z, from, sampler,
                              noise, watch));
}

torch::Tensor LatentDiffusion::sample(const SampleRequest& request) {
  const auto label = drawn_label(request);
  const auto z = request.noise->normal(map_) * request.temperature;
  return drawn_from(z, most_steps(), label, sampler_, *request.noise);
}

torch::Tensor LatentDiffusion::decode(const torch::Tensor& code, const torch::Tensor& label) {
  auto quiet = sampler_;
  quiet.eta = 0;
  if (quiet.kind == SamplerKind::kAncestral) quiet.kind = SamplerKind::kDdim;
  Noise none(0, 0, code.size(0), code.device());
  return drawn_from(code.view({code.size(0), map_[0], map_[1], map_[2]}), most_steps(), label,
                    quiet, none);
}

torch::Tensor LatentDiffusion::reconstruct(const Batch& batch) {
  return image_of(codes_of(batch.x, /*drawn=*/false));
}

std::vector<CoursePoint> LatentDiffusion::course(const SampleRequest& request, int64_t points) {
  const auto label = drawn_label(request);
  const auto z = request.noise->normal(map_) * request.temperature;
  auto course =
      run_course(denoiser_->process(), denoiser_->predictor(label, request.n, sampler_.guidance), z,
                 most_steps(), sampler_, *request.noise, points);
  for (auto& point : course) point = {point.t, image_of(point.x), image_of(point.example)};
  return course;
}

torch::Tensor LatentDiffusion::vary(const Batch& batch, double share, Noise& noise) {
  FIGMENT_CHECK(share > 0 && share <= 1);
  const auto& process = denoiser_->process();
  const auto from = std::clamp<int64_t>(std::llround(share * static_cast<double>(process.steps())),
                                        1, process.steps());
  const auto z = codes_of(batch.x, /*drawn=*/false);
  const auto t = torch::full({z.size(0)}, from, torch::dtype(torch::kLong).device(z.device()));
  const auto z_t = process.noised(z, t, noise.normal(map_));
  return drawn_from(z_t, from, batch.label, sampler_, noise);
}

}  // namespace figment::models
