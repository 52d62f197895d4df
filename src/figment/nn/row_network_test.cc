#include "figment/nn/row_network.h"

#include <gtest/gtest.h>

#include "figment/core/fast_paths.h"

namespace figment {
namespace {

struct Network {
  std::vector<torch::Tensor> weights, biases;
};

// A last bias or none.
Network network_of(const std::vector<int64_t>& widths, bool last_bias, torch::ScalarType type) {
  Network out;
  const auto options = torch::TensorOptions(type).requires_grad(true);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    out.weights.push_back(torch::randn({widths[i + 1], widths[i]}, options));
    const bool has = last_bias || i + 2 < widths.size();
    out.biases.push_back(has ? torch::randn({widths[i + 1]}, options) : torch::Tensor());
  }
  return out;
}

// The result, and the gradients of the rows and of all parameters.
std::vector<torch::Tensor> computed(const torch::Tensor& x, const Network& network,
                                    const torch::Tensor& of_y) {
  std::vector<torch::Tensor> inputs = {x.detach().clone().requires_grad_()};
  for (const auto& weight : network.weights) inputs.push_back(weight);
  for (const auto& bias : network.biases)
    if (bias.defined()) inputs.push_back(bias);
  const auto y = row_network(inputs[0], network.weights, network.biases);
  auto out = torch::autograd::grad({(y * of_y).sum()}, inputs);
  out.push_back(y.detach());
  return out;
}

struct Case {
  int64_t rows;
  std::vector<int64_t> widths;
  bool last_bias;
};

class RowNetworkOf : public ::testing::TestWithParam<Case> {};

TEST_P(RowNetworkOf, IsItsLayersOneByOne) {
  const auto& c = GetParam();
  torch::manual_seed(7);
  const auto network = network_of(c.widths, c.last_bias, torch::kDouble);
  const auto x = torch::randn({c.rows, c.widths.front()}, torch::kDouble);
  const auto of_y = torch::randn({c.rows, c.widths.back()}, torch::kDouble);
  const auto fast = computed(x, network, of_y);
  const FastPathsScope off(false);
  const auto plain = computed(x, network, of_y);
  ASSERT_EQ(fast.size(), plain.size());
  for (std::size_t i = 0; i < fast.size(); ++i)
    EXPECT_TRUE(torch::allclose(fast[i], plain[i], 1e-9, 1e-8)) << i;
}

// Fewer rows than a block, a block to the row, and some over; one layer alone.
INSTANTIATE_TEST_SUITE_P(Sizes, RowNetworkOf,
                         ::testing::Values(Case{1, {3, 5, 2}, true}, Case{300, {2, 7, 9, 4}, false},
                                           Case{2048, {3, 4, 1}, true}, Case{257, {3, 17}, false},
                                           Case{4999, {5, 6, 7, 2}, false},
                                           Case{2049, {3, 2}, true}));

// The sums over blocks are taken in one order.
TEST(RowNetwork, DoesNotDependOnThreads) {
  torch::manual_seed(9);
  const auto network = network_of({4, 16, 8, 3}, true, torch::kFloat);
  const auto x = torch::randn({9000, 4}), of_y = torch::randn({9000, 3});
  const auto threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = computed(x, network, of_y);
  torch::set_num_threads(3);
  const auto three = computed(x, network, of_y);
  torch::set_num_threads(threads);
  for (std::size_t i = 0; i < one.size(); ++i)
    EXPECT_TRUE(torch::allclose(one[i], three[i], 1e-5, 1e-5)) << i;
}

TEST(RowNetwork, AsksNoGradientOfRowsThatNeedNone) {
  torch::manual_seed(8);
  const auto network = network_of({3, 4, 2}, true, torch::kFloat);
  const auto y = row_network(torch::randn({10, 3}), network.weights, network.biases);
  const auto got = torch::autograd::grad({y.sum()}, {network.weights[0]});
  EXPECT_EQ(got[0].sizes(), network.weights[0].sizes());
}

// Parts of other tensors, as they lie.
TEST(RowNetwork, TakesParametersThatLieInAnyWay) {
  torch::manual_seed(10);
  const auto dense = network_of({3, 4, 2}, true, torch::kDouble);
  auto strided = dense;
  strided.weights[0] =
      torch::stack({dense.weights[0].t(), dense.weights[0].t()}, 2).select(2, 0).t();
  strided.biases[0] = torch::stack({dense.biases[0], dense.biases[0]}, 1).select(1, 0);
  ASSERT_FALSE(strided.biases[0].is_contiguous());
  const auto x = torch::randn({10, 3}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(row_network(x, strided.weights, strided.biases),
                              row_network(x, dense.weights, dense.biases)));
}

TEST(RowNetwork, TakesNoRows) {
  const auto network = network_of({3, 4, 2}, true, torch::kFloat);
  EXPECT_EQ(row_network(torch::empty({0, 3}), network.weights, network.biases).sizes(),
            (std::vector<int64_t>{0, 2}));
}

}  // namespace
}  // namespace figment
