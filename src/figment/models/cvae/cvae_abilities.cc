// What a conditional VAE can be asked.
#include <algorithm>

#include "figment/core/error.h"
#include "figment/models/cvae/cvae.h"
#include "figment/nn/bayes.h"
#include "figment/nn/distributions.h"

namespace figment::models {
namespace {

constexpr std::uint64_t kClassifySeed = 2015;  // of the draws by which classes are told

// Elements that the decoder answers at once: so many that its products keep a processor busy, and
// so few that they do not fill its memory.
constexpr int64_t kOutputsAtOnce = 1 << 22;

int64_t codes_at_once(const torch::Tensor& x) {
  return std::max<int64_t>(1, kOutputsAtOnce / std::max<int64_t>(1, x.numel()));
}

// The rows of x [n, ...] k times over: [k n, ...]
torch::Tensor repeated(const torch::Tensor& x, int64_t k) {
  auto sizes = x.sizes().vec();
  sizes.insert(sizes.begin(), k);
  return x.unsqueeze(0).expand(sizes).flatten(0, 1);
}

}  // namespace

torch::Tensor Cvae::sample(const SampleRequest& request) {
  auto& noise = *request.noise;
  const auto z = noise.normal({config_.latent_dim}) * request.temperature;
  if (on_part()) {
    const auto which = (noise.uniform({1}) * static_cast<double>(PartImpl::kKept)).to(torch::kLong);
    return complete_from(part_->kept().index_select(0, which.flatten()), z);
  }
  const auto label = !on_class()               ? torch::Tensor()
                     : request.label.defined() ? request.label
                                               : description_->draw_label(noise);
  const auto attributes =
      on_attributes() ? description_->draw_attributes(noise, request.attributes) : torch::Tensor();
  return mean_of(output(z, embedding_of(label, attributes, z.size(0))));
}

torch::Tensor Cvae::encode(const Batch& batch) {
  return posterior(batch.x, embedding_of(batch)).mean;
}

torch::Tensor Cvae::decode(const torch::Tensor& code, const torch::Tensor& label) {
  const auto n = code.size(0);
  if (!on_part()) return mean_of(output(code, embedding_of(label, {}, n)));
  Batch given;
  const auto rows = torch::arange(n, torch::TensorOptions(torch::kLong).device(code.device()));
  given.x = part_->kept().index_select(0, rows.remainder(PartImpl::kKept));
  return decode_as(code, given);
}

torch::Tensor Cvae::decode_as(const torch::Tensor& code, const Batch& given) {
  // Of a class or attributes the batch need not hold an example.
  auto batch = given;
  if (!on_part()) batch.x = code;
  const auto answer = mean_of(output(code, embedding_of(batch)));
  return on_part() ? part_->joined(batch.x, answer) : answer;
}

torch::Tensor Cvae::reconstruct(const Batch& batch) { return decode_as(encode(batch), batch); }

LogDensity Cvae::log_density(const Batch& batch, Noise& noise) {
  const auto x =
      config_.binarize == CvaeBinarization::kSampled ? noise.bernoulli(batch.x) : batch.x;
  const auto t = terms(x, batch, noise.normal({config_.latent_dim}));
  return {t.reconstruction - t.kl, {{"reconstruction", t.reconstruction}, {"kl", t.kl}}};
}

torch::Tensor Cvae::weigh(const torch::Tensor& x, const torch::Tensor& embedding, const Normal& q,
                          const Normal& p, const torch::Tensor& epsilon) {
  const auto k = epsilon.size(0), n = x.size(0);
  const auto rows = [&](const torch::Tensor& of) { return repeated(of, k); };
  const auto z = reparametrize(q.mean, q.log_variance, epsilon).flatten(0, 1);  // [k n, latent]
  const auto log_w = log_likelihood(rows(x), output(z, rows(embedding))) +
                     gaussian_log_prob(z, rows(p.mean), rows(p.log_variance)) -
                     gaussian_log_prob(z, rows(q.mean), rows(q.log_variance));
  return log_w.view({k, n});
}

torch::Tensor Cvae::log_weights(const Batch& batch, Noise& noise, int64_t samples) {
  auto given = batch;
  if (config_.binarize == CvaeBinarization::kSampled) given.x = noise.bernoulli(batch.x);
  const auto e = embedding_of(given);
  const auto q = posterior(given.x, e), p = prior(e);
  const auto at_once = codes_at_once(given.x);
  std::vector<torch::Tensor> parts;
  for (int64_t done = 0; done < samples; done += at_once) {
    // One draw a code, so that the first of many codes are those of few.
    std::vector<torch::Tensor> epsilon;
    for (int64_t k = done; k < std::min(samples, done + at_once); ++k)
      epsilon.push_back(noise.normal({config_.latent_dim}));
    parts.push_back(weigh(given.x, e, q, p, torch::stack(epsilon)));
  }
  return torch::cat(parts);
}

LikelihoodOf Cvae::likelihood_of() const {
  if (config_.likelihood == CvaeLikelihood::kGaussian) return LikelihoodOf::kReals;
  return config_.binarize == CvaeBinarization::kSampled ? LikelihoodOf::kBinaryDraws
                                                        : LikelihoodOf::kProbabilities;
}

std::vector<torch::Tensor> Cvae::posterior_means(const Batch& batch) {
  const auto e = embedding_of(batch);
  const auto q = posterior(batch.x, e);
  if (!on_part()) return {q.mean};
  const auto p = prior(e);
  return {(q.mean - p.mean) / (p.log_variance / 2).exp()};
}

torch::Tensor Cvae::complete_from(const torch::Tensor& x, const torch::Tensor& epsilon) {
  const auto e = part_->embed(x);
  const auto p = prior(e);
  // SLY section 4.2: z from p(z | x), then y from p(y | x, z).
  const auto z = reparametrize(p.mean, p.log_variance, epsilon);
  return part_->joined(x, mean_of(output(z, e)));
}

torch::Tensor Cvae::complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) {
  if (!on_part())
    fail(Cause::kConfig, "complete",
         "expected a model that is given part of an example (model.condition = \"part\"), got one "
         "that is given ",
         name_of_enum(config_.condition));
  if ((part_->known() > mask).any().item<bool>())
    fail(Cause::kConfig, "complete", "expected examples of which at least the ", config_.quadrants,
         " quadrants are known that the model looks at");
  const auto answer = complete_from(batch.x, noise.normal({config_.latent_dim}));
  return batch.x * mask + answer * (1 - mask);
}

torch::Tensor Cvae::classify(const Batch& batch) {
  if (!on_class())
    fail(Cause::kConfig, "classify",
         "expected a model that is given the class (model.condition = \"class\"), got one that is "
         "given ",
         name_of_enum(config_.condition));
  const auto n = batch.size();
  const auto classes = static_cast<int64_t>(example().classes.size());
  Noise noise(kClassifySeed, 0, config_.classify_samples, batch.x.device());
  const auto epsilon = noise.normal({config_.latent_dim}).unsqueeze(1);  // [samples, 1, latent]
  std::vector<torch::Tensor> densities;
  auto given = batch;
  for (int64_t one = 0; one < classes; ++one) {
    given.label =
        torch::full({n}, one, torch::TensorOptions(torch::kLong).device(batch.x.device()));
    // The expectation over drawn pixels of log p(x | z) is its value at their grey levels.
    const auto e = embedding_of(given);
    const auto q = posterior(batch.x, e), p = prior(e);
    std::vector<torch::Tensor> weights;
    for (const auto& some : epsilon.split(codes_at_once(batch.x)))
      weights.push_back(weigh(batch.x, e, q, p, some));
    densities.push_back(log_mean_exp(torch::cat(weights), 0));
  }
  return class_log_posterior(torch::stack(densities, 1), description_->log_prior(batch.attributes));
}

}  // namespace figment::models
