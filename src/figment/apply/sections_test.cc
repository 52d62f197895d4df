// Sections of the report, each asked for alone.
#include <gtest/gtest.h>

#include "figment/apply/latent.h"
#include "figment/apply/section.h"
#include "figment/apply/toy_run_test.h"
#include "figment/model/draws_codes.h"
#include "figment/report/markup.h"

namespace figment {
namespace sections {
extern const Section classes, density, temperature, course, bound, optimum, aggregated_posterior,
    latent, class_grids, attribute_sweeps, interpolation;
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
  EXPECT_EQ(count(told, "as the model bends it"), 2);
  EXPECT_EQ(count(told, "given the class a."), 1);
  EXPECT_EQ(count(told, "given the class b."), 1);
  EXPECT_EQ(count(told, "<img"), 2);
}

TEST(DensitySection, SaysOfABoundThatItIsNoProbability) {
  const auto page = page_of(sections::density, made("diffusion", kPlane, kSmallDenoiser), points());
  EXPECT_NE(page.find("a lower bound on the logarithm of the density"), std::string::npos);
  EXPECT_EQ(page.find("lies within this square"), std::string::npos);
}

TEST(DensitySection, DrawsTheGridsOfFourClassesAtMost) {
  auto set = points();
  set.spec.classes = {"a", "b", "c", "d", "e"};
  const auto told =
      page_of(sections::density,
              made("flow", set.spec, {"steps=1", "class_conditional=true", "hidden=[4]"}), set);
  EXPECT_EQ(count(told, "as the model bends it"), 4);
  EXPECT_NE(told.find("the first 4 of 5 classes"), std::string::npos);
}

TEST(ClassesSection, TellsClassesByTheDensitiesOfAModelThatIsToldThem) {
  // Untrained, both classes are alike, and all are taken for the one that is more frequent in
  // training. The last 30 are not of it.
  auto set = points();
  set.label = (torch::arange(100) >= 70).to(torch::kLong);
  const std::vector<std::string> told = {"steps=1", "class_conditional=true"};
  const auto page = page_of(sections::classes, made("flow", kPlane, told), set);
  EXPECT_NE(page.find("Bayes&#39; rule makes"), std::string::npos);
  EXPECT_NE(page.find("30 of 100 examples of the validation part"), std::string::npos);
  EXPECT_NE(page.find("Confusion matrix"), std::string::npos);
  EXPECT_EQ(page_of(sections::classes, made("flow", kPlane, {"steps=1"}), set)
                .find("What it takes for what"),
            std::string::npos);
}

TEST(ClassesSection, TellsExamplesFromAllOverALargePart) {
  // The last 1,000 of 2,500 are of the rarer class.
  auto set = points();
  set.x = torch::randn({2500, 2});
  set.label = (torch::arange(2500) >= 1500).to(torch::kLong);
  const auto page =
      page_of(sections::classes, made("flow", kPlane, {"steps=1", "class_conditional=true"}), set);
  EXPECT_NE(page.find("800 of 2,000 examples (spread over the 2,500) of"), std::string::npos);
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
  const auto drawn = [](const char* sampler_steps) {
    return page_of(sections::course,
                   made("diffusion", pictures().spec,
                        {"schedule.steps=200", sampler_steps, "unet.channels=8",
                         "unet.multipliers=[1]", "unet.blocks=1"}),
                   pictures());
  };
  const auto page = drawn("sampler.steps=5");
  EXPECT_EQ(count(page, "<img"), 3);
  EXPECT_NE(page.find("the steps left: 200, 160, 120, 80, 40, 0."), std::string::npos);
  EXPECT_NE(page.find("an animation of 6 frames, from 200 steps left"), std::string::npos);
  // More places than the strip has columns are all animated, up to 64 of them.
  const auto longer = drawn("sampler.steps=40");
  EXPECT_NE(
      longer.find("the steps left: 200, 185, 170, 150, 135, 120, 100, 85, 70, 50, 35, 20, 0."),
      std::string::npos);
  EXPECT_NE(longer.find("an animation of 41 frames, "), std::string::npos);
  EXPECT_NE(drawn("sampler.steps=100").find("an animation of 64 frames, "), std::string::npos);
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

LoadedRun gan_on(const char* source, std::vector<std::string> settings = {}) {
  settings.insert(settings.end(), {"generator.hidden=[8]", "discriminator.hidden=[8]"});
  auto run = made("gan", kPlane, settings);
  run.recipe.data.source = source;
  return run;
}

TEST(OptimumSection, DrawsTheDiscriminatorWhereNoDensityIsKnown) {
  const auto page = page_of(sections::optimum, gan_on("moons"), points());
  EXPECT_EQ(count(page, "<img"), 2);
  EXPECT_NE(page.find("The discriminator over the plane"), std::string::npos);
  EXPECT_NE(page.find("white is 1, grey 1/2, black 0"), std::string::npos);
  EXPECT_EQ(page.find("best"), std::string::npos);
}

TEST(OptimumSection, DrawsScoresWhereTheyAreNoProbabilities) {
  for (const char* source : {"moons", "8gaussians"}) {
    const auto page = page_of(
        sections::optimum,
        gan_on(source, {"adversarial_loss=\"wasserstein\"", "gradient_penalty=10"}), points());
    EXPECT_EQ(count(page, "<img"), 2) << source;
    EXPECT_NE(page.find("in this game are no probabilities: black is the lowest"),
              std::string::npos)
        << source;
    EXPECT_EQ(page.find("best"), std::string::npos) << source;
  }
}

TEST(OptimumSection, IsSilentWithoutADiscriminatorOrAPlane) {
  const auto empty = page_of(sections::optimum, made("flow", kPlane, {"steps=2"}), points());
  EXPECT_EQ(empty.find("discriminator"), std::string::npos);
  const ExampleSpec line{Modality::kVector, {1}, {}, {}};
  auto run = made("gan", line,
                  {"generator.hidden=[8]", "discriminator.hidden=[8]",
                   "adversarial_loss=\"wasserstein\"", "gradient_penalty=10"});
  run.recipe.data.source = "2gaussians";
  EXPECT_EQ(
      page_of(sections::optimum, run, toys::vectors(torch::randn({100, 1}))).find("discriminator"),
      std::string::npos);
}

// Axis labels of each plot.
std::vector<std::string> ticks_of_plots(const std::string& page) {
  const std::string tick = " class=\"s v\">";
  std::vector<std::string> out;
  for (auto svg = page.find("<svg"); svg != std::string::npos; svg = page.find("<svg", svg + 1)) {
    out.emplace_back();
    const auto end = page.find("</svg>", svg);
    for (auto at = page.find(tick, svg); at < end; at = page.find(tick, at + 1)) {
      const auto label = at + tick.size();
      out.back() += page.substr(label, page.find('<', label) - label) + " ";
    }
  }
  return out;
}

TEST(AggregatedPosteriorSection, DrawsCodesOfAVaeBesideItsPrior) {
  const auto page =
      page_of(sections::aggregated_posterior,
              made("vae", kPlane, {"likelihood=\"gaussian\"", "coder.hidden=[8]"}), points());
  EXPECT_NE(page.find("The codes beside the prior"), std::string::npos);
  const auto ticks = ticks_of_plots(page);
  ASSERT_EQ(ticks.size(), 2U);
  EXPECT_FALSE(ticks[0].empty());
  EXPECT_EQ(ticks[0], ticks[1]);  // so that they compare
  EXPECT_NE(page.find("Moments of what is drawn above."), std::string::npos);
}

// Codes are the examples themselves, and the prior is standard normal.
class PlainCodes : public toys::ToyModel, public DrawsCodes {
 public:
  explicit PlainCodes(ExampleSpec example) : ToyModel(std::move(example), false) {}
  int64_t code_dim() const override { return ToyModel::code_dim(); }
  Codes draw_prior(Noise& noise) override { return {noise.normal({code_dim()}), {}}; }
  torch::Tensor draw_posterior(const Batch& batch, Noise&) override { return batch.x; }
};

TEST(AggregatedPosteriorSection, DrawsWiderCodesOnTheirMainAxesAndTellsTheirExtremes) {
  torch::manual_seed(3);
  auto x = torch::randn({200, 3}) * torch::tensor({0.5F, 4.0F, 2.0F}) -
           torch::tensor({0.0F, 0.0F, 7.0F});
  x.select(1, 0).add_(-0.2 * x.select(1, 1));
  const auto set = toys::vectors(x);
  const auto page = page_of(sections::aggregated_posterior,
                            toys::run_of(std::make_shared<PlainCodes>(set.spec)), set);
  EXPECT_EQ(count(page, "first main axis"), 2);
  const auto ticks = ticks_of_plots(page);
  ASSERT_EQ(ticks.size(), 2U);
  EXPECT_EQ(ticks[0], ticks[1]);
  const auto wide = x.to(torch::kDouble);
  const auto correlation = torch::corrcoef(wide.t());
  for (const double told :
       {-wide.mean(0)[2].item<double>(), wide.select(1, 0).std().item<double>(),
        wide.select(1, 1).std().item<double>(), -correlation[0][1].item<double>()}) {
    EXPECT_GT(told, 0.5);
    EXPECT_NE(page.find(">" + fixed(told, 3) + "<"), std::string::npos) << told;
  }
}

TEST(AggregatedPosteriorSection, DrawsCodesOfOneNumberAsShares) {
  const auto page =
      page_of(sections::aggregated_posterior,
              made("vae", kPlane, {"likelihood=\"gaussian\"", "latent_dim=1", "coder.hidden=[8]"}),
              points());
  EXPECT_NE(page.find("draws from the prior"), std::string::npos);
  EXPECT_NE(page.find("largest deviation"), std::string::npos);
  EXPECT_EQ(page.find("correlation"), std::string::npos);
}

TEST(AggregatedPosteriorSection, LeavesTheManifoldOfANormalPriorExact) {
  auto run = made("vae", pictures().spec, {"coder.hidden=[8]"});
  const auto said = [&](const char* words) {
    return page_of(sections::latent, run, pictures()).find(words) != std::string::npos;
  };
  EXPECT_TRUE(said("quantile function of the normal distribution"));
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(manifold(*run.model, run.scaling, pictures(), 5),
                           dynamic_cast<Decodes&>(*run.model).decode(manifold_codes(5))));
  // With a layer above, codes are not standard normal.
  run = made("vae", pictures().spec, {"coder.hidden=[8]", "second.latent_dim=2"});
  EXPECT_TRUE(said("equal shares of the prior"));
  run = made("vae_gan", pictures().spec,
             {"latent_dim=2", "coder.hidden=[8]", "discriminator.hidden=[8]"});
  EXPECT_TRUE(said("quantile function of the normal distribution"));
}

// Pictures of two classes, as bright as their attribute says.
Dataset described() {
  auto set = pictures();
  set.spec.classes = {"a", "b"};
  set.label = torch::tensor({0, 1, 0, 1}, torch::kLong);
  set.spec.attributes = {"brightness"};
  set.attributes = set.x.to(torch::kFloat).mean({1, 2, 3}).unsqueeze(1) / 255;
  return set;
}

TEST(ClassGridsSection, DrawsTheManifoldOfEachClassHoweverWideTheCode) {
  const auto set = described();
  for (const char* width : {"latent_dim=2", "latent_dim=5"}) {
    const auto page =
        page_of(sections::class_grids, made("cvae", set.spec, {width, "coder.hidden=[8]"}), set);
    EXPECT_EQ(count(page, "<img"), 3) << width;  // samples, styles, manifolds
    EXPECT_NE(page.find("The manifold of each class"), std::string::npos) << width;
    EXPECT_EQ(page.find("two main axes") != std::string::npos,
              width == std::string("latent_dim=5"));
  }
  EXPECT_EQ(page_of(sections::class_grids, made("vae", set.spec, {"coder.hidden=[8]"}), set)
                .find("Class by class"),
            std::string::npos);
}

TEST(AttributeSweepsSection, TurnsEachAttributeUpAndDown) {
  const auto set = described();
  const auto page =
      page_of(sections::attribute_sweeps,
              made("cvae", set.spec, {"condition=\"attributes\"", "coder.hidden=[8]"}), set);
  EXPECT_NE(page.find("Attributes turned up and down"), std::string::npos);
  EXPECT_NE(page.find("brightness: an example of the validation part"), std::string::npos);
  EXPECT_EQ(count(page, "<img"), 1);
  EXPECT_EQ(page_of(sections::attribute_sweeps,
                    made("cvae", set.spec, {"condition=\"class\"", "coder.hidden=[8]"}), set)
                .find("turned up and down"),
            std::string::npos);
}

TEST(InterpolationSection, GoesBetweenClassesAndAlongCoordinates) {
  const auto page = page_of(sections::interpolation,
                            made("vae", described().spec, {"coder.hidden=[8]"}), described());
  EXPECT_NE(page.find("From one example to another"), std::string::npos);
  EXPECT_NE(page.find("of different classes where there are any"), std::string::npos);
  EXPECT_NE(page.find("one coordinate a row"), std::string::npos);
  EXPECT_EQ(count(page, "<img"), 2);
  // What does not encode goes between draws of its prior.
  const auto drawn =
      page_of(sections::interpolation,
              made("gan", pictures().spec, {"generator.hidden=[8]", "discriminator.hidden=[8]"}),
              pictures());
  EXPECT_NE(drawn.find("Ways between codes"), std::string::npos);
  EXPECT_EQ(count(drawn, "<img"), 1);
}

}  // namespace
}  // namespace figment
