#include "figment/nn/posterior.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/fast_paths.h"
#include "support/gradients.h"

namespace figment {
namespace {

using torch::Tensor;

// z, kl, and the gradient of the parts.
std::vector<Tensor> computed(const Tensor& given, const Tensor& epsilon, const Tensor& of_z,
                             const Tensor& of_kl) {
  const auto parts = given.detach().clone().requires_grad_();
  const auto draw = posterior_draw(parts, epsilon);
  const auto g = torch::autograd::grad({draw.z, draw.kl}, {parts}, {of_z, of_kl});
  return {draw.z.detach(), draw.kl.detach(), g[0]};
}

// Units with and without a rest of the vectorised loop; log-variances from next to nothing to
// large.
TEST(PosteriorDraw, IsReparametrisationAndDivergence) {
  for (const auto type : {torch::kDouble, torch::kFloat})
    for (const double scale : {1e-3, 0.3, 4.0})
      for (const int64_t units : {1, 7, 16, 50})
        for (const int64_t k : {1, 3}) {
          torch::manual_seed(1);
          const int64_t n = 300;
          const auto parts = scale * torch::randn({n, 2 * units}, type);
          const auto epsilon = torch::randn({k, n, units}, type);
          const auto of_z = torch::randn({k, n, units}, type), of_kl = torch::randn({n}, type);
          const auto fast = computed(parts, epsilon, of_z, of_kl);
          const FastPathsScope off(false);
          const auto plain = computed(parts.to(torch::kDouble), epsilon.to(torch::kDouble),
                                      of_z.to(torch::kDouble), of_kl.to(torch::kDouble));
          const double relative = type == torch::kDouble ? 1e-12 : 4e-6;
          for (std::size_t i = 0; i < fast.size(); ++i)
            EXPECT_TRUE(torch::allclose(fast[i].to(torch::kDouble), plain[i], relative,
                                        i == 1 ? 0 : relative))
                << i << ", scale " << scale << ", units " << units << ", draws " << k;
        }
}

TEST(PosteriorDraw, HasTheGradientsOfFiniteDifferences) {
  torch::manual_seed(2);
  const auto epsilon = torch::randn({2, 3, 4}, torch::kDouble);
  const auto parts = torch::randn({3, 8}, torch::kDouble);
  const auto f = [&](const std::vector<Tensor>& in) {
    const auto draw = posterior_draw(in[0], epsilon);
    return torch::cat({draw.z.flatten(), draw.kl});
  };
  expect_gradients(f, {parts});
}

// One of the two alone is enough.
TEST(PosteriorDraw, TakesAGradientOfEither) {
  torch::manual_seed(3);
  const auto parts = torch::randn({3, 8}).requires_grad_();
  const auto draw = posterior_draw(parts, torch::randn({1, 3, 4}));
  const auto of_kl = torch::autograd::grad({draw.kl.sum()}, {parts}, {}, true)[0];
  EXPECT_TRUE(torch::allclose(of_kl.narrow(1, 0, 4), parts.narrow(1, 0, 4)));
  const auto of_z = torch::autograd::grad({draw.z.sum()}, {parts})[0];
  EXPECT_TRUE(torch::allclose(of_z.narrow(1, 0, 4), torch::ones({3, 4})));
}

// A posterior that has run away is to be noticed.
TEST(PosteriorDraw, IsInfiniteOrNoNumberWhereTheTruthIs) {
  const auto parts = torch::tensor({0.0, 200.0, 0.0, std::nan("")}).to(torch::kFloat).view({2, 2});
  const auto draw = posterior_draw(parts, torch::zeros({1, 2, 1}));
  EXPECT_TRUE(std::isinf(draw.kl[0].item<double>()));
  EXPECT_TRUE(std::isnan(draw.kl[1].item<double>()));
}

}  // namespace
}  // namespace figment
