#include "figment/models/recurrent/recurrent.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment::models {
namespace {

using torch::Tensor;

ExampleSpec series(int64_t steps, int64_t width) { return {Modality::kSeries, {steps, width}, {}}; }

RecurrentConfig small_config() {
  RecurrentConfig c;
  c.latent_dim = 3;
  c.hidden = 5;
  c.layers = 2;
  return c;
}

// Another model of the same configuration and weights, for other examples.
std::shared_ptr<Recurrent> twin(Recurrent& model, const RecurrentConfig& config,
                                const ExampleSpec& example) {
  auto out = std::make_shared<Recurrent>(config, example);
  out->to(model.parameters().front().scalar_type());
  torch::NoGradGuard no_grad;
  auto to = out->parameters();
  const auto from = model.parameters();
  EXPECT_EQ(to.size(), from.size());
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
  return out;
}

Batch batch_of(const Tensor& x, const Tensor& length = {}) {
  Batch batch;
  batch.x = x;
  batch.length = length;
  return batch;
}

std::vector<Tensor> gradients(Recurrent& model, const Tensor& loss) {
  auto all = torch::autograd::grad({loss}, model.parameters(), {}, false, false, true);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].defined()) all[i] = torch::zeros_like(model.parameters()[i]);
  return all;
}

// A padded batch is its series, each as if it were alone and had no padding.
void expect_padding_to_be_nothing(const RecurrentConfig& config, double forced) {
  torch::manual_seed(1);
  Recurrent model(config, series(7, 2));
  model.to(torch::kDouble);
  const std::vector<int64_t> lengths = {7, 3, 1, 5};
  const auto length = torch::tensor(lengths, torch::kLong);
  const auto x = torch::randn({4, 7, 2}, torch::kDouble);
  for (int64_t i = 0; i < 4; ++i) x[i].slice(0, lengths[static_cast<std::size_t>(i)]).zero_();
  const auto batch = batch_of(x, length);
  const auto errors = model.errors(batch, forced);
  const auto together = gradients(model, errors.sum());
  const auto code = model.encode(batch), written = model.reconstruct(batch);
  std::vector<Tensor> apart;
  for (const auto& g : together) apart.push_back(torch::zeros_like(g));
  for (int64_t i = 0; i < 4; ++i) {
    const auto steps = lengths[static_cast<std::size_t>(i)];
    auto one = twin(model, config, series(steps, 2));
    const auto alone = batch_of(x.slice(0, i, i + 1).slice(1, 0, steps));
    EXPECT_TRUE(torch::allclose(one->encode(alone), code.slice(0, i, i + 1), 0, 1e-12));
    EXPECT_TRUE(
        torch::allclose(one->reconstruct(alone)[0], written[i].slice(0, 0, steps), 0, 1e-12));
    EXPECT_EQ(written[i].slice(0, steps).abs().sum().item<double>(), 0);
    // From the code and the length alone.
    EXPECT_TRUE(torch::allclose(model.decode_series(code, length), written, 0, 1e-12));
    const auto error = one->errors(alone, forced);
    EXPECT_NEAR(error.item<double>(), errors[i].item<double>(), 1e-11);
    const auto own = gradients(*one, error.sum());
    for (std::size_t k = 0; k < own.size(); ++k) apart[k] += own[k];
  }
  for (std::size_t k = 0; k < apart.size(); ++k)
    EXPECT_TRUE(torch::allclose(together[k], apart[k], 1e-9, 1e-11)) << k;
  // What stands in the padding is never looked at.
  const auto dirty = x.clone();
  for (int64_t i = 0; i < 4; ++i) dirty[i].slice(0, lengths[static_cast<std::size_t>(i)]).fill_(9);
  EXPECT_TRUE(torch::allclose(model.errors(batch_of(dirty, length), forced), errors, 0, 1e-11));
}

TEST(Recurrent, TakesNoNoticeOfPadding) {
  for (const auto cell : {Cell::kLstm, Cell::kGru}) {
    for (const bool reverse : {false, true}) {
      for (const bool bidirectional : {false, true}) {
        auto config = small_config();
        config.cell = cell;
        config.reverse = reverse;
        config.bidirectional = bidirectional;
        SCOPED_TRACE(std::string(name_of_enum(cell)) + (reverse ? " reverse" : "") +
                     (bidirectional ? " bidirectional" : ""));
        expect_padding_to_be_nothing(config, 0);
        config.decoder = Decoding::kConditional;
        expect_padding_to_be_nothing(config, 0);
        expect_padding_to_be_nothing(config, 1);
      }
    }
  }
}

TEST(Recurrent, WritesFromTheEndWhenReversed) {
  for (const auto decoder : {Decoding::kUnconditional, Decoding::kConditional}) {
    auto config = small_config();
    config.decoder = decoder;
    config.reverse = false;
    Recurrent forward(config, series(6, 2));
    config.reverse = true;
    const auto backward = twin(forward, config, series(6, 2));
    const auto code = torch::randn({3, 3});
    const auto written = forward.decode(code, {});
    EXPECT_FALSE(torch::allclose(written, written.flip(1)));
    EXPECT_TRUE(backward->decode(code, {}).equal(written.flip(1)));
  }
}

TEST(Recurrent, FollowsTheTruthWhenForced) {
  torch::manual_seed(2);
  auto config = small_config();
  config.decoder = Decoding::kConditional;
  for (const bool reverse : {false, true}) {
    config.reverse = reverse;
    Recurrent model(config, series(6, 2));
    model.to(torch::kDouble);
    const auto batch = batch_of(torch::randn({4, 6, 2}, torch::kDouble));
    const auto forced = model.errors(batch, 1);
    EXPECT_FALSE(torch::allclose(forced, model.errors(batch, 0)));
    // Step by step, with a coin that always falls on the truth, it is the same.
    EXPECT_TRUE(torch::allclose(forced, model.errors(batch, std::nextafter(1.0, 0.0)), 0, 1e-12));
    // Half of the coins, something else; the same coins, the same.
    torch::manual_seed(9);
    const auto half = model.errors(batch, 0.5);
    EXPECT_FALSE(torch::allclose(forced, half));
    torch::manual_seed(9);
    EXPECT_TRUE(model.errors(batch, 0.5).equal(half));
  }
}

TEST(Recurrent, ForcesInTrainingOnly) {
  auto config = small_config();
  config.decoder = Decoding::kConditional;
  config.teacher_forcing = 1;
  config.teacher_forcing_end = 1;
  Recurrent forced(config, series(6, 2));
  config.teacher_forcing = config.teacher_forcing_end = 0;
  const auto free = twin(forced, config, series(6, 2));
  const auto batch = batch_of(torch::randn({4, 6, 2}));
  EXPECT_TRUE(forced.reconstruct(batch).equal(free->reconstruct(batch)));
  const auto judged = forced.validation_step(batch)[0].second.item<double>();
  EXPECT_EQ(judged, free->validation_step(batch)[0].second.item<double>());
  EXPECT_NEAR(judged, (free->reconstruct(batch) - batch.x).square().sum().item<double>() / 4, 1e-4);
  EXPECT_NE(forced.training_step(batch)[0].second.item<double>(),
            free->training_step(batch)[0].second.item<double>());
}

TEST(Recurrent, MovesTheShareForcedOverTheTraining) {
  auto config = small_config();
  config.decoder = Decoding::kConditional;
  config.teacher_forcing = 0.8;
  config.teacher_forcing_end = 0.2;
  Recurrent model(config, series(4, 1));
  model.set_clock({0, 100, 0});
  EXPECT_DOUBLE_EQ(model.forcing(), 0.8);
  model.set_clock({50, 100, 3});
  EXPECT_DOUBLE_EQ(model.forcing(), 0.5);
  config.decoder = Decoding::kUnconditional;
  EXPECT_EQ(Recurrent(config, series(4, 1)).forcing(), 0);
}

TEST(Recurrent, RefusesForcingWhereNothingCanBeForced) {
  const auto problems_of = [](const RecurrentConfig& config) {
    Problems problems;
    config.check({problems, "model", nullptr});
    return problems.lines();
  };
  EXPECT_TRUE(problems_of({}).empty());
  RecurrentConfig config;
  config.teacher_forcing = 0.5;
  config.teacher_forcing_end = 0.25;
  const auto lines = problems_of(config);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("model.teacher_forcing: expected decoder = \"conditional\""),
            std::string::npos);
  EXPECT_NE(lines[1].find("model.teacher_forcing_end: "), std::string::npos);
  config.decoder = Decoding::kConditional;
  EXPECT_TRUE(problems_of(config).empty());
}

TEST(Recurrent, ReadsAnImageByItsRowsAndAVectorByItsNumbers) {
  const auto config = small_config();
  Recurrent image(config, {Modality::kImage, {3, 6, 4}, {}});
  const auto rows = twin(image, config, series(6, 12));
  const auto x = torch::rand({2, 3, 6, 4});
  const auto as_rows = x.permute({0, 2, 1, 3}).reshape({2, 6, 12});
  EXPECT_TRUE(image.encode(batch_of(x)).equal(rows->encode(batch_of(as_rows))));
  const auto back = rows->reconstruct(batch_of(as_rows)).view({2, 6, 3, 4}).permute({0, 2, 1, 3});
  EXPECT_TRUE(image.reconstruct(batch_of(x)).equal(back));
  Recurrent vector(config, {Modality::kVector, {5}, {}});
  const auto numbers = twin(vector, config, series(5, 1));
  const auto v = torch::randn({2, 5});
  EXPECT_TRUE(vector.reconstruct(batch_of(v))
                  .equal(numbers->reconstruct(batch_of(v.unsqueeze(2))).squeeze(2)));
}

TEST(Recurrent, ReconstructsWaves) {
  torch::manual_seed(7);
  RecurrentConfig config;
  config.latent_dim = 4;
  config.hidden = 24;
  config.optimizer.learning_rate = 0.02;
  Recurrent model(config, series(10, 1));
  const auto phase = torch::rand({32, 1}) * 6.3, speed = torch::rand({32, 1}) * 0.4 + 0.3;
  const auto x = torch::sin(torch::arange(10.).unsqueeze(0) * speed + phase).unsqueeze(2);
  const auto error = [&] { return model.validation_step(batch_of(x))[0].second.item<double>(); };
  const auto before = error();
  for (int i = 0; i < 120; ++i) model.training_step(batch_of(x));
  EXPECT_LT(error(), 0.2 * before);
}

}  // namespace
}  // namespace figment::models
