#include "figment/kernels/adam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "golden/golden.h"

namespace figment {
namespace {

using Floats = std::vector<float>;

Floats draw(std::size_t n, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Floats x(n);
  for (auto& value : x) value = normal(random);
  return x;
}

// Lengths around the widths of vectors, so that every tail is met.
const std::vector<std::size_t> kSizes = {0, 1, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 4097};

// Float arithmetic against double: a few roundings of a value near 1.
constexpr double kTolerance = 2e-6;

void expect_near(double got, double expected) {
  EXPECT_NEAR(got, expected, kTolerance * (1 + std::abs(expected)));
}

TEST(Adam, IsTheFormulaOfThePaper) {
  for (const bool decoupled : {false, true}) {
    for (const std::size_t n : kSizes) {
      AdamStep s;
      s.learning_rate = 0.01;
      s.weight_decay = 0.3;
      s.decoupled = decoupled;
      s.gradient_scale = 0.7;
      auto p = draw(n, 1), m = Floats(n), v = Floats(n);
      std::vector<double> p2(p.begin(), p.end()), m2(n), v2(n);
      for (s.step = 1; s.step <= 3; ++s.step) {
        const auto g = draw(n, 10 + static_cast<unsigned>(s.step), 2);
        adamw_update(p.data(), g.data(), m.data(), v.data(), static_cast<std::int64_t>(n), s);
        const auto t = static_cast<double>(s.step);
        for (std::size_t i = 0; i < n; ++i) {
          double gradient = g[i] * s.gradient_scale;
          if (decoupled)
            p2[i] -= s.learning_rate * s.weight_decay * p2[i];
          else
            gradient += s.weight_decay * p2[i];
          m2[i] = s.beta1 * m2[i] + (1 - s.beta1) * gradient;
          v2[i] = s.beta2 * v2[i] + (1 - s.beta2) * gradient * gradient;
          const double corrected1 = m2[i] / (1 - std::pow(s.beta1, t));
          const double corrected2 = v2[i] / (1 - std::pow(s.beta2, t));
          p2[i] -= s.learning_rate * corrected1 / (std::sqrt(corrected2) + s.epsilon);
          expect_near(p[i], p2[i]);
          expect_near(m[i], m2[i]);
          expect_near(v[i], v2[i]);
        }
      }
    }
  }
}

TEST(Adam, DoesNotDependOnTheSplit) {
  const std::int64_t n = 1001;
  const auto g = draw(1001, 2);
  auto p = draw(1001, 1), m = Floats(1001), v = Floats(1001);
  auto q = p, m2 = m, v2 = v;
  AdamStep s;
  s.weight_decay = 0.1;
  adamw_update(p.data(), g.data(), m.data(), v.data(), n, s);
  for (std::int64_t begin = 0, size = 1; begin < n; begin += size, size = size * 2 + 1)
    adamw_update(&q[static_cast<std::size_t>(begin)], &g[static_cast<std::size_t>(begin)],
                 &m2[static_cast<std::size_t>(begin)], &v2[static_cast<std::size_t>(begin)],
                 std::min(size, n - begin), s);
  EXPECT_EQ(p, q);
  EXPECT_EQ(m, m2);
  EXPECT_EQ(v, v2);
}

TEST(Sgd, IsTheFormula) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      for (const std::size_t n : kSizes) {
        SgdStep s;
        s.learning_rate = 0.05;
        s.momentum = momentum;
        s.nesterov = nesterov;
        s.weight_decay = 0.2;
        s.gradient_scale = 0.5;
        auto p = draw(n, 1), velocity = Floats(n);
        std::vector<double> p2(p.begin(), p.end()), velocity2(n);
        for (unsigned step = 0; step < 3; ++step) {
          const auto g = draw(n, 10 + step);
          sgd_update(p.data(), g.data(), momentum == 0 ? nullptr : velocity.data(),
                     static_cast<std::int64_t>(n), s);
          for (std::size_t i = 0; i < n; ++i) {
            const double gradient = g[i] * s.gradient_scale + s.weight_decay * p2[i];
            velocity2[i] = momentum * velocity2[i] + gradient;
            p2[i] -=
                s.learning_rate * (nesterov ? gradient + momentum * velocity2[i] : velocity2[i]);
            expect_near(p[i], p2[i]);
          }
        }
      }
    }
  }
}

// Twenty steps against torch.optim, on the gradients that it saw.
TEST(Adam, FollowsTorchOptim) {
  const auto document = golden("optimizers");
  int followed = 0;
  for (const auto& example : document.at("cases")) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    const auto& settings = example.at("settings");
    const bool adam = example.at("optimizer") != "sgd";
    AdamStep a;
    SgdStep d;
    a.learning_rate = d.learning_rate = settings.at("learning_rate");
    a.weight_decay = d.weight_decay = settings.at("weight_decay");
    a.decoupled = example.at("optimizer") == "adamw";
    if (adam) {
      a.beta1 = settings.at("beta1");
      a.beta2 = settings.at("beta2");
      a.epsilon = settings.at("epsilon");
    } else {
      d.momentum = settings.at("momentum");
      d.nesterov = settings.at("nesterov");
    }
    auto p = flat<float>(document.at("start"));
    const auto n = static_cast<std::int64_t>(p.size());
    Floats m(p.size()), v(p.size());
    const auto steps = document.at("steps").get<std::size_t>();
    for (std::size_t step = 0; step < steps; ++step) {
      const auto g = flat<float>(example.at("gradients").at(step));
      if (settings.contains("clip_norm")) {
        const double norm = std::sqrt(sum_of_squares(g.data(), n));
        expect_near(norm, example.at("norms").at(step));
        a.gradient_scale = d.gradient_scale =
            std::min(1.0, settings.at("clip_norm").get<double>() / (norm + 1e-6));
      }
      a.step = static_cast<std::int64_t>(step) + 1;
      if (adam)
        adamw_update(p.data(), g.data(), m.data(), v.data(), n, a);
      else
        sgd_update(p.data(), g.data(), m.data(), n, d);
      const auto expected = flat<double>(example.at("parameters").at(step));
      for (std::size_t i = 0; i < p.size(); ++i) expect_near(p[i], expected[i]);
    }
    ++followed;
  }
  EXPECT_EQ(followed, 10);
}

TEST(SumOfSquares, IsPreciseAndCannotOverflow) {
  for (const std::size_t n : kSizes) {
    const auto x = draw(n, 3);
    double expected = 0;
    for (const double value : x) expected += value * value;
    EXPECT_NEAR(sum_of_squares(x.data(), static_cast<std::int64_t>(n)), expected,
                1e-13 * (1 + expected));
  }
  const Floats large(100, 1e30F);
  EXPECT_NEAR(sum_of_squares(large.data(), 100), 1e62, 1e56);
  Floats broken(100, 1);
  broken[70] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(sum_of_squares(broken.data(), 100)));
}

TEST(Ema, MovesTheAverage) {
  for (const std::size_t n : kSizes) {
    auto average = draw(n, 4);
    const auto before = average, p = draw(n, 5);
    ema_update(average.data(), p.data(), static_cast<std::int64_t>(n), 0.99);
    for (std::size_t i = 0; i < n; ++i) expect_near(average[i], 0.99 * before[i] + 0.01 * p[i]);
  }
}

}  // namespace
}  // namespace figment
