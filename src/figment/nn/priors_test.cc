#include "figment/nn/priors.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

constexpr int64_t kMany = 200000;

PriorNoise noise_for(int64_t n, int64_t d) {
  torch::manual_seed(1);
  return prior_noise(n, d, torch::kDouble);
}

torch::Tensor covariance(const torch::Tensor& z) { return torch::cov(z.t()); }

TEST(Prior, NormalHasItsDeviation) {
  PriorConfig config;
  config.deviation = 5;
  const auto prior = make_prior(config, 3);
  EXPECT_EQ(prior->parts(), 0);
  const auto draw = prior->draw(noise_for(kMany, 3), {}, 0.5);
  EXPECT_FALSE(draw.part.defined());
  EXPECT_LT(draw.z.mean(0).abs().max().item<double>(), 0.03);
  EXPECT_TRUE(torch::allclose(covariance(draw.z), 6.25 * torch::eye(3, torch::kDouble), 0, 0.1));
}

TEST(Prior, MixtureHasTheMomentsOfItsStar) {
  PriorConfig config;
  config.kind = PriorKind::kMixture;
  config.parts = 7;
  config.radius = 4;
  config.radial_deviation = 1.5;
  config.width = 0.5;
  const auto prior = make_prior(config, 4);
  const auto draw = prior->draw(noise_for(kMany, 4));
  // All of it: no mean, and (r^2 + s^2 + w^2) / 2 in each of the two first directions.
  EXPECT_LT(draw.z.mean(0).abs().max().item<double>(), 0.03);
  const double plane = (16 + 2.25 + 0.25) / 2;
  const auto wanted = torch::diag(torch::tensor({plane, plane, 0.25, 0.25}, torch::kDouble));
  EXPECT_TRUE(torch::allclose(covariance(draw.z), wanted, 0, 0.1));
  EXPECT_TRUE(torch::equal(std::get<0>(torch::_unique(draw.part)), torch::arange(7)));
  // One component: its mean at its angle, the long axis along the radius.
  const auto third = prior->draw(noise_for(kMany, 4), torch::full({kMany}, 3, torch::kLong));
  EXPECT_TRUE((third.part == 3).all().item<bool>());
  const double angle = 2 * M_PI * 3 / 7;
  const auto out = torch::tensor({std::cos(angle), std::sin(angle), 0.0, 0.0}, torch::kDouble);
  const auto round = torch::tensor({-std::sin(angle), std::cos(angle), 0.0, 0.0}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(third.z.mean(0), 4 * out, 0, 0.02));
  const auto c = covariance(third.z);
  EXPECT_NEAR(out.dot(c.mv(out)).item<double>(), 2.25, 0.03);
  EXPECT_NEAR(round.dot(c.mv(round)).item<double>(), 0.25, 0.005);
  EXPECT_NEAR(round.dot(c.mv(out)).item<double>(), 0, 0.01);
}

// E z = 2 R (2 / a^2, -1 / a) with a = 2 pi turns, for whole turns: the integral of t^2 exp(i a t).
TEST(Prior, SwissRollHasTheMomentsOfItsSpiral) {
  PriorConfig config;
  config.kind = PriorKind::kSwissRoll;
  config.radius = 6;
  config.turns = 2;
  config.width = 0.5;
  config.parts = 5;
  const auto prior = make_prior(config, 2);
  const auto draw = prior->draw(noise_for(kMany, 2));
  const double a = 4 * M_PI;
  const auto mean = draw.z.mean(0);
  EXPECT_NEAR(mean[0].item<double>(), 2 * 6 * 2 / (a * a), 0.04);
  EXPECT_NEAR(mean[1].item<double>(), -2 * 6 / a, 0.04);
  EXPECT_NEAR(draw.z.square().sum(1).mean().item<double>(), 36.0 / 2 + 2 * 0.25, 0.1);
  // Without width every point is on the curve, and segments follow one another outwards.
  const auto sharp = prior->draw(noise_for(1000, 2), {}, 0);
  const auto radius = sharp.z.norm(2, 1);
  const auto angle = torch::atan2(sharp.z.select(1, 1), sharp.z.select(1, 0));
  const auto turned = radius / 6 * a;
  EXPECT_LT(torch::sin((angle - turned) / 2).abs().max().item<double>(), 1e-9);
  EXPECT_TRUE(torch::equal((radius / 6).square().mul(5).floor().to(torch::kLong), sharp.part));
}

TEST(Prior, DrawsAnyPartWhereNoneIsAsked) {
  PriorConfig config;
  config.kind = PriorKind::kMixture;
  const auto prior = make_prior(config, 2);
  const auto noise = noise_for(1000, 2);
  auto asked = torch::full({1000}, -1, torch::kLong);
  asked.narrow(0, 0, 400).fill_(6);
  const auto any = prior->draw(noise).part, some = prior->draw(noise, asked).part;
  EXPECT_TRUE((some.narrow(0, 0, 400) == 6).all().item<bool>());
  EXPECT_TRUE(torch::equal(some.narrow(0, 400, 600), any.narrow(0, 400, 600)));
  EXPECT_NEAR((any == 0).to(torch::kDouble).mean().item<double>(), 0.1, 0.04);
}

// Every example its own, whatever the batch.
TEST(Prior, BelongsToTheExample) {
  PriorConfig config;
  config.kind = PriorKind::kSwissRoll;
  const auto prior = make_prior(config, 2);
  Noise all(3, 0, 10), late(3, 6, 4);
  const auto whole = prior->draw(prior_noise(all, 2)), part = prior->draw(prior_noise(late, 2));
  EXPECT_TRUE(torch::equal(whole.z.narrow(0, 6, 4), part.z));
  EXPECT_TRUE(torch::equal(whole.part.narrow(0, 6, 4), part.part));
}

// What is kept is drawn row by row, each alike; a temperature draws rows towards their mean.
TEST(Prior, StoredDrawsItsRowsAlike) {
  const auto codes = torch::zeros({6, 2}), count = torch::zeros({}, torch::kLong);
  const auto prior = stored_prior(codes, count);
  EXPECT_EQ(prior->dim(), 2);
  EXPECT_EQ(prior->parts(), 0);
  const auto noise = noise_for(8000, 2);
  EXPECT_TRUE((prior->draw(noise).z == 0).all().item<bool>());  // nothing is kept yet
  const auto rows = torch::tensor({1.F, 2.F, 3.F, 4.F, 5.F, 6.F, 7.F, 8.F}).view({4, 2});
  codes.narrow(0, 0, 4).copy_(rows);
  count.fill_(4);
  const auto z = prior->draw(noise).z;
  const auto shares = (z.unsqueeze(1) == rows.to(torch::kDouble)).all(2).to(torch::kDouble).mean(0);
  EXPECT_TRUE(torch::allclose(shares, torch::full({4}, 0.25, torch::kDouble), 0, 0.02)) << shares;
  EXPECT_NEAR(shares.sum().item<double>(), 1, 1e-12);
  const auto middle = torch::tensor({4.0, 5.0}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(prior->draw(noise, {}, 0.5).z, (z + middle) / 2, 1e-12, 1e-12));
}

TEST(Prior, RefusesCodesThatDoNotSuitIt) {
  Problems problems;
  PriorConfig config;
  config.kind = PriorKind::kMixture;
  check_prior(config, 1, {problems, "model.prior", nullptr});
  config.kind = PriorKind::kSwissRoll;
  check_prior(config, 3, {problems, "model.prior", nullptr});
  config.kind = PriorKind::kFile;
  check_prior(config, 3, {problems, "model.prior", nullptr});
  config.file = "ring.npy";
  check_prior(config, 3, {problems, "model.prior", nullptr});  // as it should be
  config.kind = PriorKind::kNormal;
  check_prior(config, 3, {problems, "model.prior", nullptr});
  ASSERT_EQ(problems.lines().size(), 4u);
  EXPECT_NE(problems.lines()[0].find("model.prior.kind: expected codes of at least 2"),
            std::string::npos);
  EXPECT_NE(problems.lines()[1].find("set latent_dim = 2"), std::string::npos);
  EXPECT_NE(problems.lines()[2].find("model.prior.file: expected an .npy file of codes"),
            std::string::npos);
  EXPECT_NE(problems.lines()[3].find("expected none with kind = \"normal\", got 'ring.npy'"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
