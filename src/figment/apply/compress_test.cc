#include "figment/apply/compress.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/apply/section_page_test.h"
#include "figment/apply/use.h"
#include "figment/core/testing.h"
#include "figment/data/code_file.h"
#include "figment/data/padding.h"
#include "figment/eval/metric.h"
#include "figment/train/manifest.h"

namespace figment {
namespace {

using testing::outcome_of;
using testing::ScratchFolder;

// Series of up to seven steps, and a model for them in a checkpoint of its own.
struct Ragged {
  Ragged() {
    torch::manual_seed(1);
    set.name = "ragged";
    set.spec = {Modality::kSeries, {7, 2}, {}, {}};
    set.x = 4 + torch::randn({20, 7, 2});
    set.length = torch::arange(20).remainder(7) + 1;
    testing::spill(folder / Manifest::kName, "{}");
    Value config;
    set_override(config, "hidden=8");
    Problems problems;
    run.family = &family_named("recurrent", "test");
    run.model = run.family->make(config, set.spec, problems);
    run.model->eval();
    run.checkpoint = folder.path();
    run.scaling = Scaling::fit(set, ScalingKind::kStandard);
  }
  const ScratchFolder folder{};
  Dataset set{};
  LoadedRun run{};
};

TEST(Compress, BringsSeriesBackAsLongAsTheyWere) {
  const Ragged given;
  const auto back = decompress(given.run, compress(given.run, given.set, 16), "a");
  EXPECT_TRUE(torch::equal(back.isnan().all(2).logical_not().sum(1), given.set.length));
  const auto plain = with_padding(reconstruct(given.run, given.set), given.set.length, NAN);
  EXPECT_TRUE(torch::allclose(back, plain, 0, 1e-3, /*equal_nan=*/true));
}

TEST(Compress, RefusesSeriesThatEndLaterThanTheModelKnows) {
  const Ragged given;
  auto file = decode_code_file(compress(given.run, given.set, 8), "a");
  file.length[3] = 8;
  const auto outcome = outcome_of([&] { decompress(given.run, encode_code_file(file), "a"); });
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.message.find("that end after 8 steps"), std::string::npos) << outcome.message;
}

// What is said when the code of this model is to stand for an example.
std::string refusal(const char* family, const std::vector<std::string>& settings) {
  const ExampleSpec pictures{Modality::kImage, {1, 12, 12}, {"a", "b"}, {}};
  const auto run = toys::made(family, pictures, settings);
  Dataset set;
  set.name = "pictures";
  set.spec = pictures;
  set.x = torch::randint(0, 256, {8, 1, 12, 12}, torch::kByte);
  set.label = torch::arange(8).remainder(2);
  const auto told = outcome_of([&] { compress(run, set, 4); });
  const auto measured = outcome_of([&] {
    metric_named("compression")
        .measure({*run.model, *run.family, run.scaling, set, set, DataConfig(), 1});
  });
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(measured.code, 2);
  // The same but for the place.
  const auto words = [](const std::string& message) { return message.substr(message.find(']')); };
  EXPECT_EQ(words(told.message), words(measured.message));
  return told.message;
}

TEST(Compress, RefusesCodesThatAreNotAllThatDecodes) {
  const auto told = refusal("cvae", {});
  EXPECT_NE(told.find("the class or attributes of each example too"), std::string::npos) << told;
  const auto part = refusal("cvae", {"condition=part"});
  EXPECT_NE(part.find("part of each example too, which no code holds; reconstruct"),
            std::string::npos)
      << part;
}

TEST(Compress, RefusesADecoderThatTheEncoderLeftBehind) {
  const auto told = refusal("stacked", {"target=labels", "beside=false"});
  EXPECT_NE(told.find("train anew with model.beside=true"), std::string::npos) << told;
}

}  // namespace
}  // namespace figment
