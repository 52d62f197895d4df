// Sections of the report of models that learn against a discriminator, each asked for alone.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "figment/apply/section_page_test.h"
#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/data/image_codec.h"
#include "figment/data/toy.h"
#include "figment/model/discriminates.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment {
namespace sections {
extern const Section curves, film, game, js_course, optimum, optimum_by_class, saturation;
}
namespace {

// The log-density of normals of deviation 1/2, at x [n].
torch::Tensor log_normal(const torch::Tensor& x, const torch::Tensor& mean) {
  return -2 * (x - mean).square() - std::log(0.5 * std::sqrt(2 * M_PI));
}

// Makes of 2gaussians the left mode alone; told the class, either mode, but a deviation too far to
// the right. Its discriminator is the best one there is.
class BestPlayer : public Model, public Samples, public Discriminates {
 public:
  BestPlayer(ExampleSpec example, AdversarialLoss played, bool told)
      : Model(std::move(example)), played_(played), told_(told) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  bool knows_classes() const override { return told_; }
  torch::Tensor sample(const SampleRequest& request) override {
    const auto noise = 0.5 * request.noise->normal({1});
    if (!request.label.defined()) return noise - 2;
    return noise + (4 * request.label.to(torch::kFloat) - 1.5).unsqueeze(1);
  }
  AdversarialLoss game() const override { return played_; }
  torch::Tensor scores(const Batch& batch) override {
    const auto points = batch.x.to(torch::kDouble);
    const auto x = points.select(1, 0);
    torch::Tensor odds;
    if (told_) {
      const auto mean = 4 * batch.label.to(torch::kDouble) - 2;
      odds = log_normal(x, mean) - log_normal(x, mean + 0.5);
    } else {
      odds = *toy_log_density("2gaussians", points) - log_normal(x, torch::full_like(x, -2));
    }
    return played_ == AdversarialLoss::kLeastSquares ? torch::sigmoid(odds) : odds;
  }

 private:
  AdversarialLoss played_;
  bool told_;
};

Dataset set_of(const char* source) { return toy_points(source, 0, 0, 2000); }

LoadedRun best_player(AdversarialLoss game, bool told = false) {
  auto run = toys::run_of(std::make_shared<BestPlayer>(set_of("2gaussians").spec, game, told));
  run.recipe.data.source = "2gaussians";
  return run;
}

LoadedRun gan_of(const char* source, std::vector<std::string> settings = {}) {
  settings.insert(settings.end(),
                  {"latent_dim=2", "generator.hidden=[8]", "discriminator.hidden=[8]"});
  auto run = toys::made("gan", set_of(source).spec, settings);
  run.recipe.data.source = source;
  return run;
}

std::string section_in(const std::filesystem::path& folder, const Section& section,
                       const LoadedRun& run, const Dataset& set) {
  torch::NoGradGuard no_grad;
  const Splits data{set, set, set};
  const std::string part = "validation";
  HtmlPage page("title", "verdict");
  ReportContext context{folder, run, data, data.validation, part, page};
  section.write(context);
  return page.finish();
}

bool says(const std::string& page, const std::string& words) {
  return page.find(words) != std::string::npos;
}

// The number that follows the first of these words.
double number_after(const std::string& page, const std::string& words) {
  const auto at = page.find(words);
  EXPECT_NE(at, std::string::npos) << words;
  return at == std::string::npos ? NAN : std::stod(page.substr(at + words.size(), 20));
}

// Of one of two modes that do not overlap the divergence is 3/4 log(4/3).
TEST(OptimumSection, TellsTheValueOfTheGame) {
  const auto page = toys::page_of(sections::optimum, best_player(AdversarialLoss::kNonSaturating),
                                  set_of("2gaussians"));
  const double divergence = 0.75 * std::log(4.0 / 3);
  EXPECT_NEAR(number_after(page, "made examples are "), divergence, 0.005);
  EXPECT_NEAR(number_after(page, "plus twice that, "), -std::log(4) + 2 * divergence, 0.005);
  EXPECT_NEAR(number_after(page, "the learned one reaches "), -std::log(4) + 2 * divergence, 0.05);
  EXPECT_LT(number_after(page, "the two discriminators differ by "), 0.02);
  EXPECT_EQ(toys::count(page, "<svg"), 2);
}

// Of the same modes D* is 1/3 on the left, 1 on the right, and its loss 1/2 of 1/3.
TEST(OptimumSection, HoldsTheScoresOfLeastSquaresAgainstTheSame) {
  const auto page = toys::page_of(sections::optimum, best_player(AdversarialLoss::kLeastSquares),
                                  set_of("2gaussians"));
  EXPECT_NEAR(number_after(page, "integral of p q / (p + q), "), 1.0 / 6, 0.003);
  EXPECT_NEAR(number_after(page, "the learned one has "), 1.0 / 6, 0.02);
  EXPECT_LT(number_after(page, "the two discriminators differ by "), 0.02);
  EXPECT_FALSE(says(page, "-log 4"));
  EXPECT_EQ(toys::count(page, "<svg"), 2);
  const auto map = toys::page_of(
      sections::optimum, gan_of("moons", {"adversarial_loss=\"least_squares\""}), set_of("moons"));
  EXPECT_TRUE(says(map, "which are to be the probability that x is a true example"));
}

TEST(OptimumSection, DrawsBothOverAPlane) {
  const auto page = toys::page_of(sections::optimum, gan_of("8gaussians"), set_of("8gaussians"));
  EXPECT_EQ(toys::count(page, "<img"), 4);
  const double divergence = number_after(page, "made examples are ");
  EXPECT_NEAR(number_after(page, "plus twice that, "), -std::log(4) + 2 * divergence, 0.003);
}

// What is asked for the class is not told it.
TEST(OptimumSection, JudgesAnAuxiliaryClassifierWithoutClasses) {
  const auto run = gan_of("2gaussians", {"condition=\"auxiliary\""});
  EXPECT_EQ(toys::count(toys::page_of(sections::optimum, run, set_of("2gaussians")), "<svg"), 2);
  EXPECT_FALSE(says(toys::page_of(sections::optimum_by_class, run, set_of("2gaussians")),
                    "given the class"));
}

// Two normals that are a deviation apart: their divergence by quadrature.
TEST(OptimumByClassSection, DrawsTheBestOfEachClass) {
  const auto run = best_player(AdversarialLoss::kNonSaturating, true);
  const auto page = toys::page_of(sections::optimum_by_class, run, set_of("2gaussians"));
  EXPECT_EQ(toys::count(page, "<svg"), 2);
  for (const std::string name : {"gaussian 0", "gaussian 1"}) {
    const auto own = page.substr(std::min(page.size(), page.find("class " + name + ": ")));
    EXPECT_NEAR(number_after(own, "class " + name + ": "), 0.1114, 0.006);
    EXPECT_LT(number_after(own, "the two discriminators differ by "), 0.03);
  }
  EXPECT_FALSE(says(toys::page_of(sections::optimum, run, set_of("2gaussians")), "best"));
}

TEST(OptimumByClassSection, DrawsFourClassesAtMost) {
  const auto page =
      toys::page_of(sections::optimum_by_class, gan_of("8gaussians", {"condition=\"projection\""}),
                    set_of("8gaussians"));
  EXPECT_EQ(toys::count(page, "<img"), 8);
  EXPECT_TRUE(says(page, "the first 4 of 8 classes"));
}

TEST(OptimumByClassSection, DrawsScoresWhereThereIsNoBest) {
  const auto page =
      toys::page_of(sections::optimum_by_class,
                    gan_of("moons", {"condition=\"concatenation\"",
                                     "adversarial_loss=\"wasserstein\"", "gradient_penalty=10"}),
                    set_of("moons"));
  EXPECT_EQ(toys::count(page, "<img"), 2);
  EXPECT_TRUE(says(page, "Given the class moon 1, "));
  EXPECT_FALSE(says(page, "best"));
}

// Lines of metrics.jsonl, at steps 10, 20, ...
void write_metrics(const std::filesystem::path& folder, const std::vector<std::string>& lines) {
  std::ofstream file(folder / "metrics.jsonl");
  for (std::size_t i = 0; i < lines.size(); ++i)
    file << "{\"step\":" << 10 * (i + 1) << "," << lines[i] << "}\n";
}

TEST(JsCourseSection, DrawsWhatWasMeasuredBesideWhatWasKnown) {
  const testing::ScratchFolder folder(testing::in_memory());
  const std::string line =
      "\"validation/discriminator_loss\":1.0,\"validation/js_divergence\":0.25";
  const auto drawn = [&](AdversarialLoss game) {
    return section_in(folder.path(), sections::js_course, best_player(game), set_of("2gaussians"));
  };
  write_metrics(folder.path(), {line});
  EXPECT_FALSE(says(drawn(AdversarialLoss::kMinimax), "<svg"));
  write_metrics(folder.path(), {line, line});
  const auto page = drawn(AdversarialLoss::kMinimax);
  EXPECT_TRUE(says(page, "measured: 0.25 at 10"));
  EXPECT_TRUE(says(page, "(log 4 - loss of the discriminator) / 2: 0.19315 at 20"));
  // Other losses bound no such divergence.
  const auto other = drawn(AdversarialLoss::kLeastSquares);
  EXPECT_TRUE(says(other, "measured: 0.25 at 10"));
  EXPECT_FALSE(says(other, "log 4"));
}

TEST(CurvesSection, DrawsBothSidesTogetherAndNothingTwice) {
  const testing::ScratchFolder folder(testing::in_memory());
  std::vector<std::string> lines;
  for (const std::string part : {"train", "validation", "validation"}) {
    std::string line;
    for (const char* name : {"discriminator_loss", "generator_loss", "true_score", "made_score"})
      line += "\"" + part + "/" + name + "\":0.4,";
    lines.push_back(line + "\"" + part + "/js_divergence\":0.1");
  }
  lines[0].replace(lines[0].rfind("js_divergence"), 13, "r1");
  write_metrics(folder.path(), lines);
  const auto page = section_in(folder.path(), sections::curves,
                               best_player(AdversarialLoss::kMinimax), set_of("2gaussians"));
  EXPECT_EQ(toys::count(page, "<svg"), 3);
  for (const char* words :
       {"aria-label=\"Losses of both sides\"", "generator_loss, validation",
        "knowing nothing: 1.39", "aria-label=\"D on true and on made examples\"",
        "made_score, train", ">1/2<", "aria-label=\"r1\""})
    EXPECT_TRUE(says(page, words)) << words;
  // Where scores are no probabilities, nothing is to come to 1/2.
  const auto hinge = section_in(folder.path(), sections::curves,
                                best_player(AdversarialLoss::kHinge), set_of("2gaussians"));
  EXPECT_TRUE(says(hinge, "aria-label=\"Score of true and of made examples\""));
  EXPECT_FALSE(says(hinge, ">1/2<"));
}

TEST(CurvesSection, DrawsAGameOfErrors) {
  const testing::ScratchFolder folder(testing::in_memory());
  const std::string line =
      "\"train/convergence\":0.3,\"train/true_error\":0.2,\"train/made_error\":0.1,"
      "\"train/balance\":0.01";
  write_metrics(folder.path(), {line, line});
  const auto set = toys::vectors(torch::zeros({2, 1}));
  const auto page =
      section_in(folder.path(), sections::curves,
                 toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false)), set);
  EXPECT_EQ(toys::count(page, "<svg"), 2);
  EXPECT_TRUE(says(page, "aria-label=\"Both errors, and the convergence\""));
  EXPECT_TRUE(says(page, "aria-label=\"k, the weight of made examples\""));
}

TEST(SaturationSection, MarksWhatIsFlat) {
  const auto page = toys::page_of(sections::saturation, best_player(AdversarialLoss::kMinimax),
                                  set_of("2gaussians"));
  EXPECT_EQ(toys::count(page, "<svg"), 4);
  for (const char* words : {">minimax, flat on the left<", ">non_saturating, flat on the right<",
                            ">squares of D, flat at both ends<", ">least_squares<", ">wasserstein<",
                            ">hinge, flat on the left<", "This run plays minimax."})
    EXPECT_TRUE(says(page, words)) << words;
  EXPECT_FALSE(says(page, "least_squares, flat"));
}

TEST(GameSection, TellsHowItStands) {
  const auto page =
      toys::page_of(sections::game, best_player(AdversarialLoss::kMinimax), set_of("2gaussians"));
  EXPECT_TRUE(says(page, "The game of generator and discriminator"));
  EXPECT_TRUE(says(page, "On the validation part and made examples the discriminator has "));
}

TEST(GameSection, DrawsTheSharesOfTheClasses) {
  auto set = set_of("2gaussians");
  // One of two modes is made: three classes of four are missing.
  set.spec.classes = {"left", "right", "right too", "and right"};
  set.label = torch::where(set.x.select(1, 0) < 0, torch::zeros({set.size()}, torch::kLong),
                           1 + torch::arange(set.size()).remainder(3));
  const auto run = toys::run_of(
      std::make_shared<BestPlayer>(set.spec, AdversarialLoss::kMinimax, /*told=*/false));
  const auto page = toys::page_of(sections::game, run, set);
  EXPECT_TRUE(says(page, "of 3 of 4 classes (&#39;right&#39;, ")) << page;
  EXPECT_TRUE(says(page, "Classes of made examples"));
  EXPECT_TRUE(says(page, "Classes of true examples"));
  EXPECT_EQ(toys::count(page, "<svg"), 2);
}

// It has an autoencoder in place of a discriminator of examples.
TEST(GameSection, IsThereForEveryGame) {
  const auto set = set_of("moons");
  const auto run =
      toys::made("began", set.spec, {"latent_dim=2", "generator.hidden=[8]", "encoder.hidden=[8]"});
  const auto page = toys::page_of(sections::game, run, set);
  EXPECT_TRUE(says(page, "times as far from one another as true ones"));
  EXPECT_FALSE(says(page, "the discriminator has"));
}

TEST(AdversarialSections, AreSilentWithoutADiscriminator) {
  const auto set = set_of("2gaussians");
  auto run = toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false));
  run.recipe.data.source = "2gaussians";
  for (const auto* section : {&sections::optimum, &sections::optimum_by_class, &sections::js_course,
                              &sections::saturation, &sections::game})
    EXPECT_FALSE(says(toys::page_of(*section, run, set), "<h2"));
}

TEST(FilmSection, EndsInTheNearestTrainingImages) {
  const testing::ScratchFolder folder(testing::in_memory());
  torch::manual_seed(4);
  const auto drawn = [](int64_t n) { return torch::randint(0, 256, {n, 1, 8, 8}, torch::kByte); };
  const auto near = [](const torch::Tensor& images) {
    auto out = images.clone();
    out.narrow(2, 3, 1).narrow(3, 3, 1).bitwise_xor_(1);  // one pixel by one
    return out;
  };
  const auto first = drawn(8), last = drawn(8);
  const auto write_sheet = [&](const char* step, const torch::Tensor& images) {
    const auto place = folder / "samples" / step;
    std::filesystem::create_directories(place);
    write_durably(place / "samples.png", encode_png(image_grid(images)));
  };
  write_sheet("step_00000005", first);
  write_sheet("step_00000020", last);
  Dataset set;
  set.name = "pictures";
  set.spec = {Modality::kImage, {1, 8, 8}, {}, {}};
  set.x = torch::cat({near(first), drawn(20), near(last).flip(0)});
  const auto page =
      section_in(folder.path(), sections::film,
                 toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false)), set);
  EXPECT_TRUE(says(page, "from step 5 to step 20;"));
  GridOptions grid;
  grid.columns = 4;
  const auto wanted = torch::stack({first, last, torch::full_like(last, 255), near(last)}, 1);
  EXPECT_TRUE(says(page, base64(encode_png(image_grid(wanted.flatten(0, 1), grid)))));
}

}  // namespace
}  // namespace figment
