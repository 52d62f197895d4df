#include "figment/eval/lsa.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden/golden.h"

namespace figment {
namespace {

torch::Tensor tensor(const nlohmann::json& list) {
  const auto values = flat<double>(list);
  const auto rows = static_cast<int64_t>(list.size());
  return torch::tensor(values, torch::kDouble)
      .view({rows, static_cast<int64_t>(values.size()) / rows})
      .to(torch::kFloat);
}

TEST(Lsa, IsTheTruncatedDecompositionOfScikitLearn) {
  const auto all = golden("lsa");
  const auto training = tensor(all.at("training")), test = tensor(all.at("test"));
  const auto k = all.at("components").get<int64_t>();
  const auto lsa = fit_lsa(training, k);
  EXPECT_TRUE(
      torch::allclose(lsa.weight.unsqueeze(1), tensor(all.at("weight")).view({-1, 1}), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(lsa.singular.to(torch::kFloat).unsqueeze(1),
                              tensor(all.at("singular")).view({-1, 1}), 1e-4, 1e-5));
  // The sign of an axis is nobody's to say.
  const auto wanted = tensor(all.at("codes")), codes = lsa.encode(test);
  const auto sign = (wanted * codes).sum(0, true).sign();
  EXPECT_TRUE(torch::allclose(codes * sign, wanted, 1e-3, 1e-4));
}

TEST(Lsa, KnowsCountsFromOtherNumbers) {
  Dataset set;
  set.spec = {Modality::kVector, {3}, {}};
  set.x = torch::tensor({{0.0F, 2.0F, 1.0F}, {5.0F, 0.0F, 0.0F}});
  EXPECT_TRUE(holds_counts(set));
  set.x = set.x + 0.5;
  EXPECT_FALSE(holds_counts(set));
  set.x = set.x - 2.5;
  EXPECT_FALSE(holds_counts(set));
  Dataset images;
  images.spec = {Modality::kImage, {1, 2, 2}, {}};
  images.x = torch::zeros({2, 1, 2, 2}, torch::kByte);
  EXPECT_FALSE(holds_counts(images));
}

TEST(Lsa, GivesWordsThatNobodyUsesNoWeight) {
  const auto weight =
      inverse_document_frequency(torch::tensor({{1.0F, 0.0F, 3.0F}, {2.0F, 0.0F, 0.0F}}));
  EXPECT_EQ(weight[0].item<float>(), 0);  // in every document
  EXPECT_EQ(weight[1].item<float>(), 0);  // in none
  EXPECT_NEAR(weight[2].item<float>(), std::log(2.0), 1e-6);
}

}  // namespace
}  // namespace figment
