#include "figment/kernels/lstm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace figment {
namespace {

// Widths around those of vectors, so that every tail is met.
const std::vector<std::int64_t> kWidths = {1, 3, 7, 8, 15, 16, 17, 33, 100};

template <class T>
std::vector<T> draw(std::int64_t n, unsigned seed, double scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, scale);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (auto& value : x) value = static_cast<T>(normal(random));
  return x;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
void expect_the_equations(double tolerance) {
  for (const auto width : kWidths) {
    const std::int64_t rows = 3;
    auto gates = draw<T>(rows * 4 * width, 1, 3);
    const auto sums = gates;
    const auto before = draw<T>(rows * width, 2);
    std::vector<T> cell(before.size()), output(before.size());
    lstm_step(gates.data(), before.data(), cell.data(), output.data(), rows, width);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t j = 0; j < width; ++j) {
        const auto sum = [&](std::int64_t gate) {
          return double(sums[std::size_t((row * 4 + gate) * width + j)]);
        };
        const auto at = std::size_t(row * width + j);
        const double c = sigmoid(sum(1)) * double(before[at]) + sigmoid(sum(0)) * std::tanh(sum(2));
        EXPECT_NEAR(cell[at], c, tolerance * (1 + std::abs(c)));
        EXPECT_NEAR(output[at], sigmoid(sum(3)) * std::tanh(c), tolerance);
        EXPECT_NEAR(gates[std::size_t((row * 4 + 2) * width + j)], std::tanh(sum(2)), tolerance);
      }
  }
}

TEST(LstmStep, IsItsEquations) {
  expect_the_equations<float>(6e-7);
  expect_the_equations<double>(1e-14);
}

// A number of all that a step returns, whose gradient is known by differences.
struct Probe {
  std::int64_t rows, width;
  std::vector<double> of_output, of_cell;

  double value(std::vector<double> gates, const std::vector<double>& before) const {
    std::vector<double> cell(before.size()), output(before.size());
    lstm_step(gates.data(), before.data(), cell.data(), output.data(), rows, width);
    double sum = 0;
    for (std::size_t i = 0; i < cell.size(); ++i)
      sum += of_output[i] * output[i] + of_cell[i] * cell[i];
    return sum;
  }
};

TEST(LstmStep, HasTheGradientOfDifferences) {
  const std::int64_t rows = 2, width = 5;
  const Probe probe{rows, width, draw<double>(rows * width, 3), draw<double>(rows * width, 4)};
  const auto sums = draw<double>(rows * 4 * width, 5), before = draw<double>(rows * width, 6);
  auto gates = sums;
  std::vector<double> cell(before.size()), output(before.size());
  lstm_step(gates.data(), before.data(), cell.data(), output.data(), rows, width);
  auto of_before = probe.of_cell;
  std::vector<double> of_gates(gates.size());
  lstm_step_backward(gates.data(), before.data(), cell.data(), probe.of_output.data(),
                     of_before.data(), of_gates.data(), rows, width);
  const double h = 1e-6;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    auto up = sums, down = sums;
    up[i] += h;
    down[i] -= h;
    EXPECT_NEAR(of_gates[i], (probe.value(up, before) - probe.value(down, before)) / (2 * h), 1e-8);
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    auto up = before, down = before;
    up[i] += h;
    down[i] -= h;
    EXPECT_NEAR(of_before[i], (probe.value(sums, up) - probe.value(sums, down)) / (2 * h), 1e-8);
  }
}

TEST(LstmStep, HasTheSameGradientInFloats) {
  for (const auto width : kWidths) {
    const std::int64_t rows = 2;
    const auto run = [&](auto zero) {
      using T = decltype(zero);
      auto gates = draw<T>(rows * 4 * width, 7, 2);
      const auto before = draw<T>(rows * width, 8), of_output = draw<T>(rows * width, 9);
      auto of_cell = draw<T>(rows * width, 10);
      std::vector<T> cell(before.size()), output(before.size()), of_gates(gates.size());
      lstm_step(gates.data(), before.data(), cell.data(), output.data(), rows, width);
      lstm_step_backward(gates.data(), before.data(), cell.data(), of_output.data(), of_cell.data(),
                         of_gates.data(), rows, width);
      of_gates.insert(of_gates.end(), of_cell.begin(), of_cell.end());
      return of_gates;
    };
    const auto got = run(0.0F);
    const auto expected = run(0.0);
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], expected[i], 3e-6 * (1 + std::abs(expected[i]))) << width << " " << i;
  }
}

TEST(LstmStep, StandsWhatIsFarOutOfRange) {
  const float inf = std::numeric_limits<float>::infinity(), nan = NAN;
  for (const float sum : {-inf, -1e30F, -100.0F, 100.0F, 1e30F, inf}) {
    std::vector<float> gates(4, sum);
    const float before = 1;
    float cell = 0, output = 0;
    lstm_step(gates.data(), &before, &cell, &output, 1, 1);
    EXPECT_NEAR(gates[0], sum > 0, 1e-6) << sum;
    EXPECT_NEAR(gates[2], sum > 0 ? 1 : -1, 1e-6) << sum;
    EXPECT_NEAR(cell, sum > 0 ? 2 : 0, 1e-6);
  }
  std::vector<float> gates(4, nan);
  const float before = 1;
  float cell = 0, output = 0;
  lstm_step(gates.data(), &before, &cell, &output, 1, 1);
  EXPECT_TRUE(std::isnan(cell));
  EXPECT_TRUE(std::isnan(output));
}

}  // namespace
}  // namespace figment
