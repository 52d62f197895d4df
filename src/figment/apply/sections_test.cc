// Sections of the report, each asked for alone.
#include <gtest/gtest.h>

#include "figment/apply/section.h"
#include "figment/apply/toy_run_test.h"

namespace figment {
namespace sections {
extern const Section density, temperature, course, bound;
}
namespace {

LoadedRun made(const char* family, const ExampleSpec& example,
               const std::vector<std::string>& settings) {
  Value config;
  for (const auto& setting : settings) set_override(config, setting);
  Problems problems;
  torch::manual_seed(1);
  auto run = toys::run_of(family_named(family, "test").make(config, example, problems));
  run.family = &family_named(family, "test");
  run.recipe.data.source = "8gaussians";
  return run;
}

std::string page_of(const Section& section, const LoadedRun& run, const Dataset& set) {
  torch::NoGradGuard no_grad;
  const std::filesystem::path folder = "nowhere";
  const Splits data{set, set, set};
  const std::string part = "validation";
  HtmlPage page("title", "verdict");
  ReportContext context{folder, run, data, data.validation, part, page};
  section.write(context);
  return page.finish();
}

int64_t count(const std::string& text, const std::string& what) {
  int64_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

const ExampleSpec kPlane{Modality::kVector, {2}, {"a", "b"}, {}};

Dataset points() {
  torch::manual_seed(2);
  auto set = toys::vectors(3 * torch::randn({100, 2}));
  set.spec = kPlane;
  set.label = torch::arange(100).remainder(2);
  return set;
}

Dataset pictures() {
  Dataset set;
  set.name = "pictures";
  set.spec = {Modality::kImage, {1, 8, 8}, {}};
  set.x = torch::randint(0, 256, {4, 1, 8, 8}, torch::kByte);
  return set;
}

const std::vector<std::string> kSmallDenoiser = {"schedule.steps=20", "sampler.steps=10", "width=8",
                                                 "layers=1"};

TEST(DensitySection, DrawsTheModelTheTruthAndTheBentGrid) {
  const auto page = page_of(sections::density, made("flow", kPlane, {"steps=2"}), points());
  EXPECT_EQ(count(page, "<img"), 2);
  EXPECT_NE(page.find("The true density"), std::string::npos);
  EXPECT_NE(page.find("as the model bends it"), std::string::npos);
}

TEST(DensitySection, SumsOverTheClassesOfAModelThatIsToldThem) {
  // Untrained, both classes are alike: the page is that of the model that is told none, but for the
  // grid, of which there is one a class.
  const auto told = page_of(sections::density,
                            made("flow", kPlane, {"steps=2", "class_conditional=true"}), points());
  EXPECT_NE(told.find("lies within this square"), std::string::npos);
  EXPECT_EQ(told.find("as the model bends it"), std::string::npos);
  EXPECT_EQ(count(told, "<img"), 2);
}

TEST(DensitySection, IsSilentWhereThereIsNoDensityOfExamplesAlone) {
  for (const auto& [family, settings] :
       {std::pair<const char*, std::vector<std::string>>{"pca", {"latent_dim=1"}}, {"aae", {}}}) {
    const auto page = page_of(sections::density, made(family, kPlane, settings), points());
    EXPECT_EQ(page.find("The density"), std::string::npos) << family;
  }
}

TEST(TemperatureSection, DrawsEachTemperature) {
  const auto page = page_of(sections::temperature, made("flow", kPlane, {"steps=2"}), points());
  EXPECT_NE(page.find("Samples by temperature"), std::string::npos);
  for (const char* temperature : {"0.4", "0.6", "0.8"})
    EXPECT_NE(page.find(temperature), std::string::npos) << temperature;
  EXPECT_EQ(page_of(sections::temperature, made("pca", kPlane, {"latent_dim=1"}), points())
                .find("Samples by temperature"),
            std::string::npos);
}

TEST(CourseSection, DrawsParticlesAndTheFieldOfPoints) {
  const auto page = page_of(sections::course, made("diffusion", kPlane, kSmallDenoiser), points());
  EXPECT_NE(page.find("From noise to examples"), std::string::npos);
  EXPECT_NE(page.find("0 steps left"), std::string::npos);
  EXPECT_EQ(count(page, "<svg"), count(page, " steps left"));
  EXPECT_GT(count(page, "of the way to what is predicted"), 2);
}

TEST(CourseSection, DrawsImagesOnTheirWay) {
  const auto page = page_of(sections::course,
                            made("diffusion", pictures().spec,
                                 {"schedule.steps=20", "sampler.steps=5", "unet.channels=8",
                                  "unet.multipliers=[1]", "unet.blocks=1"}),
                            pictures());
  EXPECT_EQ(count(page, "<img"), 3);
  EXPECT_EQ(
      page_of(sections::course, made("flow", kPlane, {"steps=2"}), points()).find("From noise"),
      std::string::npos);
}

TEST(BoundSection, DrawsTheTermsAndTellsTheirSum) {
  const auto page = page_of(sections::bound, made("diffusion", kPlane, kSmallDenoiser), points());
  EXPECT_NE(page.find("The bound by its terms"), std::string::npos);
  EXPECT_NE(page.find("bits an element (standard error"), std::string::npos);
  EXPECT_EQ(count(page, "<svg"), 1);
  EXPECT_EQ(page_of(sections::bound, made("flow", kPlane, {"steps=2"}), points()).find("The bound"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
