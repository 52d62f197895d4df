// What a trained denoiser is asked for: samples, variations, completions, restorations.
#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/models/diffusion/diffusion.h"

namespace figment::models {

StepPredictor Diffusion::predictor(const torch::Tensor& label, int64_t n) {
  const auto condition = condition_of(label, n), any = condition_of({}, n);
  const bool guided = config_.class_conditional && label.defined() && sampler_.guidance != 1;
  // Over longer steps a fixed variance is the small one: of the large one more noise would be left
  // than the network knows (DDIM table 1). A learned one lies between those of the longer steps.
  const bool spread =
      config_.variance == StepVariance::kLearned ||
      (config_.variance == StepVariance::kLarge && sampler_.steps >= process_.steps());
  return [this, condition, any, guided, spread](const torch::Tensor& x_t, int64_t t) {
    const auto steps =
        torch::full({x_t.size(0)}, t, torch::dtype(torch::kLong).device(x_t.device()));
    auto output = ask(x_t, steps, condition);
    if (guided) {
      const auto without = ask(x_t, steps, any).prediction;
      output.prediction = without + sampler_.guidance * (output.prediction - without);  // CFG eq. 6
    }
    StepPrediction out;
    out.denoised = process_.denoised(config_.predict, output.prediction, x_t, steps);
    if (images() && sampler_.clip) {
      // The noise is then what leads from the example cut to x_t.
      out.denoised.example = out.denoised.example.clamp(-1, 1);
      out.denoised.noise = (x_t - std::sqrt(process_.alpha_bar(t)) * out.denoised.example) /
                           std::sqrt(1 - process_.alpha_bar(t));
    }
    if (spread) out.share = share_of(output, x_t);
    return out;
  };
}

torch::Tensor Diffusion::drawn_label(const SampleRequest& request) const {
  if (!config_.class_conditional || request.label.defined()) return request.label;
  const auto classes = static_cast<double>(example().classes.size());
  return (request.noise->uniform({1}).squeeze(1) * classes).to(torch::kLong);
}

torch::Tensor Diffusion::sample(const SampleRequest& request) {
  const auto label = drawn_label(request);
  const auto x = request.noise->normal(example().shape) * request.temperature;
  return drawn_from(x, process_.steps(), label, sampler_, *request.noise);
}

StepWatch Diffusion::watched(int64_t n, int64_t from) const {
  if (!progress_) return {};
  const auto all = static_cast<int64_t>(spaced_steps(from, sampler_.steps).size());
  return [tell = progress_, n, all, step = int64_t{0}](
             int64_t, const torch::Tensor&, const torch::Tensor&) mutable { tell(n, ++step, all); };
}

torch::Tensor Diffusion::drawn_from(const torch::Tensor& x, int64_t from,
                                    const torch::Tensor& label, const SamplerConfig& sampler,
                                    Noise& noise) {
  const auto n = x.size(0);
  return uncentred(
      run_sampler(process_, predictor(label, n), x, from, sampler, noise, watched(n, from)));
}

torch::Tensor Diffusion::decode(const torch::Tensor& code, const torch::Tensor& label) {
  auto shape = example().shape;
  shape.insert(shape.begin(), code.size(0));
  auto quiet = sampler_;
  quiet.kind = SamplerKind::kDdim;
  quiet.eta = 0;
  Noise none(0, 0, code.size(0), code.device());
  return drawn_from(code.view(shape), process_.steps(), label, quiet, none);
}

torch::Tensor Diffusion::invert(const Batch& batch) {
  const auto n = batch.x.size(0);
  return run_inversion(process_, predictor(batch.label, n), centred(batch.x), sampler_.steps,
                       watched(n, process_.steps()))
      .flatten(1);
}

torch::Tensor Diffusion::predicted(const torch::Tensor& x, int64_t t) {
  return uncentred(predictor({}, x.size(0))(centred(x), t).denoised.example);
}

std::vector<CoursePoint> Diffusion::course(const SampleRequest& request, int64_t points) {
  const auto label = drawn_label(request);
  const auto x = request.noise->normal(example().shape) * request.temperature;
  auto course = run_course(process_, predictor(label, request.n), x, process_.steps(), sampler_,
                           *request.noise, points);
  for (auto& point : course) point = {point.t, uncentred(point.x), uncentred(point.example)};
  return course;
}

torch::Tensor Diffusion::vary(const Batch& batch, double share, Noise& noise) {
  FIGMENT_CHECK(share > 0 && share <= 1);
  const auto steps = static_cast<double>(process_.steps());
  const auto from = std::clamp<int64_t>(std::llround(share * steps), 1, process_.steps());
  const auto x = centred(batch.x);
  const auto t = torch::full({x.size(0)}, from, torch::dtype(torch::kLong).device(x.device()));
  const auto x_t = process_.noised(x, t, noise.normal(example().shape));
  return drawn_from(x_t, from, batch.label, sampler_, noise);
}

torch::Tensor Diffusion::complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) {
  const auto x = noise.normal(example().shape);
  return uncentred(run_inpainting(process_, predictor(batch.label, batch.x.size(0)), x,
                                  centred(batch.x), mask, config_.inpainting_repeats, sampler_,
                                  noise, watched(batch.x.size(0), process_.steps())));
}

torch::Tensor Diffusion::corrupt(const torch::Tensor& x, Noise& noise) {
  return x + config_.restored_noise * noise.normal(example().shape);
}

int64_t Diffusion::step_of_noise() const {
  const double spread = config_.restored_noise * (images() ? 2 : 1);
  int64_t from = 1;
  while (from < process_.steps() &&
         (1 - process_.alpha_bar(from)) / process_.alpha_bar(from) < spread * spread)
    ++from;
  return from;
}

torch::Tensor Diffusion::restore(const torch::Tensor& damaged) {
  const auto from = step_of_noise();
  const auto x_t = std::sqrt(process_.alpha_bar(from)) * centred(damaged);
  // The mean of what it may have been: one prediction, since a sample would add an error of its
  // own.
  return uncentred(predictor({}, x_t.size(0))(x_t, from).denoised.example);
}

torch::Tensor Diffusion::denoise(const Batch& damaged, Noise& noise) {
  const auto from = step_of_noise();
  return drawn_from(std::sqrt(process_.alpha_bar(from)) * centred(damaged.x), from, damaged.label,
                    sampler_, noise);
}

}  // namespace figment::models
