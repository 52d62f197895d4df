// Completing images by the code that fits what is known.
#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/models/gan/gan.h"

namespace figment::models {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {"a", "b"}};

// Small, and nothing but the fit counts: the networks are untrained.
GanConfig fitting() {
  GanConfig config;
  config.latent_dim = 3;
  config.generator.hidden = {};
  config.discriminator.hidden = {4};
  config.completion.prior = 0;
  config.completion.code_prior = 0;
  config.completion.steps = 400;
  config.completion.learning_rate = 0.05;
  return config;
}

torch::Tensor without_centre(int64_t n) {
  auto mask = torch::ones({n, 1, 8, 8});
  mask.slice(2, 2, 6).slice(3, 2, 6).zero_();
  return mask;
}

Batch hidden(const torch::Tensor& x, const torch::Tensor& mask, const torch::Tensor& label = {}) {
  Batch batch;
  batch.x = x * mask + 0.5 * (1 - mask);
  batch.label = label;
  return batch;
}

double error_in_hole(const torch::Tensor& x, const torch::Tensor& truth,
                     const torch::Tensor& mask) {
  return ((x - truth) * (1 - mask)).abs().max().item<double>();
}

TEST(GanCompletion, FindsAPlantedCodeByWhatIsKnown) {
  for (const auto latent : {GanLatent::kNormal, GanLatent::kUniform})
    for (const bool blend : {false, true}) {
      torch::manual_seed(1);
      auto config = fitting();
      config.latent = latent;
      config.completion.blend = blend;
      Gan model(config, kPicture);
      model.eval();
      const torch::NoGradGuard no_grad;
      Noise planted(7, 0, 5), start(8, 0, 5), other(9, 0, 5);
      const auto truth = model.decode(model.draw_prior(planted).z, {});
      const auto mask = without_centre(5);
      const auto filled = model.complete(hidden(truth, mask), mask, start);
      EXPECT_LT(error_in_hole(filled, truth, mask), 0.02) << name_of_enum(latent) << blend;
      EXPECT_GT(error_in_hole(model.decode(model.draw_prior(other).z, {}), truth, mask), 0.2);
      for (const auto& parameter : model.parameters()) EXPECT_TRUE(parameter.requires_grad());
    }
}

TEST(GanCompletion, IsOfTheExamplesClassWhereTheModelIsTold) {
  torch::manual_seed(2);
  auto config = fitting();
  config.condition = GanCondition::kConcatenation;
  Gan model(config, kPicture);
  model.eval();
  const torch::NoGradGuard no_grad;
  const auto label = torch::tensor({0, 1, 1, 0});
  Noise planted(7, 0, 4), start(8, 0, 4), again(8, 0, 4), drawn(8, 0, 4);
  const auto truth = model.decode(model.draw_prior(planted).z, label);
  const auto mask = without_centre(4);
  EXPECT_LT(error_in_hole(model.complete(hidden(truth, mask, label), mask, start), truth, mask),
            0.02);
  EXPECT_GT(error_in_hole(model.complete(hidden(truth, mask, 1 - label), mask, again), truth, mask),
            0.1);
  // Without labels each answer is of a class that is drawn.
  EXPECT_EQ(model.complete(hidden(truth, mask), mask, drawn).sizes(), truth.sizes());
}

// A categorical code cannot be gone down: it is that of the best of the codes drawn.
TEST(GanCompletion, FindsTheValueOfACategoricalCode) {
  torch::manual_seed(3);
  auto config = fitting();
  config.codes.categorical = 3;
  Gan model(config, kPicture);
  model.eval();
  const torch::NoGradGuard no_grad;
  Noise planted(7, 0, 5), start(8, 0, 5);
  const auto truth = model.decode(model.draw_prior(planted).z, {});
  const auto mask = without_centre(5);
  EXPECT_LT(error_in_hole(model.complete(hidden(truth, mask), mask, start), truth, mask), 0.05);
}

// The weighted difference that a search by what is known goes down, [n]: Yeh et al. 2017, eq. 3, 4.
torch::Tensor contextual(const torch::Tensor& x, const torch::Tensor& truth,
                         const torch::Tensor& mask) {
  const auto near_hole = torch::avg_pool2d(1 - mask, {7, 7}, {1, 1}, {3, 3}, false, false);
  return (mask * near_hole * (x - truth).abs()).flatten(1).sum(1);
}

TEST(GanCompletion, BeginsAtTheNearestOfSomeCodes) {
  constexpr int64_t kStarts = 64;
  for (const auto latent : {GanLatent::kNormal, GanLatent::kUniform}) {
    const torch::NoGradGuard no_grad;
    auto config = fitting();
    config.latent = latent;
    config.completion.blend = false;
    config.completion.steps = 1;
    config.completion.learning_rate = 1e-9;  // what is found is where the search began
    const auto mask = without_centre(4);
    torch::Tensor truth, wanted;
    const auto began = [&](int64_t starts) {
      torch::manual_seed(5);
      config.completion.starts = starts;
      Gan model(config, kPicture);
      model.eval();
      Noise planted(7, 0, 4), same(8, 0, 4), noise(8, 0, 4);
      truth = model.decode(model.draw_prior(planted).z, {});
      const auto codes = latent == GanLatent::kNormal ? same.normal({starts, 3})
                                                      : 2 * same.uniform({starts, 3}) - 1;
      std::vector<torch::Tensor> images, losses;
      for (const auto& code : codes.unbind(1)) {
        images.push_back(model.decode(code, {}));
        losses.push_back(contextual(images.back(), truth, mask));
      }
      const auto best = torch::stack(losses).argmin(0);  // [n]
      wanted = torch::stack(images).index({best, torch::arange(4)});
      return model.complete(hidden(truth, mask), mask, noise);
    };
    const auto first = began(1);
    EXPECT_TRUE(torch::allclose(first, wanted, 1e-4, 1e-5)) << name_of_enum(latent);
    const auto nearest = began(kStarts);
    EXPECT_TRUE(torch::allclose(nearest, wanted, 1e-4, 1e-5)) << name_of_enum(latent);
    EXPECT_LT(contextual(nearest, truth, mask).mean().item<double>(),
              0.8 * contextual(first, truth, mask).mean().item<double>());
  }
}

TEST(GanCompletion, DoesNotDependOnTheBatch) {
  // Without labels a model that is told the class draws one with each code.
  for (const auto condition : {GanCondition::kNone, GanCondition::kConcatenation}) {
    torch::manual_seed(3);
    auto config = fitting();
    config.condition = condition;
    config.completion.prior = 0.1;
    config.completion.code_prior = 0.02;
    config.completion.starts = 8;
    config.completion.steps = 60;
    config.generator.hidden = {16};
    Gan model(config, kPicture);
    model.eval();
    const torch::NoGradGuard no_grad;
    const auto x = torch::rand({6, 1, 8, 8}), mask = without_centre(6);
    const auto complete = [&](int64_t first, int64_t n) {
      Noise noise(4, first, n);
      const auto known = mask.narrow(0, 0, n);
      return model.complete(hidden(x.narrow(0, first, n), known), known, noise);
    };
    const auto whole = complete(0, 6);
    EXPECT_TRUE(torch::allclose(torch::cat({complete(0, 1), complete(1, 5)}), whole, 1e-3, 1e-4));
    EXPECT_FALSE(torch::allclose(whole[0], whole[1], 1e-2, 1e-2));
  }
}

// A discriminator that likes bright images makes answers brighter, the more it counts.
TEST(GanCompletion, IsDrawnToWhatTheDiscriminatorTakesForTrue) {
  const auto brightness = [](double prior) {
    torch::manual_seed(4);
    auto config = fitting();
    config.discriminator.hidden = {};
    config.completion.blend = false;  // which would take the brightness from what is known
    config.completion.prior = prior;
    Gan model(config, kPicture);
    model.eval();
    const torch::NoGradGuard no_grad;
    for (auto& item : model.named_parameters())
      if (item.key().rfind("discriminator", 0) == 0) item.value().fill_(1);
    Noise noise(1, 0, 4);
    const auto mask = without_centre(4);
    return model.complete(hidden(torch::full({4, 1, 8, 8}, 0.3), mask), mask, noise)
        .mean()
        .item<double>();
  };
  EXPECT_GT(brightness(10), brightness(0));
}

TEST(GanCompletion, IsForImages) {
  Gan model(fitting(), {Modality::kVector, {4}, {}});
  Batch batch;
  batch.x = torch::zeros({2, 4});
  Noise noise(1, 0, 2);
  try {
    model.complete(batch, torch::ones({2, 1, 1, 4}), noise);
    FAIL() << "vectors were taken for images";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find("expected a model of images"), std::string::npos);
  }
}

}  // namespace
}  // namespace figment::models
