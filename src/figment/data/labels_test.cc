#include "figment/data/labels.h"

#include "figment/data/refuses_test.h"

namespace figment {
namespace {

using Names = std::vector<std::string>;

TEST(Labels, SortsByValueIfAllAreWhole) {
  Names whole = {"10", "9", "-3"}, words = {"10", "9", "b", "B"};
  sort_class_names(whole);
  sort_class_names(words);
  EXPECT_EQ(whole, (Names{"-3", "9", "10"}));
  EXPECT_EQ(words, (Names{"10", "9", "B", "b"}));
}

TEST(Labels, WritesWholeNumbersInOneWay) {
  EXPECT_EQ(canonical_class_name("007"), "7");
  EXPECT_EQ(canonical_class_name("+7.000e+00"), "7");
  EXPECT_EQ(canonical_class_name("7.5"), "7.5");
  EXPECT_EQ(canonical_class_name("7 a"), "7 a");
  EXPECT_EQ(canonical_class_name("1e300"), "1e300");
  EXPECT_EQ(canonical_class_name(""), "");
}

Dataset vectors(int64_t width, const Names& classes, torch::Tensor label) {
  Dataset set;
  set.spec = {Modality::kVector, {width}, classes};
  set.x = torch::zeros({label.defined() ? label.size(0) : 2, width});
  set.label = std::move(label);
  return set;
}

TEST(Labels, RenumbersTheTestSetByName) {
  const auto train = vectors(3, {"a", "b", "c"}, torch::tensor({0, 1, 2}, torch::kLong));
  auto test = vectors(3, {"b", "c"}, torch::tensor({1, 0, 1}, torch::kLong));
  match_test(train, test, "t");
  EXPECT_TRUE(torch::equal(test.label, torch::tensor({2, 1, 2}, torch::kLong)));
  EXPECT_EQ(test.spec.classes, train.spec.classes);

  auto unlabelled = vectors(3, {}, {});
  match_test(train, unlabelled, "t");
  EXPECT_EQ(unlabelled.spec.classes, train.spec.classes);
  // A class that exists by name only does no harm.
  auto unused = vectors(3, {"a", "z"}, torch::tensor({0, 0}, torch::kLong));
  match_test(train, unused, "t");
  EXPECT_TRUE(torch::equal(unused.label, torch::tensor({0, 0}, torch::kLong)));
}

TEST(Labels, AdoptsClassesAndUnitesThem) {
  auto set = vectors(3, {"b", "z"}, torch::tensor({0, 1, 0}, torch::kLong));
  adopt_classes(set, {"a", "b"});
  EXPECT_EQ(set.spec.classes, (Names{"a", "b", "z"}));
  EXPECT_TRUE(torch::equal(set.label, torch::tensor({1, 2, 1}, torch::kLong)));
  auto train = vectors(3, {"2", "10"}, torch::tensor({0, 1}, torch::kLong));
  auto test = vectors(3, {"9", "10"}, torch::tensor({0, 1}, torch::kLong));
  unite_classes(train, test);
  EXPECT_EQ(train.spec.classes, (Names{"2", "9", "10"}));
  EXPECT_EQ(test.spec.classes, train.spec.classes);
  EXPECT_TRUE(torch::equal(train.label, torch::tensor({0, 2}, torch::kLong)));
  EXPECT_TRUE(torch::equal(test.label, torch::tensor({1, 2}, torch::kLong)));
}

TEST(Labels, RefusesATestSetThatDoesNotFit) {
  const auto train = vectors(3, {"a"}, torch::tensor({0}, torch::kLong));
  auto wide = vectors(4, {"a"}, torch::tensor({0}, torch::kLong));
  EXPECT_TRUE(refuses([&] { match_test(train, wide, "t"); }, "(vector 3), got vector 4"));
  auto strange = vectors(3, {"z"}, torch::tensor({0}, torch::kLong));
  EXPECT_TRUE(refuses([&] { match_test(train, strange, "t"); }, "class 'z'"));
  const auto none = vectors(3, {}, {});
  EXPECT_TRUE(refuses([&] { match_test(none, strange, "t"); }, "the training examples have none"));
}

}  // namespace
}  // namespace figment
