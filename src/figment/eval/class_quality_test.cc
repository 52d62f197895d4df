// What a classifier says of samples, copies of training examples, and intervals.
#include "figment/eval/class_quality.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/eval/memorisation.h"
#include "figment/eval/sample_quality.h"
#include "golden/golden.h"

namespace figment {
namespace {

double of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

// Sure of class `label`, [n, classes].
torch::Tensor sure_of(const torch::Tensor& label, int64_t classes) {
  const auto logits = torch::zeros({label.size(0), classes}).scatter_(1, label.unsqueeze(1), 20.0);
  return logits.log_softmax(1);
}

TEST(InceptionScore, AgreesWithNumPy) {
  const auto one = golden("sample_quality")["inception"];
  const auto log_p = torch::tensor(flat<double>(one["p"]), torch::kDouble).view({12, 4}).log();
  EXPECT_NEAR(inception_score(log_p), one["score"], 1e-12);
  const auto ends = inception_interval(log_p);
  EXPECT_LT(ends.first, one["score"].get<double>());
  EXPECT_GT(ends.second, one["score"].get<double>());
}

TEST(InceptionScore, RangesFromOneToTheNumberOfClasses) {
  const auto label = torch::arange(100, torch::kLong).remainder(5);
  EXPECT_NEAR(inception_score(sure_of(label, 5)), 5, 1e-3);
  EXPECT_NEAR(inception_score(sure_of(torch::zeros_like(label), 5)), 1, 1e-6);
  EXPECT_NEAR(inception_score(torch::full({7, 5}, -std::log(5.0))), 1, 1e-6);
  // A class that cannot be: 0 log 0 is 0.
  const auto ends = torch::eye(2).log();
  EXPECT_NEAR(inception_score(ends), 2, 1e-9);
}

TEST(ClassBalance, FindsAPlantedCollapse) {
  const auto everything = torch::arange(1000, torch::kLong).remainder(10);
  const auto expected = class_shares(sure_of(everything, 10));
  const auto whole = class_balance(sure_of(everything, 10), expected);
  EXPECT_EQ(whole.present, 10);
  EXPECT_EQ(whole.found, 10);
  EXPECT_NEAR(whole.total_variation, 0, 1e-12);
  // Three modes are left, and of a fourth 5 of the 100 that would be its share.
  auto collapsed = torch::arange(1000, torch::kLong).remainder(3);
  collapsed.narrow(0, 0, 5).fill_(7);
  const auto found = class_balance(sure_of(collapsed, 10), expected);
  EXPECT_EQ(found.found, 3);
  EXPECT_NEAR(found.total_variation, 0.7 - 0.005, 1e-12);
  EXPECT_LE(found.found_interval.first, 3);
  EXPECT_GE(found.found_interval.second, 3);
  EXPECT_LT(found.total_variation_interval.second, 0.75);
  EXPECT_GT(found.total_variation_interval.first, 0.6);
}

TEST(MeanInterval, HoldsTheTruthNineteenTimesInTwenty) {
  torch::manual_seed(1);
  int held = 0;
  for (int i = 0; i < 100; ++i) {
    const auto ends = mean_interval((torch::rand({120}) < 0.3).to(torch::kDouble));
    held += ends.first <= 0.3 && 0.3 <= ends.second ? 1 : 0;
  }
  EXPECT_GE(held, 86);
  EXPECT_LE(held, 99);
}

TEST(Memorisation, FindsPlantedCopies) {
  torch::manual_seed(2);
  const auto training = torch::randn({500, 20}), fresh = torch::randn({200, 20});
  auto samples = torch::randn({200, 20});
  samples.narrow(0, 0, 60).copy_(training.narrow(0, 100, 60) + 0.02 * torch::randn({60, 20}));
  Measured out;
  judge_copies({training}, {samples}, {fresh}, {}, out);
  EXPECT_DOUBLE_EQ(of(out.metrics, "memorised"), 0.3);
  EXPECT_DOUBLE_EQ(of(out.baselines, "real_memorised"), 0);
  ASSERT_FALSE(out.intervals.empty());
  EXPECT_LT(out.intervals[0].second.first, 0.3);
  EXPECT_GT(out.intervals[0].second.second, 0.3);
  EXPECT_LT(out.intervals[0].second.second, 0.4);
  // What is blurred lies near to all, and is no copy.
  Measured blurred;
  judge_copies({training}, {0.1 * samples.narrow(0, 60, 140)}, {fresh}, {}, blurred);
  EXPECT_DOUBLE_EQ(of(blurred.metrics, "memorised"), 0);
  EXPECT_LT(of(blurred.metrics, "nearest_ratio"), 0.9);
}

TEST(Memorisation, FindsACopyOfWhatIsThereTwice) {
  torch::manual_seed(3);
  auto training = torch::randn({50, 40});
  training[7].copy_(training[8]);
  const auto found = nearest_training({training}, {training.narrow(0, 7, 1)});
  EXPECT_EQ(found.distance.item<float>(), 0);
  EXPECT_EQ(copies(found).item<double>(), 1);
  // Against itself no example is its own copy, but those two are each other's.
  EXPECT_EQ(
      copies(nearest_training({training}, {training}, torch::arange(50))).sum().item<double>(), 2);
}

// However the examples are held: as numbers, or as bytes of which a few rows are made numbers.
TEST(Memorisation, HoldsTheNumbersOfAFewExamplesAtATime) {
  torch::manual_seed(4);
  // Wide enough that 8 million numbers are 40 rows.
  const auto x = torch::randint(0, 256, {150, 200'000}, torch::kUInt8);
  int64_t most = 0;
  const Numbers numbers = [&](const torch::Tensor& rows) {
    most = std::max(most, rows.size(0));
    // Of which 30 count, so that the test is quick.
    return rows.narrow(1, 0, 30).to(torch::kFloat);
  };
  const auto training = torch::arange(140, torch::kLong).flip(0);
  const auto own = torch::tensor({3, 77, 139}, torch::kLong);
  const auto queries = training.index_select(0, own);
  const auto held = nearest_training({x, training, numbers}, {x, queries, numbers}, own);
  EXPECT_LE(most, (int64_t{1} << 23) / 200'000);
  // All pairs at once, itself left out.
  const auto all = x.narrow(1, 0, 30).to(torch::kDouble);
  const auto apart =
      torch::cdist(all.index_select(0, queries), all.index_select(0, training)).topk(7, 1, false);
  const auto others = std::get<0>(apart).narrow(1, 1, 6);
  EXPECT_TRUE(torch::allclose(held.distance.to(torch::kDouble), others.select(1, 0), 1e-5));
  EXPECT_TRUE(torch::allclose(held.ratio.to(torch::kDouble),
                              others.select(1, 0) / others.narrow(1, 1, 5).mean(1), 1e-5));
}

TEST(LabelAgreement, KnowsClassesByTheirNames) {
  const auto asked = torch::tensor({0, 1, 2, 0}, torch::kLong);
  // The classifier has them in another order, and one more.
  const std::vector<std::string> known = {"cat", "fox", "ant", "bee"};
  const auto seen = sure_of(torch::tensor({2, 3, 0, 3}, torch::kLong), 4);  // ant bee cat bee
  Measured out;
  ASSERT_TRUE(judge_labels(seen, known, asked, {"ant", "bee", "cat"}, out));
  EXPECT_DOUBLE_EQ(of(out.metrics, "label_agreement"), 0.75);
  EXPECT_FALSE(judge_labels(seen, known, asked, {"ant", "bee", "cow"}, out));
}

TEST(Judges, SayOfHowManyExamplesEachNumberIs) {
  torch::manual_seed(5);
  const auto log_p = torch::randn({40, 3}).log_softmax(1);
  const Evidence judged{torch::randn({40, 4}), log_p},
      real{torch::randn({30, 4}), log_p.narrow(0, 0, 30)};
  Measured out;
  for (const auto judge :
       {&judge_fid, &judge_kid, &judge_prdc, &judge_modes, &judge_inception_score})
    judge(judged, real, true, out);
  judge_copies({real.features}, {judged.features.narrow(0, 0, 9)}, {judged.features}, {}, out);
  ASSERT_EQ(out.counts.size(), out.metrics.size());
  for (std::size_t i = 0; i < out.metrics.size(); ++i) {
    const auto& [name, counts] = out.counts[i];
    EXPECT_EQ(name, out.metrics[i].first);
    const bool of_copies = name == "memorised" || name == "nearest_ratio";
    EXPECT_EQ(counts.samples, of_copies ? 9 : 40) << name;
    EXPECT_EQ(counts.reference, 30) << name;
  }
}

TEST(Judges, RefuseTooFewExamplesAndNoClassifier) {
  Measured out;
  const Evidence one{torch::zeros({1, 3}), {}}, five{torch::randn({5, 3}), {}};
  const auto refused = [&](Judge judge, const Evidence& judged, const char* words) {
    try {
      judge(judged, five, true, out);
      ADD_FAILURE() << "went unnoticed: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kData);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  refused(&judge_fid, one, "expected 2 examples");
  refused(&judge_kid, one, "expected 4 examples");
  refused(&judge_prdc, five, "expected 6 examples");
  refused(&judge_modes, five, "--features");
  refused(&judge_inception_score, five, "--features");
  EXPECT_THROW(judge_copies({torch::zeros({1, 3})}, {five.features}, {five.features}, {}, out),
               Error);
}

TEST(Reading, SaysBetweenWhichSetsAValueLies) {
  const std::vector<std::pair<std::string, double>> known = {{"worse", 0.9}, {"real", 0.1}};
  EXPECT_EQ(reading_of("fid", 0.5, known), "fid 0.5 lies between real (0.1) and worse (0.9)");
  EXPECT_EQ(reading_of("fid", 0.05, known),
            "fid 0.05 lies below all that is shown, the least being real (0.1)");
  EXPECT_EQ(reading_of("fid", 2, known),
            "fid 2 lies above all that is shown, the most being worse (0.9)");
}

}  // namespace
}  // namespace figment
