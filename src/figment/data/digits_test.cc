// The built-in digits: a function of seed and index, balanced, smooth, centred, of any size.
#include "figment/data/digits.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "figment/core/error.h"
#include "figment/data/digit_strokes.h"

namespace figment {
namespace {

Source make(std::uint64_t seed, int64_t n_train, int64_t n_test = 0, int64_t size = 28) {
  DigitsOptions options;
  options.seed = seed;
  options.image_size = size;
  options.n_train = n_train;
  options.n_test = n_test;
  return digits(options);
}

TEST(Digits, SayWhatTheyAre) {
  const auto source = make(0, 20, 10);
  EXPECT_EQ(source.train.spec.text(), "image 1x28x28, 10 classes");
  EXPECT_EQ(source.train.x.sizes(), (std::vector<int64_t>{20, 1, 28, 28}));
  EXPECT_EQ(source.train.x.scalar_type(), torch::kUInt8);
  EXPECT_EQ(source.test->x.size(0), 10);
  EXPECT_FALSE(make(0, 20).test.has_value());
}

TEST(Digits, AreAFunctionOfSeedAndIndex) {
  const auto few = make(3, 617, 50), many = make(3, 1500, 70);
  EXPECT_TRUE(torch::equal(few.train.x, many.train.x.slice(0, 0, 617)));
  EXPECT_TRUE(torch::equal(few.train.label, many.train.label.slice(0, 0, 617)));
  EXPECT_TRUE(torch::equal(few.test->x, many.test->x.slice(0, 0, 50)));
  const auto other = make(4, 617);
  EXPECT_FALSE(torch::equal(few.train.x, other.train.x));
  EXPECT_FALSE(torch::equal(few.train.label, other.train.label));
}

TEST(Digits, DoNotDependOnTheNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = make(5, 2003);
  for (const int threads : {2, 3, 7}) {
    at::set_num_threads(threads);
    const auto more = make(5, 2003);
    EXPECT_TRUE(torch::equal(one.train.x, more.train.x)) << threads;
    EXPECT_TRUE(torch::equal(one.train.label, more.train.label)) << threads;
  }
  at::set_num_threads(before);
}

TEST(Digits, TestSetSharesNoPictureWithTheTrainingSet) {
  const auto source = make(6, 1000, 1000);
  const auto train = source.train.x.flatten(1).to(torch::kFloat32);
  const auto test = source.test->x.flatten(1).to(torch::kFloat32);
  const auto nearest = std::get<0>(torch::cdist(test, train).min(1));  // [1000]
  EXPECT_GT(nearest.min().item<float>(), 100);                         // of 255 a pixel
  EXPECT_FALSE(torch::equal(source.train.label, source.test->label));
}

TEST(Digits, AreBalancedAndShuffled) {
  const auto label = make(7, 5000).train.label;
  EXPECT_TRUE(torch::equal(torch::bincount(label), torch::full({10}, 500, torch::kInt64)));
  // In the order of the blocks of ten, every digit comes about equally often at every place.
  const auto first = torch::bincount(label.view({500, 10}).select(1, 0), {}, 10);
  EXPECT_GT(first.min().item<int64_t>(), 20);
  EXPECT_LT(first.max().item<int64_t>(), 85);
}

TEST(Digits, AreInkOnPaperWithSmoothEdges) {
  const auto x = make(8, 2000).train.x;
  const auto grey = ((x > 20) & (x < 235)).to(torch::kFloat64).mean().item<double>();
  const auto ink = (x >= 235).to(torch::kFloat64).mean().item<double>();
  const auto paper = (x == 0).to(torch::kFloat64).mean().item<double>();
  EXPECT_GT(grey, 0.05);
  EXPECT_GT(ink, 0.05);
  EXPECT_GT(paper, 0.7);
  EXPECT_EQ(x.max().item<int>(), 255);
  // MNIST: mean 0.1307, deviation 0.3081.
  const auto level = x.to(torch::kFloat64) / 255;
  EXPECT_NEAR(level.mean().item<double>(), 0.131, 0.02);
  EXPECT_NEAR(level.std().item<double>(), 0.308, 0.02);
}

TEST(Digits, AreCentredAndFitTheirBoxAtEverySize) {
  for (const int64_t size : {8, 16, 28, 32, 64}) {
    const auto x = make(9, 300, 0, size).train.x.squeeze(1).to(torch::kFloat64);  // [300, s, s]
    const auto mass = x.sum({1, 2});
    const auto place = torch::arange(size, torch::kFloat64);
    const auto column = (x.sum(1) * place).sum(1) / mass, row = (x.sum(2) * place).sum(1) / mass;
    const double middle = static_cast<double>(size - 1) / 2, zoom = static_cast<double>(size) / 28;
    EXPECT_LT((column - middle).abs().max().item<double>(), 1.2 * zoom + 0.25) << size;
    EXPECT_LT((row - middle).abs().max().item<double>(), 1.2 * zoom + 0.25) << size;
    EXPECT_LT((column - middle).abs().mean().item<double>(), 0.3 * zoom) << size;
    EXPECT_GT((mass / (255.0 * static_cast<double>(size * size))).min().item<double>(), 0.015)
        << size;
    // The longer side of the ink is 20/28 of the picture, and its soft edge.
    const auto longer = torch::max((x.amax(1) > 64).sum(1), (x.amax(2) > 64).sum(1));
    EXPECT_LE(longer.max().item<double>(), 20 * zoom + 2) << size;
    EXPECT_GE(longer.min().item<double>(), 17 * zoom - 2) << size;
  }
}

TEST(Digits, OfOneKindDiffer) {
  const auto set = make(10, 1000).train;
  for (int digit = 0; digit < 10; ++digit) {
    const auto x = set.x.index({set.label == digit}).flatten(1).to(torch::kFloat32);
    EXPECT_GT(torch::pdist(x).min().item<float>(), 100) << digit;
  }
}

// A class is told from the others by its mean picture alone far better than by chance.
TEST(Digits, OfOneKindAreAlike) {
  const auto source = make(11, 3000, 1000);
  const auto train = source.train.x.flatten(1).to(torch::kFloat32);
  std::vector<torch::Tensor> means;
  means.reserve(10);
  for (int digit = 0; digit < 10; ++digit)
    means.push_back(train.index({source.train.label == digit}).mean(0));
  const auto test = source.test->x.flatten(1).to(torch::kFloat32);
  const auto guess = torch::cdist(test, torch::stack(means)).argmin(1);
  EXPECT_GT((guess == source.test->label).to(torch::kFloat64).mean().item<double>(), 0.65);
}

TEST(Digits, AreMadeInSeconds) {
  const auto start = std::chrono::steady_clock::now();
  const auto source = make(12, 6000, 1000);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("7,000 digits in %.2f s on %d threads\n", elapsed.count(), at::get_num_threads());
  EXPECT_LT(elapsed.count(), 10);  // a busy machine is slow; only a wrong algorithm is this slow
}

TEST(Digits, RefuseOptionsOutOfRange) {
  const auto refused = [](int64_t n_train, int64_t n_test, int64_t size, const std::string& key) {
    try {
      make(0, n_train, n_test, size);
      ADD_FAILURE() << key << " was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kConfig);
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  };
  refused(10, 0, 7, "image_size");
  refused(10, 0, 1025, "image_size");
  refused(0, 0, 28, "n_train");
  refused(10, -1, 28, "n_test");
  refused(int64_t{1} << 60, 0, 28, "n_train");
}

TEST(DigitStrokes, EveryStyleIsNearTheUnitBox) {
  for (int digit = 0; digit < 10; ++digit) {
    double total = 0;
    for (const auto& style : digit_styles(digit)) {
      total += style.weight;
      EXPECT_GT(style.weight, 0);
      EXPECT_FALSE(style.strokes.empty());
      for (const auto& stroke : style.strokes) {
        EXPECT_GE(stroke.size(), 3U);
        for (const auto& p : stroke) {
          EXPECT_NEAR(p.x, 0.5, 0.75);
          EXPECT_NEAR(p.y, 0.5, 0.55);
        }
      }
    }
    EXPECT_GT(total, 0);
  }
}

TEST(DigitStrokes, CurvesPassThroughTheirPointsAndTurnAtCorners) {
  const Stroke line = smooth_curve({{0, 0}, {1, 0}, {1, 0}, {1, 2}}, 4);
  ASSERT_EQ(line.size(), 9U);
  for (std::size_t i = 0; i <= 4; ++i) {
    EXPECT_NEAR(line[i].x, 0.25 * static_cast<double>(i), 1e-12);
    EXPECT_NEAR(line[i].y, 0, 1e-12);
    EXPECT_NEAR(line[4 + i].x, 1, 1e-12);
    EXPECT_NEAR(line[4 + i].y, 0.5 * static_cast<double>(i), 1e-12);
  }
  const Stroke bow = smooth_curve({{0, 0}, {1, 1}, {2, 0}}, 10);
  EXPECT_NEAR(bow[10].x, 1, 1e-12);
  EXPECT_NEAR(bow[10].y, 1, 1e-12);
  // Smooth at the middle: the slope before is the slope after.
  EXPECT_NEAR(bow[10].y - bow[9].y, -(bow[11].y - bow[10].y), 0.02);
  EXPECT_TRUE(smooth_curve({}, 3).empty());
  EXPECT_EQ(smooth_curve({{1, 2}}, 3).size(), 1U);
}

}  // namespace
}  // namespace figment
