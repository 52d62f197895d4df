#include "figment/model/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "golden/golden.h"
#include "support/threads.h"

namespace figment {
namespace {

using nlohmann::json;

torch::Tensor tensor(const json& list, torch::ScalarType type) {
  return torch::tensor(flat<double>(list), torch::kDouble).to(type);
}

OptimizerConfig config_of(const json& one) {
  OptimizerConfig c;
  const auto name = one["optimizer"].get<std::string>();
  c.algorithm = name == "adam"    ? Algorithm::kAdam
                : name == "adamw" ? Algorithm::kAdamW
                                  : Algorithm::kSgd;
  const auto& s = one["settings"];
  c.learning_rate = s["learning_rate"];
  c.weight_decay = s["weight_decay"];
  c.beta1 = s.value("beta1", c.beta1);
  c.beta2 = s.value("beta2", c.beta2);
  c.epsilon = s.value("epsilon", c.epsilon);
  c.momentum = s.value("momentum", 0.0);
  c.nesterov = s.value("nesterov", false);
  c.clip = s.value("clip_norm", 0.0);
  return c;
}

// Follows PyTorch's trajectory: gradients are given, so only the update is judged.
void follow(const json& file, torch::ScalarType type, double tolerance) {
  for (const auto& one : file["cases"]) {
    SCOPED_TRACE(one["name"].get<std::string>());
    auto p = tensor(file["start"], type).requires_grad_();
    Optimizer optimizer("all", {{"p", p}}, config_of(one));
    for (std::size_t step = 0; step < one["gradients"].size(); ++step) {
      const auto gradient = tensor(one["gradients"][step], type);
      optimizer.minimize((p * gradient).sum());  // whose gradient is `gradient`
      const auto wanted = tensor(one["parameters"][step], type);
      ASSERT_TRUE(torch::allclose(p, wanted, tolerance, tolerance)) << "step " << step;
      if (one.contains("norms")) {
        EXPECT_NEAR(optimizer.gradient_norm(), one["norms"][step].get<double>(), 1e-4);
      }
    }
  }
}

TEST(Optimizer, FollowsPyTorchInDoublePrecision) {
  follow(golden("optimizers"), torch::kDouble, 1e-10);
}

TEST(Optimizer, FollowsPyTorchByItsKernels) { follow(golden("optimizers"), torch::kFloat, 3e-5); }

// Parameters, the gradient's norm at the end, and one parameter that the loss knows nothing of.
std::vector<torch::Tensor> learned(Algorithm algorithm, bool fast, int threads) {
  const FastPathsScope scope(fast);
  const Threads held(threads);
  torch::manual_seed(5);
  std::vector<torch::Tensor> all = {torch::randn({3, 7}),    torch::randn({300, 301}),
                                    torch::randn({1}),       torch::randn({4}),
                                    torch::randn({70001}),   torch::randn({5}, torch::kDouble),
                                    torch::randn({2, 40000})};
  NamedTensors named;
  for (std::size_t i = 0; i < all.size(); ++i)
    named.emplace_back(std::to_string(i), all[i].requires_grad_());
  OptimizerConfig c;
  c.algorithm = algorithm;
  c.learning_rate = 0.01;
  c.weight_decay = 0.1;
  c.clip = 50;  // of about 500
  Optimizer optimizer("all", named, c);
  for (int step = 0; step < 3; ++step) {
    auto loss = torch::zeros({}, torch::kDouble);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i != 3) loss = loss + all[i].to(torch::kDouble).square().sum();
    optimizer.minimize(loss);
  }
  all.push_back(torch::tensor({optimizer.gradient_norm()}, torch::kDouble));
  return all;
}

TEST(Optimizer, TakesAllParametersInOneLoop) {
  for (const auto algorithm : {Algorithm::kAdam, Algorithm::kAdamW, Algorithm::kSgd}) {
    const auto plain = learned(algorithm, false, 1), one = learned(algorithm, true, 1);
    for (const int threads : {2, 3, 5}) {
      const auto more = learned(algorithm, true, threads);
      for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(more[i], one[i])) << i;
    }
    for (std::size_t i = 0; i < one.size(); ++i)
      EXPECT_TRUE(torch::allclose(one[i], plain[i], 1e-5, 1e-6)) << i;
    torch::manual_seed(5);
    EXPECT_FALSE(torch::equal(one[0], torch::randn({3, 7})));
  }
}

TEST(Optimizer, KnowsPyTorchsSchedules) {
  int seen = 0;
  const auto file = golden("schedules");
  for (const auto& one : file["cases"]) {
    const auto schedule = one["schedule"].get<std::string>();
    const auto& s = one["settings"];
    OptimizerConfig c;
    c.learning_rate = one["base"];
    int64_t total = 1000;
    if (schedule == "cosine") {
      c.schedule = Schedule::kCosine;
      total = s["total"];
      c.final_factor = s["final_factor"];
    } else if (schedule == "step") {
      c.schedule = Schedule::kStep;
      c.step_every = s["every"];
      c.step_factor = s["factor"];
    } else if (schedule != "constant") {
      continue;
    }
    ++seen;
    for (std::size_t step = 0; step < one["rates"].size(); ++step)
      EXPECT_NEAR(learning_rate_at(c, static_cast<int64_t>(step), total),
                  one["rates"][step].get<double>(), 1e-12)
          << schedule << " step " << step;
  }
  EXPECT_GE(seen, 3);
}

TEST(Optimizer, WarmsUpLinearlyToTheFullRate) {
  OptimizerConfig c;
  c.learning_rate = 0.4;
  c.warmup_steps = 4;
  c.schedule = Schedule::kLinear;
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 0, 14), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 3, 14), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 4, 14), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 9, 14), 0.2);
  EXPECT_NEAR(learning_rate_at(c, 14, 14), 0.0, 1e-15);
}

TEST(Optimizer, LeavesOtherParametersAlone) {
  auto a = torch::ones({1}, torch::requires_grad()), b = torch::ones({1}, torch::requires_grad());
  Optimizer first("first", {{"a", a}}, {}), second("second", {{"b", b}}, {});
  const auto loss = (a * b).sum();
  first.minimize(loss, /*keep_graph=*/true);
  EXPECT_NE(a.item<float>(), 1);
  EXPECT_EQ(b.item<float>(), 1);
  EXPECT_FALSE(b.grad().defined());
}

TEST(Optimizer, RefusesWhatIsNotFiniteAndChangesNothing) {
  for (const double bad : {std::nan(""), static_cast<double>(INFINITY)}) {
    auto p = torch::ones({3}, torch::requires_grad());
    Optimizer optimizer("all", {{"p", p}}, {});
    try {
      optimizer.minimize((p * bad).sum());
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kDiverged);
      EXPECT_NE(std::string(error.what()).find("optimizer 'all', step 1"), std::string::npos);
    }
    EXPECT_TRUE(torch::equal(p, torch::ones({3})));
  }
  // A finite loss with a gradient that is not: sqrt at 0.
  auto p = torch::zeros({1}, torch::requires_grad());
  Optimizer optimizer("all", {{"p", p}}, {});
  EXPECT_THROW(optimizer.minimize(p.sqrt().sum()), Error);
  EXPECT_EQ(p.item<float>(), 0);
}

TEST(Optimizer, ContinuesFromItsState) {
  for (const auto algorithm : {Algorithm::kAdam, Algorithm::kAdamW, Algorithm::kSgd}) {
    OptimizerConfig c;
    c.algorithm = algorithm;
    c.average = 0.9;
    auto p = torch::ones({40000}, torch::requires_grad());
    auto q = torch::ones({40000}, torch::requires_grad());
    const auto slope = torch::linspace(-1, 1, 40000);
    Optimizer one("all", {{"p", p}}, c), two("all", {{"p", q}}, c);
    for (int i = 0; i < 3; ++i) one.minimize((p.square() * slope).sum());
    {
      torch::NoGradGuard no_grad;
      q.copy_(p);
    }
    two.load_state(decode_safetensors(encode_safetensors(one.state()), "a").tensors, "a");
    two.load_average(decode_safetensors(encode_safetensors(one.average()), "a").tensors, "a");
    one.minimize((p.square() * slope).sum());
    two.minimize((q.square() * slope).sum());
    EXPECT_TRUE(torch::equal(p, q));
    EXPECT_TRUE(torch::equal(one.average()[0].second, two.average()[0].second));
  }
}

TEST(Optimizer, RefusesAStateThatIsNotIts) {
  auto p = torch::ones({3}, torch::requires_grad());
  Optimizer optimizer("all", {{"p", p}}, {});
  const auto count = torch::tensor({1}, torch::kLong);
  const std::vector<NamedTensors> wrong = {{},
                                           {{"updates", torch::ones({1})}},
                                           {{"updates", count}, {"p.first", torch::ones({4})}},
                                           {{"updates", count}, {"q.first", torch::ones({3})}}};
  for (const auto& state : wrong) EXPECT_THROW(optimizer.load_state(state, "a"), Error);
  EXPECT_THROW(optimizer.load_average({{"p", torch::ones({3})}}, "a"), Error);
}

TEST(Optimizer, ExchangesWeightsAndAverages) {
  OptimizerConfig c;
  c.average = 0.5;
  c.algorithm = Algorithm::kSgd;
  c.momentum = 0;
  c.learning_rate = 1;
  auto p = torch::zeros({1}, torch::requires_grad());
  Optimizer optimizer("all", {{"p", p}}, c);
  optimizer.minimize(-p.sum());  // p: 0 -> 1; the average moves by 1 - 2/11 of the way
  EXPECT_EQ(p.item<float>(), 1);
  {
    const AverageScope scope({&optimizer});
    EXPECT_NEAR(p.item<float>(), 1 - 2.0 / 11, 1e-6);
  }
  EXPECT_EQ(p.item<float>(), 1);
}

// What requires no gradient, here between two that do, is averaged beside them and left alone.
TEST(Optimizer, OnlyAveragesWhatRequiresNoGradient) {
  OptimizerConfig c;
  c.average = 0.5;
  const auto ones = [] { return torch::ones({1}, torch::requires_grad()); };
  auto p = ones(), q = ones(), mean = torch::zeros({1});
  Optimizer optimizer("all", {{"p", p}, {"mean", mean}, {"q", q}}, c);
  double average = 0;
  for (int step = 1; step <= 4; ++step) {
    mean.fill_(step);  // as a forward pass moves it
    optimizer.minimize((p * q.square()).sum());
    const double decay = std::min(0.5, (1.0 + step) / (10.0 + step));
    average = decay * average + (1 - decay) * step;
    EXPECT_EQ(mean.item<float>(), step);
    EXPECT_NEAR(optimizer.average()[1].second.item<double>(), average, 1e-5) << step;
  }
  EXPECT_LT(p.item<float>(), 1);
  EXPECT_LT(q.item<float>(), 1);
  EXPECT_EQ(optimizer.state().size(), 5u);  // the count, and two moments of p and of q
  {
    const AverageScope scope({&optimizer});
    EXPECT_NEAR(mean.item<double>(), average, 1e-5);
  }
  EXPECT_EQ(mean.item<float>(), 4);
  EXPECT_NEAR(optimizer.average()[1].second.item<double>(), average, 1e-5);
}

// Checkpoints of before there were such averages have those of the parameters alone.
TEST(Optimizer, BeginsAnAverageThatAnOlderCheckpointLacks) {
  OptimizerConfig c;
  c.average = 0.5;
  auto p = torch::ones({1}, torch::requires_grad()), mean = torch::zeros({1});
  Optimizer optimizer("all", {{"p", p}, {"mean", mean}}, c);
  mean.fill_(7);
  optimizer.load_average({{"p", torch::full({1}, 3.0F)}}, "a");
  EXPECT_EQ(optimizer.average()[0].second.item<float>(), 3);
  EXPECT_EQ(optimizer.average()[1].second.item<float>(), 7);
  mean.fill_(8);  // not through the average
  EXPECT_EQ(optimizer.average()[1].second.item<float>(), 7);
  EXPECT_THROW(optimizer.load_average({{"mean", torch::ones({1})}}, "a"), Error);
  const auto one = torch::ones({1});
  EXPECT_THROW(optimizer.load_average({{"p", one}, {"mean", one}, {"variance", one}}, "a"), Error);
  EXPECT_THROW(optimizer.load_average({{"p", one}, {"mean", torch::ones({2})}}, "a"), Error);
}

TEST(Optimizer, AveragesWhatWasMovedSinceItWasMade) {
  OptimizerConfig c;
  c.average = 0.5;
  torch::nn::Linear layer(2, 1);
  Optimizer optimizer("all", {{"weight", layer->weight}}, c);
  layer->to(torch::kDouble);
  optimizer.minimize(layer->weight.square().sum());
  EXPECT_EQ(optimizer.average()[0].second.scalar_type(), torch::kDouble);
}

}  // namespace
}  // namespace figment
