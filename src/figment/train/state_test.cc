#include "figment/train/state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "figment/core/error.h"
#include "figment/data/safetensors.h"

namespace figment {
namespace {

struct Line : Model {
  explicit Line(ExampleSpec example, double average = 0) : Model(std::move(example)) {
    slope = register_parameter("slope", torch::ones({2}));
    offset = register_buffer("offset", torch::zeros({1}));
    OptimizerConfig config;
    config.average = average;
    register_optimizer("all", {slope}, config);
  }
  Metrics training_step(const Batch& batch) override {
    const auto loss = (batch.x * slope).square().mean();
    optimizers().front()->minimize(loss);
    return {{"loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor slope, offset;
};

const ExampleSpec kPair{Modality::kVector, {2}, {"a", "b"}};

CheckpointFiles files_of(Line& model) {
  Batch batch;
  batch.x = torch::ones({4, 2});
  model.training_step(batch);
  Recipe recipe;
  recipe.family = "line";
  recipe.seed = 3;
  set_override(recipe.model, "x=1");
  TrainingState state;
  state.step = 12;
  state.best = 0.1;
  state.best_step = 10;
  state.window["loss"] = {0.1 + 0.2, 3};
  TableEncoding encoding;
  encoding.columns = {{"bytes", {}, true}, {"service", {"ftp", "http"}, false}};
  encoding.steps = 7;
  return pack(model, recipe, Scaling(), encoding, state);
}

// A weight with what a batch normalization keeps beside it.
struct Centred : Model {
  Centred() : Model(kPair) {
    scale = register_parameter("scale", torch::ones({2}));
    mean = register_buffer("running_mean", torch::zeros({2}));
    OptimizerConfig config;
    config.average = 0.9;
    register_optimizer("all", {scale}, config);
  }
  Metrics training_step(const Batch& batch) override {
    {
      const torch::NoGradGuard no_grad;
      mean.lerp_(batch.x.mean(0), 0.1);
    }
    const auto loss = ((batch.x - mean) * scale).square().mean();
    optimizers().front()->minimize(loss);
    return {{"loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor scale, mean;
};

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kCheckpoint);
    return error.what();
  }
  return "";
}

TEST(State, ComesBackWhole) {
  Line model(kPair, 0.9), other(kPair, 0.9);
  const auto files = files_of(model);
  const auto header = unpack_header(files, "c");
  EXPECT_EQ(header.recipe.family, "line");
  EXPECT_EQ(header.recipe.seed, 3u);
  EXPECT_NE(header.recipe.model.find("x"), nullptr);
  EXPECT_EQ(header.example.text(), kPair.text());
  EXPECT_EQ(header.example.classes, kPair.classes);
  ASSERT_EQ(header.encoding.columns.size(), 2u);
  EXPECT_EQ(header.encoding.input_names(),
            (std::vector<std::string>{"bytes", "service=ftp", "service=http"}));
  EXPECT_TRUE(header.encoding.columns[0].log1p);
  EXPECT_FALSE(header.encoding.columns[1].log1p);
  EXPECT_EQ(header.encoding.steps, 7);
  EXPECT_EQ(header.state.step, 12);
  EXPECT_EQ(header.state.best, 0.1);
  EXPECT_EQ(header.state.window.at("loss").first, 0.1 + 0.2);
  unpack_model(files, other, "c");
  unpack_optimizers(files, other, "c");
  EXPECT_TRUE(torch::equal(model.slope, other.slope));
  EXPECT_EQ(files_of(model).files, files_of(other).files);
  apply_averages(files, other, "c");
  EXPECT_TRUE(torch::equal(
      other.slope,
      decode_safetensors(files.files.at("average.all.safetensors"), "a").tensors.front().second));
}

TEST(State, KeepsAveragesOfBuffers) {
  const auto packed = [](const Model& model) {
    return pack(model, Recipe(), Scaling(), TableEncoding(), TrainingState());
  };
  Centred model, other, third;
  Batch batch;
  batch.x = torch::full({4, 2}, 3.0F);
  for (int i = 0; i < 3; ++i) model.training_step(batch);
  const auto files = packed(model);
  unpack_model(files, other, "c");
  unpack_optimizers(files, other, "c");
  EXPECT_EQ(packed(other).files, files.files);
  const auto averages = model.optimizers().front()->average();
  ASSERT_EQ(averages.size(), 2u);
  EXPECT_EQ(averages[1].first, "running_mean");
  apply_averages(files, other, "c");
  EXPECT_TRUE(torch::equal(other.mean, averages[1].second));
  EXPECT_FALSE(torch::allclose(other.mean, model.mean));
  // Where they are in place already, putting them there changes nothing.
  Centred opened;
  unpack_model(files, opened, "c");
  apply_averages(files, opened, "c");
  {
    const AverageScope scope(opened.optimizers());
    EXPECT_TRUE(torch::equal(opened.scale, averages[0].second));
    EXPECT_TRUE(torch::equal(opened.mean, averages[1].second));
  }
  // One of before they were kept has the weights alone: buffers stay as they were saved.
  auto older = files;
  older.files["average.all.safetensors"] = encode_safetensors(NamedTensors{averages[0]});
  unpack_model(older, third, "c");
  unpack_optimizers(older, third, "c");
  EXPECT_TRUE(torch::equal(third.optimizers().front()->average()[1].second, model.mean));
  apply_averages(older, third, "c");
  EXPECT_TRUE(torch::equal(third.mean, model.mean));
  EXPECT_TRUE(torch::equal(third.scale, averages[0].second));
}

TEST(State, RefusesWhatIsNotTheModels) {
  Line model(kPair);
  const auto good = files_of(model);
  auto files = good;
  files.files["model.safetensors"] = encode_safetensors({{"slope", torch::ones({2})}});
  EXPECT_NE(refusal([&] { unpack_model(files, model, "c"); }).find("'offset', found none"),
            std::string::npos);
  files.files["model.safetensors"] =
      encode_safetensors({{"slope", torch::ones({3})}, {"offset", torch::zeros({1})}});
  EXPECT_NE(refusal([&] { unpack_model(files, model, "c"); }).find("of shape [2]"),
            std::string::npos);
  files.files["model.safetensors"] = encode_safetensors(
      {{"slope", torch::ones({2})}, {"offset", torch::zeros({1})}, {"more", torch::zeros({1})}});
  EXPECT_NE(refusal([&] { unpack_model(files, model, "c"); }).find("expected 2 tensors, got 3"),
            std::string::npos);
  files = good;
  files.files.erase("optimizer.all.safetensors");
  EXPECT_NE(refusal([&] { unpack_optimizers(files, model, "c"); }), "");
  files = good;
  files.files.erase("scaling.safetensors");
  EXPECT_NE(refusal([&] { unpack_header(files, "c"); }), "");
  files = good;
  files.files["average.all.safetensors"] = encode_safetensors({{"slop", torch::ones({2})}});
  EXPECT_NE(refusal([&] { apply_averages(files, model, "c"); }), "");
}

TEST(State, RefusesADocumentThatSaysSomethingElse) {
  Line model(kPair);
  const auto good = files_of(model);
  const auto with = [&](const char* key, const nlohmann::json& value) {
    auto files = good;
    auto document = nlohmann::json::parse(files.files["state.json"]);
    if (value.is_discarded()) {
      document.erase(key);
    } else {
      document[key] = value;
    }
    files.files["state.json"] = document.dump();
    return refusal([&] { unpack_header(files, "c"); });
  };
  EXPECT_NE(with("schema", 99).find("expected schema 1, got 99"), std::string::npos);
  EXPECT_NE(with("step", "twelve"), "");
  EXPECT_NE(with("recipe", "family = "), "");
  EXPECT_NE(with("recipe", "no_such_key = 1"), "");
  EXPECT_NE(with("example",
                 {{"modality", "smell"}, {"shape", {1}}, {"classes", nlohmann::json::array()}}),
            "");
  EXPECT_NE(with("example",
                 {{"modality", "image"}, {"shape", {0}}, {"classes", nlohmann::json::array()}}),
            "");
  EXPECT_NE(with("window", {{"loss", {1}}}), "");
  EXPECT_NE(with("encoding", {{"steps", 0}, {"columns", {{{"log1p", true}}}}}), "");
  EXPECT_NE(with("encoding", {{"steps", -1}, {"columns", nlohmann::json::array()}}), "");
  EXPECT_NE(
      with("encoding",
           {{"steps", 0}, {"columns", {{{"name", "a"}, {"log1p", true}, {"categories", {"b"}}}}}})
          .find("a logarithm of words"),
      std::string::npos);
  EXPECT_NE(with("best", nlohmann::json(nlohmann::json::value_t::discarded)), "");
  auto files = good;
  files.files["state.json"] = "{";
  EXPECT_NE(refusal([&] { unpack_header(files, "c"); }), "");
}

}  // namespace
}  // namespace figment
