#include "figment/eval/classes.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Classes, CountsWhatIsTakenForWhat) {
  const auto label = torch::tensor({0, 0, 1, 2, 2, 2}, torch::kLong);
  const auto predicted = torch::tensor({0, 1, 1, 0, 0, 2}, torch::kLong);
  // A class that no example has is there all the same.
  EXPECT_TRUE(torch::equal(confusion_matrix(label, predicted, 4), torch::tensor({1, 1, 0, 0,  //
                                                                                 0, 1, 0, 0,  //
                                                                                 2, 0, 1, 0,  //
                                                                                 0, 0, 0, 0},
                                                                                torch::kLong)
                                                                      .view({4, 4})));
}

TEST(Classes, PutsTheSurestErrorsFirst) {
  const auto p = torch::tensor({0.6, 0.4,   // right
                                0.3, 0.7,   // wrong
                                0.9, 0.1,   // right
                                0.1, 0.9,   // wrong, and surer
                                0.8, 0.2})  // wrong, between the two
                     .view({5, 2});
  const auto label = torch::tensor({0, 0, 0, 0, 1}, torch::kLong);
  EXPECT_TRUE(torch::equal(surest_errors(p.log(), label, 10), torch::tensor({3, 4, 1})));
  EXPECT_TRUE(torch::equal(surest_errors(p.log(), label, 2), torch::tensor({3, 4})));
  EXPECT_EQ(surest_errors(p.log(), p.argmax(1), 10).size(0), 0);
}

}  // namespace
}  // namespace figment
