#include "figment/models/diffusion/diffusion.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/nn/distributions.h"
#include "figment/nn/normal_interval.h"

namespace figment::models {

extern const Family diffusion;
constexpr Family diffusion =
    family<Diffusion>("diffusion", "Denoising diffusion", "https://arxiv.org/abs/2006.11239");

namespace {

constexpr double kHybridShare = 1e-3;    // IDDPM section 3.1
constexpr int64_t kStepsOfBound = 8;     // drawn for each example to estimate its bound
constexpr double kGreyHalf = 1.0 / 255;  // half a grey step in [-1, 1]

torch::Tensor per_example(const torch::Tensor& values) { return values.flatten(1).sum(1); }

// Log-probability of the grey step of each pixel under a normal, the ends of the scale open to
// infinity (DDPM eq. 13): [n].
torch::Tensor grey_log_prob(const torch::Tensor& x, const torch::Tensor& mean,
                            const torch::Tensor& log_variance) {
  const auto inverse = torch::exp(-0.5 * log_variance);
  const auto centre = (x - mean) * inverse, half = kGreyHalf * inverse;
  const auto within =
      torch::where(x > 0.999, log_normal_cdf(half - centre), log_normal_interval(centre, half));
  return per_example(torch::where(x < -0.999, log_normal_cdf(centre + half), within));
}

}  // namespace

void DiffusionConfig::check(const Problems::Scope& scope) const {
  if (variance == StepVariance::kLearned && loss == DiffusionLoss::kSimple)
    scope.add("loss",
              "expected bound or hybrid with variance = \"learned\": the simple loss does "
              "not judge a variance");
  if (loss == DiffusionLoss::kHybrid && variance != StepVariance::kLearned)
    scope.add("variance", "expected learned with loss = \"hybrid\", whose second part trains it");
  if (min_snr > 0 && loss == DiffusionLoss::kBound)
    scope.add("min_snr", "expected 0 with loss = \"bound\", whose weights are given");
  check_guidance(sampler, class_conditional, label_dropout, scope);
}

void DiffusionConfig::check_example(const ExampleSpec& example,
                                    const Problems::Scope& scope) const {
  if (example.modality == Modality::kImage) check_unet(unet, example.shape, scope.inner("unet"));
  if (class_conditional && example.classes.empty())
    scope.add("class_conditional", "expected examples with classes, got " + example.text());
}

Diffusion::Diffusion(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      process_(config.schedule),
      sampler_(config.sampler),
      optimizer_([&]() -> Optimizer& {
        const int64_t parts = config.variance == StepVariance::kLearned ? 2 : 1;
        const auto classes =
            config.class_conditional ? static_cast<int64_t>(example.classes.size()) : 0;
        if (example.modality == Modality::kImage)
          unet_ =
              register_module("unet", Unet(config.unet, example.shape[0], parts * example.shape[0],
                                           example.shape[1], classes));
        else
          mlp_ = register_module("mlp", TimedMlp(example.elements(), parts * example.elements(),
                                                 config.width, config.layers, classes));
        return register_optimizer("all", parameters(), config.optimizer);
      }()) {}

torch::Tensor Diffusion::centred(const torch::Tensor& x) const { return images() ? 2 * x - 1 : x; }

torch::Tensor Diffusion::uncentred(const torch::Tensor& x) const {
  return images() ? ((x + 1) / 2).clamp(0, 1) : x;
}

// A row of zeros is "any class".
torch::Tensor Diffusion::condition_of(const torch::Tensor& label, int64_t n) const {
  if (!config_.class_conditional) return {};
  const auto classes = static_cast<int64_t>(example().classes.size());
  if (!label.defined())
    return torch::zeros({n, classes}, torch::dtype(torch::kFloat).device(device()));
  return torch::one_hot(label, classes).to(torch::kFloat);
}

Diffusion::Output Diffusion::ask(const torch::Tensor& x_t, const torch::Tensor& t,
                                 const torch::Tensor& condition) {
  const auto out =
      unet_ ? unet_(x_t, t, condition) : mlp_(x_t.flatten(1), t, condition).view({x_t.size(0), -1});
  if (config_.variance != StepVariance::kLearned) return {out.view(x_t.sizes()), {}};
  const auto parts = out.chunk(2, 1);
  return {parts[0].reshape(x_t.sizes()), parts[1].reshape(x_t.sizes())};
}

torch::Tensor Diffusion::share_of(const Output& output, const torch::Tensor& like) const {
  switch (config_.variance) {
    case StepVariance::kSmall:
      return torch::zeros({}, like.options());
    case StepVariance::kLarge:
      return torch::ones({}, like.options());
    case StepVariance::kLearned:
      return (output.between + 1) / 2;
  }
  return {};
}

torch::Tensor Diffusion::term_of(const torch::Tensor& x, const torch::Tensor& x_t,
                                 const torch::Tensor& t, const Output& output) const {
  auto guess = process_.denoised(config_.predict, output.prediction, x_t, t).example;
  // Where it is cut it has no gradient: a training could not bring it back.
  if (images() && config_.sampler.clip && !is_training()) guess = guess.clamp(-1, 1);
  const auto mean = process_.posterior_mean(guess, x_t, t);
  const auto share = share_of(output, x_t);
  const auto log_variance =
      (share * process_.log_beta(t, x_t) + (1 - share) * process_.posterior_log_variance(t, x_t))
          .expand_as(x_t);  // IDDPM eq. 15
  const auto true_mean = process_.posterior_mean(x, x_t, t);
  const auto true_log_variance = process_.posterior_log_variance(t, x_t);
  // KL of two normals (DDPM eq. 5, L_{t-1}).
  const auto kl = per_example(0.5 * (log_variance - true_log_variance - 1 +
                                     torch::exp(true_log_variance - log_variance) +
                                     (true_mean - mean).square() * torch::exp(-log_variance)));
  const auto decoded = (t == 1).nonzero().flatten();
  if (decoded.size(0) == 0) return kl;
  const auto of = [&](const torch::Tensor& all) { return all.index_select(0, decoded); };
  const auto last = images() ? grey_log_prob(of(x), of(mean), of(log_variance))
                             : gaussian_log_prob(of(x), of(mean), of(log_variance));
  return kl.index_copy(0, decoded, -last);
}

torch::Tensor Diffusion::prior_term(const torch::Tensor& x) const {
  const auto left = process_.alpha_bar(process_.steps());
  // KL(N(sqrt(left) x, 1 - left) || N(0, 1)), DDPM eq. 5, L_T.
  return per_example(0.5 * (left * centred(x).square() - left - std::log1p(-left)));
}

torch::Tensor Diffusion::bound_term(const Batch& batch, const torch::Tensor& t,
                                    const torch::Tensor& noise) {
  const auto x = centred(batch.x);
  const auto x_t = process_.noised(x, t, noise);
  return term_of(x, x_t, t, ask(x_t, t, condition_of(batch.label, x.size(0))));
}

Diffusion::Losses Diffusion::losses_of(const Batch& batch) {
  const auto x = centred(batch.x);
  const auto n = x.size(0);
  const auto t =
      torch::randint(1, process_.steps() + 1, {n}, torch::dtype(torch::kLong).device(x.device()));
  const auto noise = torch::randn_like(x);
  const auto x_t = process_.noised(x, t, noise);  // DDPM algorithm 1
  auto condition = condition_of(batch.label, n);
  if (condition.defined() && is_training())
    condition = condition * (torch::rand({n, 1}, x.options()) >= config_.label_dropout);
  const auto output = ask(x_t, t, condition);
  const auto error = (output.prediction - process_.target(config_.predict, x, t, noise))
                         .square()
                         .flatten(1)
                         .mean(1);  // DDPM eq. 14
  Losses out;
  out.simple = error;
  if (config_.min_snr > 0) {
    // In terms of the predicted example the weight is min(snr, gamma); of noise and velocity what
    // their errors are of it (Hang et al. 2023, section 3.4).
    const auto snr = process_.signal_to_noise(t);
    const auto capped = snr.clamp_max(config_.min_snr);
    out.simple = error * (config_.predict == PredictionKind::kExample ? capped
                          : config_.predict == PredictionKind::kNoise ? capped / snr
                                                                      : capped / (snr + 1));
  }
  if (config_.loss == DiffusionLoss::kSimple) return out;
  auto judged = output;
  // The mean is the simple loss's to learn (IDDPM section 3.1).
  if (config_.loss == DiffusionLoss::kHybrid) judged.prediction = judged.prediction.detach();
  out.bound = term_of(x, x_t, t, judged) * static_cast<double>(process_.steps());
  return out;
}

torch::Tensor Diffusion::total(const Losses& losses) const {
  switch (config_.loss) {
    case DiffusionLoss::kSimple:
      return losses.simple.mean();
    case DiffusionLoss::kBound:
      return losses.bound.mean() / static_cast<double>(example().elements());
    case DiffusionLoss::kHybrid:
      return losses.simple.mean() +
             kHybridShare * losses.bound.mean() / static_cast<double>(example().elements());
  }
  return losses.simple.mean();
}

Metrics Diffusion::training_step(const Batch& batch) {
  const auto losses = losses_of(batch);
  const auto loss = total(losses);
  optimizer_.minimize(loss);
  Metrics out = {{"loss", loss.detach()}};
  if (losses.bound.defined()) out.emplace_back("bound", losses.bound.mean().detach());
  return out;
}

Metrics Diffusion::validation_step(const Batch& batch) {
  const auto losses = losses_of(batch);
  Metrics out = {{"loss", total(losses)}};
  if (losses.bound.defined()) out.emplace_back("bound", losses.bound.mean());
  return out;
}

LogDensity Diffusion::log_density(const Batch& batch, Noise& noise) {
  const auto n = batch.x.size(0), steps = process_.steps();
  // The decoder's term is taken as it is; the others by steps spread over 2..T, one drawn in each
  // of equal stretches, so that the mean over them has little variance.
  const auto first = torch::ones({n}, torch::dtype(torch::kLong).device(batch.x.device()));
  const auto decoder = bound_term(batch, first, noise.normal(example().shape));
  const auto count = std::min<int64_t>(kStepsOfBound, steps - 1);
  auto between = torch::zeros_like(decoder);
  for (int64_t k = 0; k < count; ++k) {
    const auto place = (noise.uniform({1}).squeeze(1) + static_cast<double>(k)) *
                       (static_cast<double>(steps - 1) / static_cast<double>(count));
    const auto t = (place.floor().to(torch::kLong) + 2).clamp_max(steps);
    between = between + bound_term(batch, t, noise.normal(example().shape));
  }
  between = between * (static_cast<double>(steps - 1) / static_cast<double>(count));
  const auto prior = prior_term(batch.x);
  auto decoded = -decoder;
  // Of one of 256 greys -> per pixel in [0, 1], whose greys are 1/255 apart.
  if (images()) decoded = decoded + std::log(255.0) * static_cast<double>(example().elements());
  return {decoded - between - prior,
          {{"decoder", decoded}, {"steps", -between}, {"prior", -prior}}};
}

}  // namespace figment::models
