#include "figment/apply/arithmetic.h"

#include <gtest/gtest.h>

#include "figment/apply/toy_run_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

using Kind = ArithmeticTerm::Kind;
using toys::run_of;
using toys::ToyModel;
using toys::ToyTold;
using toys::vectors;

std::string read(const std::string& text) {
  std::string out;
  for (const auto& term : parse_arithmetic(text)) out += (out.empty() ? "" : " ") + term.text();
  return out;
}

TEST(Arithmetic, ReadsSums) {
  EXPECT_EQ(read("12 - 7 + 40"), "+ 12 - 7 + 40");
  EXPECT_EQ(read("12-7+40"), "+ 12 - 7 + 40");
  EXPECT_EQ(read("  -3"), "- 3");
  EXPECT_EQ(read("class:3 - class:8 + 5"), "+ class:3 - class:8 + 5");
  EXPECT_EQ(read("slant:high - slant:low + 12"), "+ slant:high - slant:low + 12");
  EXPECT_EQ(read("0.5*12 + .5 * class:t-shirt"), "+ 0.5 * 12 + 0.5 * class:t-shirt");
  EXPECT_EQ(read("class:\"ankle boot\" - 2 * 1"), "+ class:ankle boot - 2 * 1");
  EXPECT_EQ(read("\"line width\":low + 1"), "+ line width:low + 1");
  const auto terms = parse_arithmetic("2*class:7 - thickness:low");
  ASSERT_EQ(terms.size(), 2U);
  EXPECT_EQ(terms[0].kind, Kind::kClass);
  EXPECT_EQ(terms[0].name, "7");
  EXPECT_EQ(terms[0].factor, 2);
  EXPECT_EQ(terms[1].kind, Kind::kAttribute);
  EXPECT_FALSE(terms[1].high);
  EXPECT_EQ(terms[1].factor, -1);
}

TEST(Arithmetic, SaysWhereASumIsWrong) {
  const auto wrong = [](const std::string& text, const std::string& says) {
    return refuses([&] { parse_arithmetic(text); }, says, Cause::kConfig);
  };
  EXPECT_TRUE(wrong("", "column 1] expected an index"));
  EXPECT_TRUE(wrong("12 -", "column 5] expected an index, class:NAME, ATTRIBUTE:high"));
  EXPECT_TRUE(wrong("12 7", "column 4] expected + or - before another term, got '7'"));
  EXPECT_TRUE(wrong("12 + + 7", "column 6] expected an index"));
  EXPECT_TRUE(wrong("1.5 + 2", "column 1] expected an index"));
  EXPECT_TRUE(wrong("1.2.3 * 2", "column 1] expected a number before *"));
  EXPECT_TRUE(wrong("slant - 3", "column 1] expected an index"));
  EXPECT_TRUE(wrong("slant:hgih + 3", "column 7] expected high or low after slant:, got 'hgih"));
  EXPECT_TRUE(wrong("3 - class: + 2", "column 11] expected the name of a class"));
  EXPECT_TRUE(wrong("class:\"boot + 2", "column 7] expected a quote at the end"));
  EXPECT_TRUE(wrong("12a + 2", "column 1] expected an index"));
  EXPECT_TRUE(wrong("99999999999999999999", "column 1] expected an index"));
  EXPECT_TRUE(wrong("\xff", "'\\xff'"));
}

struct Sums : ::testing::Test {
  Dataset part = vectors(torch::tensor({{1.0F, 2.0F}, {3.0F, 5.0F}, {7.0F, 0.0F}}));
  Dataset training = [] {
    auto out = vectors(torch::tensor({{0.0F, 0.0F}, {2.0F, 0.0F}, {8.0F, 8.0F}, {8.0F, 6.0F}}),
                       {0, 0, 1, 1}, {"zero", "one"});
    out.spec.attributes = {"size", "odd"};
    out.attributes = torch::tensor({{1.0F, 0.0F}, {2.0F, 1.0F}, {3.0F, 1.0F}, {4.0F, 0.0F}});
    return out;
  }();
  LoadedRun run = run_of(std::make_shared<ToyModel>(part.spec, false));

  Arithmetic sum(const std::string& text) const {
    return calculate(CodeSpace(run, "test"), parse_arithmetic(text), part, training);
  }
};

TEST_F(Sums, AddUpExamplesAndMeans) {
  auto found = sum("1 - 0 + 2");
  EXPECT_TRUE(torch::equal(found.code, torch::tensor({18.0F, 6.0F})));  // codes are doubled
  EXPECT_TRUE(torch::equal(
      found.plain, torch::tensor({{3.0F, 5.0F}, {1.0F, 2.0F}, {7.0F, 0.0F}, {9.0F, 3.0F}})));
  EXPECT_TRUE(torch::allclose(found.decoded, found.plain));
  found = sum("class:one - 0.5 * class:zero");
  EXPECT_TRUE(torch::allclose(found.code, torch::tensor({15.0F, 14.0F})));
  EXPECT_EQ(found.examples, (std::vector<int64_t>{2, 2}));
  // The upper quarter of 1, 2, 3, 4 begins at 3.25; an attribute of yes or no is halved.
  found = sum("size:high - size:low");
  EXPECT_EQ(found.examples, (std::vector<int64_t>{1, 1}));
  EXPECT_TRUE(torch::allclose(found.code, torch::tensor({16.0F, 12.0F})));
  EXPECT_TRUE(torch::allclose(sum("odd:high").code, torch::tensor({10.0F, 8.0F})));
  EXPECT_TRUE(torch::allclose(sum("odd:low").code, torch::tensor({8.0F, 6.0F})));
}

TEST_F(Sums, RefuseWhatIsNotThere) {
  EXPECT_TRUE(refuses([&] { sum("3"); }, "expected examples below 3", Cause::kData));
  EXPECT_TRUE(refuses([&] { sum("class:oen"); }, "did you mean 'one'?", Cause::kConfig));
  EXPECT_TRUE(refuses([&] { sum("szie:low"); }, "did you mean 'size'?", Cause::kConfig));
  training.label = torch::Tensor();
  training.attributes = torch::Tensor();
  EXPECT_TRUE(refuses([&] { sum("class:one"); }, "has none", Cause::kConfig));
  EXPECT_TRUE(refuses([&] { sum("size:low"); }, "has none", Cause::kConfig));
}

TEST_F(Sums, AreDecodedAsTheLastTerm) {
  training.spec.attributes.clear();
  training.attributes = torch::Tensor();
  part.spec.classes = training.spec.classes;
  part.label = torch::tensor({1, 0, 0}, torch::kLong);
  run = run_of(std::make_shared<ToyTold>(part.spec));
  // Decoding under class 1 adds 100.
  const auto found = sum("class:zero - 1 + 0");
  EXPECT_TRUE(torch::allclose(found.decoded - found.plain,
                              torch::tensor({0.0F, 0.0F, 100.0F, 100.0F}).unsqueeze(1)));
}

}  // namespace
}  // namespace figment
