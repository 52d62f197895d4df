// Sections of the report that say what a model is good for, each asked for alone.
#include <gtest/gtest.h>

#include "figment/apply/section_page_test.h"
#include "figment/apply/spread.h"
#include "figment/core/testing.h"
#include "figment/core/testing_variable.h"
#include "figment/data/large.h"
#include "figment/eval/whole_rows_test.h"

namespace figment {
namespace sections {
extern const Section anomaly, codes_and_pca, compression, curve, denoise, examples, images,
    interpolation, linear, search, separation;
}
namespace {

using toys::count;
using toys::made;
using toys::page_of;

const ExampleSpec kPlane{Modality::kVector, {2}, {"a", "b"}, {}};
const ExampleSpec kPictures{Modality::kImage, {1, 8, 8}, {"a", "b"}, {}};

Dataset points(const ExampleSpec& spec = kPlane) {
  torch::manual_seed(2);
  auto set = toys::vectors(3 * torch::randn({100, spec.elements()}));
  set.spec = spec;
  set.label = torch::arange(100).remainder(2);
  return set;
}

Dataset pictures(int64_t n = 30) {
  torch::manual_seed(2);
  Dataset set;
  set.name = "pictures";
  set.spec = kPictures;
  set.x = torch::randint(0, 256, {n, 1, 8, 8}, torch::kByte);
  set.label = torch::arange(n).remainder(2);
  return set;
}

// Words of their own for each of two classes.
Dataset documents() {
  torch::manual_seed(2);
  auto set = points({Modality::kVector, {6}, {"a", "b"}, {}});
  const auto own = (torch::arange(6) < 3).unsqueeze(0) == (set.label == 0).unsqueeze(1);
  set.x = (torch::randint(1, 40, {100, 6}) * own).to(torch::kFloat);
  return set;
}

LoadedRun run_on_pictures(const char* family, const std::vector<std::string>& settings = {}) {
  auto run = made(family, kPictures, settings);
  run.scaling = Scaling::fit(pictures(), ScalingKind::kAuto);
  return run;
}

bool has(const std::string& page, const std::string& text) { return count(page, text) > 0; }

TEST(Spread, TakesExamplesFromAllOverASet) {
  const auto set = points();
  EXPECT_EQ(spread(set, 100).size(), 100);
  EXPECT_TRUE(torch::equal(spread(set, 3).x,
                           set.x.index_select(0, torch::tensor({0, 33, 66}, torch::kLong))));
}

TEST(LinearSection, TellsTheVarianceAndTheAngleToTheExactSubspace) {
  const ExampleSpec four{Modality::kVector, {4}, {}, {}};
  const auto run = made("pca", four, {"latent_dim=2"});
  const auto page = page_of(sections::linear, run, points(four));
  EXPECT_EQ(count(page, "<svg"), 3);  // two axes and the variance
  EXPECT_TRUE(has(page, "The largest angle between this subspace"));
  EXPECT_FALSE(
      has(page_of(sections::linear, made("autoencoder", four, {}), points(four)), "The axes"));
}

TEST(LinearSection, HoldsNoSetOnTheDiskAsNumbersAtOnce) {
  const testing::ScratchFolder folder;
  const testing::Variable where("TMPDIR", folder.path().c_str());
  const testing::Variable memory("FIGMENT_SET_MEMORY", "1K");
  Dataset set;
  set.name = "pictures";
  set.spec = {Modality::kImage, {1, 2, 4}, {}, {}};
  set.x = room_for({20000, 1, 2, 4}, torch::kByte);
  set.x.copy_(torch::randint(0, 256, set.x.sizes(), torch::kByte));
  ASSERT_TRUE(is_large(set.x));
  const auto run = made("pca", set.spec, {"latent_dim=2"});
  const testing::WholeRows watch(set.x);
  EXPECT_TRUE(has(page_of(sections::linear, run, set), "The largest angle between"));
  EXPECT_FALSE(watch.found());
}

TEST(CurveSection, TellsHowFarCodesInsideAndOutsideLead) {
  auto run = made("autoencoder", kPlane, {"latent_dim=1"});
  run.recipe.data.source = "moons";
  const auto page = page_of(sections::curve, run, points());
  EXPECT_TRUE(has(page, "codes inside") && has(page, "codes outside"));
  EXPECT_TRUE(has(page, "to the nearest example of the training part is "));
  EXPECT_TRUE(has(page, " inside the range and "));
  EXPECT_FALSE(has(page, "true curve"));
  run.recipe.data.source = "sine";
  EXPECT_TRUE(has(page_of(sections::curve, run, points()), "to the true curve, continued"));
  EXPECT_FALSE(
      has(page_of(sections::curve, made("autoencoder", kPlane, {"latent_dim=2"}), points()),
          "codes inside"));
}

TEST(DenoiseSection, ShowsWhatWasDamagedAndRestored) {
  const auto noise = "corruption.kind=\"gaussian\"";
  const auto lines = page_of(sections::denoise, made("autoencoder", kPlane, {noise}), points());
  EXPECT_TRUE(has(lines, "damaged (squared error ") && has(lines, "restored (squared error "));
  EXPECT_EQ(count(lines, "<svg"), 4);
  const auto images =
      page_of(sections::denoise, run_on_pictures("autoencoder", {noise}), pictures());
  EXPECT_TRUE(has(images, "From above: clean, damaged (PSNR "));
  EXPECT_EQ(count(images, "<img"), 1);
  EXPECT_FALSE(has(page_of(sections::denoise, made("autoencoder", kPlane, {}), points()),
                   "Damaged and restored"));
}

TEST(SearchSection, CountsNeighboursOfTheClassBesideLinearCodes) {
  const auto run = run_on_pictures("hashing", {"bits=8"});
  const auto page = page_of(sections::search, run, pictures());
  EXPECT_TRUE(has(page, "Search by bits") && has(page, "the nearest codes among 30"));
  EXPECT_TRUE(has(page, "precision_at_10") && has(page, "mean_average_precision"));
  EXPECT_TRUE(has(page, ">pca_8<") && has(page, ">pca_8_bits<"));
  const auto counts = documents();
  const auto of_counts = made("hashing", counts.spec, {"bits=4", "loss=\"squared_error\""});
  EXPECT_TRUE(has(page_of(sections::search, of_counts, counts), ">lsa_4_bits<"));
  // Within the part that is searched each would be found for itself.
  const auto alone = page_of(sections::search, run, Splits{pictures(), {}, {}});
  EXPECT_TRUE(has(alone, "Search by bits"));
  EXPECT_FALSE(has(alone, "precision_at_10"));
}

TEST(CompressionSection, DrawsRateAndQuality) {
  const auto page = page_of(sections::compression, run_on_pictures("autoencoder"), pictures());
  EXPECT_TRUE(has(page, "As a compression") && has(page, "JPEG"));
  EXPECT_EQ(count(page, "<svg"), 1);
  EXPECT_FALSE(has(page_of(sections::compression, made("autoencoder", kPlane, {}), points()),
                   "As a compression"));
  // Its codes are decoded with the class, which is no part of them.
  EXPECT_FALSE(
      has(page_of(sections::compression, run_on_pictures("cvae"), pictures()), "As a compression"));
}

TEST(CodesAndPcaSection, HoldsCodesOfCountsAgainstLsaToo) {
  auto counts = documents();
  const auto run = made("autoencoder", counts.spec, {"latent_dim=2"});
  const auto page = page_of(sections::codes_and_pca, run, counts);
  EXPECT_EQ(count(page, "<svg"), 3);
  EXPECT_TRUE(has(page, "latent semantic analysis"));
  counts.x = counts.x + 0.5;
  EXPECT_EQ(count(page_of(sections::codes_and_pca, run, counts), "<svg"), 2);
}

TEST(DecoderSections, AreSilentWhereLabelsAloneMovedTheEncoder) {
  const auto told = [](const Section& section, const LoadedRun& run, const Dataset& set,
                       const char* text) { return has(page_of(section, run, set), text); };
  for (const bool learns : {true, false}) {
    const std::string beside = learns ? "beside=true" : "beside=false";
    const auto of_images =
        run_on_pictures("stacked", {"hidden=[6,2]", "target=\"labels\"", beside});
    const auto of_points = made("stacked", kPlane, {"hidden=[6,1]", "target=\"labels\"", beside});
    EXPECT_EQ(told(sections::images, of_images, pictures(), "above its reconstruction"), learns);
    EXPECT_EQ(told(sections::images, of_images, pictures(), "What it makes"), learns);
    EXPECT_EQ(told(sections::compression, of_images, pictures(), "As a compression"), learns);
    EXPECT_EQ(told(sections::interpolation, of_images, pictures(), "one example to another"),
              learns);
    EXPECT_EQ(told(sections::examples, of_points, points(), "Reconstructions"), learns);
    EXPECT_EQ(told(sections::curve, of_points, points(), "Inside and outside"), learns);
  }
}

// Judges by the error alone, the sum of squares of an example.
class ErrorAlone : public Model, public Reconstructs {
 public:
  explicit ErrorAlone(ExampleSpec example) : Model(std::move(example)) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor reconstruct(const Batch& batch) override { return torch::zeros_like(batch.x); }
};

TEST(AnomalySection, TakesTheThresholdFromAllOverTheTrainingPart) {
  auto run = toys::run_of(std::make_shared<ErrorAlone>(kPlane));
  run.recipe.data.normal = {"a"};
  // A table in order: the last third, which is not reached from the front, has an error of 2, of
  // two elements that are wrong by a third on average: 6 when weighted by it.
  Splits data;
  data.train = points();
  data.train.x = (torch::arange(30000) >= 20000).to(torch::kFloat).unsqueeze(1).repeat({1, 2});
  data.train.label = torch::zeros({30000}, torch::kLong);
  data.validation = data.test = points();
  EXPECT_TRUE(
      has(page_of(sections::anomaly, run, data), "95 % of the training examples stay below, 6."));
}

// Takes nothing apart, and has a code.
class SeparatesAndEncodes : public Model, public Separates, public Encodes {
 public:
  explicit SeparatesAndEncodes(ExampleSpec example) : Model(std::move(example)) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t sources() const override { return 2; }
  Mixture mix(const Batch& batch, Noise&) override { return {batch.x, separate(batch.x)}; }
  torch::Tensor separate(const torch::Tensor& x) override { return torch::stack({x, x}, 1); }
  int64_t code_dim() const override { return 1; }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1).narrow(1, 0, 1); }
};

TEST(SeparationSection, ShowsSumsAndWhatCameOut) {
  const auto page = page_of(sections::separation, run_on_pictures("source_separation"), pictures());
  EXPECT_TRUE(has(page, "Sources out of their sum"));
  EXPECT_TRUE(has(page, "From above: the mixture, the 2 examples it was made of"));
  EXPECT_EQ(count(page, "<img"), 1);
  // What is the only measure of a model stands at the head of its report.
  EXPECT_FALSE(has(page, "source_1"));
  EXPECT_FALSE(has(page_of(sections::separation, made("source_separation", kPlane, {}), points()),
                   "Sources out of their sum"));
  const auto more = toys::run_of(std::make_shared<SeparatesAndEncodes>(kPlane));
  EXPECT_TRUE(has(page_of(sections::separation, more, points()), "source_1_sse"));
}

}  // namespace
}  // namespace figment
