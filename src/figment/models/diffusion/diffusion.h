// Denoising diffusion: a network that takes noise off, applied again and again to noise alone.
// Ho, Jain & Abbeel, "Denoising diffusion probabilistic models", 2020,
// https://arxiv.org/abs/2006.11239 (DDPM below); Nichol & Dhariwal, "Improved denoising diffusion
// probabilistic models", 2021 (IDDPM); classes by Ho & Salimans, "Classifier-free diffusion
// guidance", 2022 (CFG); weights by Hang et al., "Efficient diffusion training via min-SNR
// weighting", 2023.
#pragma once

#include <vector>

#include "figment/model/abilities.h"
#include "figment/model/bound_terms.h"
#include "figment/model/model.h"
#include "figment/model/stepwise.h"
#include "figment/nn/diffusion_process.h"
#include "figment/nn/diffusion_sampler.h"
#include "figment/nn/unet.h"

namespace figment::models {

enum class DiffusionLoss { kSimple, kBound, kHybrid };
constexpr auto enum_names(DiffusionLoss) {
  return std::array{EnumName<DiffusionLoss>{"simple", DiffusionLoss::kSimple},
                    EnumName<DiffusionLoss>{"bound", DiffusionLoss::kBound},
                    EnumName<DiffusionLoss>{"hybrid", DiffusionLoss::kHybrid}};
}

enum class StepVariance { kSmall, kLarge, kLearned };
constexpr auto enum_names(StepVariance) {
  return std::array{EnumName<StepVariance>{"small", StepVariance::kSmall},
                    EnumName<StepVariance>{"large", StepVariance::kLarge},
                    EnumName<StepVariance>{"learned", StepVariance::kLearned}};
}

struct DiffusionConfig {
  DiffusionScheduleConfig schedule{};
  PredictionKind predict = PredictionKind::kVelocity;
  DiffusionLoss loss = DiffusionLoss::kSimple;
  StepVariance variance = StepVariance::kLarge;
  double min_snr = 0;
  bool class_conditional = false;
  double label_dropout = 0.1;
  UnetConfig unet{};
  int64_t width = 128;
  int64_t layers = 3;
  SamplerConfig sampler{};
  int64_t inpainting_repeats = 5;
  double restored_noise = 0.5;
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = DiffusionConfig;
    return std::tuple{
        Field{"schedule", &C::schedule, "How examples become noise."},
        Field{"predict", &C::predict,
              "What the network gives: the noise, the clean example, or the velocity, a mixture of "
              "both, which tells the example well at every step, also where noise is nearly all."},
        Field{"loss", &C::loss,
              "simple: squared error of what is predicted; bound: the variational bound, term by "
              "term; hybrid: simple, and a thousandth of the bound for the variance alone."},
        Field{"variance", &C::variance,
              "Of a step back: small is that of q(x_{t-1} | x_t, x_0), large is beta where all "
              "steps are taken, learned lies "
              "between the two as the network says (loss bound or hybrid)."},
        Field{"min_snr", &C::min_snr,
              "simple: weight of a step's error at most this signal-to-noise ratio, such as 5; 0 "
              "weighs all steps alike.",
              AtLeast{0}},
        Field{"class_conditional", &C::class_conditional,
              "Whether the network is told the class of an example."},
        Field{"label_dropout", &C::label_dropout,
              "Share of the examples whose class is kept from it, so that it can also do without.",
              Within{0, 1}},
        Field{"unet", &C::unet, "The network, for images."},
        Field{"width", &C::width, "Width of the network for vectors.", Within{2, 65536}},
        Field{"layers", &C::layers, "Residual layers of the network for vectors.", Within{1, 1000}},
        Field{"sampler", &C::sampler, "How samples are drawn, unless asked otherwise."},
        Field{"inpainting_repeats", &C::inpainting_repeats,
              "Times that each step is gone through when hidden parts are filled in.",
              Within{1, 1000}},
        Field{"restored_noise", &C::restored_noise,
              "Standard deviation of the noise that restoring takes off, in the model's numbers "
              "(pixels in [0, 1]).",
              Above{0}},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// Pixels are seen by the network in [-1, 1], as DDPM's are.
class Diffusion : public Model,
                  public Samples,
                  public Decodes,
                  public Densities,
                  public Conditions,
                  public Completes,
                  public Restores,
                  public Stepwise,
                  public Inverts,
                  public Denoises,
                  public BoundTerms {
 public:
  using Config = DiffusionConfig;
  Diffusion(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  bool knows_classes() const override { return config_.class_conditional; }
  torch::Tensor sample(const SampleRequest& request) override;
  // The code is the noise at the last step, as wide as an example; decoded by DDIM without fresh
  // noise whatever the sampler, since these are the steps that invert() takes backwards.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  bool on_class() const override { return config_.class_conditional; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return decode(code, given.label);
  }
  const char* density_name() const override { return "elbo"; }
  // The bound, with its terms in between estimated by a few steps drawn over the whole range.
  LogDensity log_density(const Batch& batch, Noise& noise) override;
  torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) override;
  torch::Tensor corrupt(const torch::Tensor& x, Noise& noise) override;
  torch::Tensor restore(const torch::Tensor& damaged) override;

  // Stepwise: how samples are drawn from now on.
  SamplerConfig& sampler() override { return sampler_; }
  int64_t most_steps() const override { return process_.steps(); }
  bool does_without_class() const override {
    return config_.class_conditional && config_.label_dropout > 0;
  }
  std::vector<CoursePoint> course(const SampleRequest& request, int64_t points) override;
  torch::Tensor vary(const Batch& batch, double share, Noise& noise) override;
  int64_t noise_dim() const override { return example().elements(); }
  torch::Tensor invert(const Batch& batch) override;
  torch::Tensor predicted(const torch::Tensor& x, int64_t t) override;
  double& restored_noise() override { return config_.restored_noise; }
  torch::Tensor denoise(const Batch& damaged, Noise& noise) override;

  // Terms of the bound in nats, [n] each: L_t of DDPM eq. 5 for t [n] in 1..T (t = 1 is the
  // decoder's -log p(x_0 | x_1)), and the prior's L_T.
  int64_t terms() const override { return process_.steps(); }
  torch::Tensor bound_term(const Batch& batch, const torch::Tensor& t,
                           const torch::Tensor& noise) override;
  torch::Tensor prior_term(const torch::Tensor& x) const override;
  const DiffusionProcess& process() const { return process_; }

 private:
  struct Output {
    torch::Tensor prediction;  // [n, shape...]
    torch::Tensor between;     // [n, shape...], where the learned variance lies; may be undefined
  };
  bool images() const { return example().modality == Modality::kImage; }
  torch::Tensor centred(const torch::Tensor& x) const;  // to the network's numbers
  torch::Tensor uncentred(const torch::Tensor& x) const;
  torch::Tensor condition_of(const torch::Tensor& label, int64_t n) const;
  Output ask(const torch::Tensor& x_t, const torch::Tensor& t, const torch::Tensor& condition);
  // Where the variance of a step back lies, as StepPrediction has it; broadcasts over `like`.
  torch::Tensor share_of(const Output& output, const torch::Tensor& like) const;
  // -log p(x_0 | x_1) or the KL of a step back, in nats [n].
  torch::Tensor term_of(const torch::Tensor& x, const torch::Tensor& x_t, const torch::Tensor& t,
                        const Output& output) const;
  // The network with guidance, at one t for all.
  StepPredictor predictor(const torch::Tensor& label, int64_t n);
  torch::Tensor drawn_label(const SampleRequest& request) const;
  // The sampler from x at step `from` on, told to whoever watches.
  torch::Tensor drawn_from(const torch::Tensor& x, int64_t from, const torch::Tensor& label,
                           const SamplerConfig& sampler, Noise& noise);
  StepWatch watched(int64_t n, int64_t from) const;
  // The step at which the noise is to the signal what it is in an example with noise of the
  // deviation restored_noise.
  int64_t step_of_noise() const;
  struct Losses {
    torch::Tensor simple, bound;  // [n]; bound undefined where it is not trained
  };
  Losses losses_of(const Batch& batch);
  torch::Tensor total(const Losses& losses) const;

  Config config_;
  DiffusionProcess process_;
  SamplerConfig sampler_;
  Unet unet_{nullptr};
  TimedMlp mlp_{nullptr};
  Optimizer& optimizer_;
};

}  // namespace figment::models
