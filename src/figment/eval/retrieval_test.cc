#include "figment/eval/retrieval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace figment {
namespace {

// Precision at k and average precision of one order, from their definitions.
std::pair<std::vector<double>, double> by_definition(const std::vector<int>& relevant,
                                                     const std::vector<int64_t>& cutoffs) {
  std::vector<double> precision;
  double sum = 0, found = 0;
  for (std::size_t i = 0; i < relevant.size(); ++i) {
    found += relevant[i];
    if (relevant[i] == 1) sum += found / static_cast<double>(i + 1);
  }
  precision.reserve(cutoffs.size());
  for (const auto k : cutoffs)
    precision.push_back(
        static_cast<double>(std::accumulate(relevant.begin(), relevant.begin() + k, 0)) /
        static_cast<double>(k));
  return {precision, found == 0 ? 0 : sum / found};
}

std::vector<double> harmonic_to(int n) {
  std::vector<double> out = {0};
  for (int i = 1; i <= n; ++i) out.push_back(out.back() + 1.0 / i);
  return out;
}

TEST(Retrieval, RankingIsTheMeanOverAllOrdersOfWhatIsTied) {
  // Groups of equal distance with their relevance; every order within each is tried.
  const std::vector<std::vector<int>> groups = {{1, 0}, {0, 1, 1, 0, 1}, {0}, {0, 0, 1}};
  const std::vector<int64_t> cutoffs = {1, 3, 8, 11};
  std::vector<std::vector<int>> orders = {{}};
  for (auto group : groups) {
    std::vector<std::vector<int>> longer;
    std::vector<std::size_t> order(group.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      for (const auto& head : orders) {
        longer.push_back(head);
        for (const auto i : order) longer.back().push_back(group[i]);
      }
    } while (std::next_permutation(order.begin(), order.end()));
    orders = std::move(longer);
  }
  std::vector<double> precision(cutoffs.size(), 0.0);
  double average = 0;
  for (const auto& order : orders) {
    const auto [p, a] = by_definition(order, cutoffs);
    for (std::size_t i = 0; i < p.size(); ++i)
      precision[i] += p[i] / static_cast<double>(orders.size());
    average += a / static_cast<double>(orders.size());
  }

  const auto harmonic = harmonic_to(11);
  Ranking ranking(cutoffs, harmonic);
  for (const auto& group : groups)
    ranking.add(static_cast<int64_t>(group.size()), std::accumulate(group.begin(), group.end(), 0));
  for (std::size_t i = 0; i < cutoffs.size(); ++i)
    EXPECT_NEAR(ranking.precision(i), precision[i], 1e-12);
  EXPECT_NEAR(ranking.average_precision(), average, 1e-12);
}

TEST(Retrieval, OfCodesIsThatOfTheirSortedDistances) {
  torch::manual_seed(3);
  const auto references = torch::randn({150, 4}), queries = torch::randn({9, 4});
  const auto known = torch::randint(0, 3, {150}, torch::kLong);
  const auto asked = torch::randint(0, 3, {9}, torch::kLong);
  const auto quality = retrieval_quality(references, known, queries, asked);
  double average = 0;
  std::vector<double> precision(3, 0.0);
  const auto order = torch::cdist(queries, references).argsort(1, /*descending=*/false);
  for (int64_t q = 0; q < 9; ++q) {
    std::vector<int> relevant;
    for (int64_t i = 0; i < 150; ++i)
      relevant.push_back(known[order[q][i].item<int64_t>()].item<int64_t>() ==
                         asked[q].item<int64_t>());
    const auto [p, a] = by_definition(relevant, {1, 10, 100});
    for (std::size_t i = 0; i < 3; ++i) precision[i] += p[i] / 9;
    average += a / 9;
  }
  ASSERT_EQ(quality.precision.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(quality.precision[i].second, precision[i], 1e-9);
  EXPECT_NEAR(quality.mean_average_precision, average, 1e-9);
}

TEST(Retrieval, OfBitsIsThatOfGroupsOfEqualDistance) {
  torch::manual_seed(4);
  // Six bits: many ties.
  const auto references = torch::randint(0, 2, {90, 6}, torch::kByte);
  const auto queries = torch::randint(0, 2, {20, 6}, torch::kByte);
  const auto known = torch::randint(0, 4, {90}, torch::kLong);
  const auto asked = torch::randint(0, 4, {20}, torch::kLong);
  const auto packed = retrieval_quality(pack(references), known, pack(queries), asked);
  ASSERT_EQ(packed.precision.size(), 2u);  // there are not 100
  double average = 0, first = 0, tenth = 0;
  const auto harmonic = harmonic_to(90);
  const std::vector<int64_t> cutoffs = {1, 10};
  for (int64_t q = 0; q < 20; ++q) {
    const auto distance = (references != queries[q]).sum(1);
    const auto relevant = known == asked[q];
    Ranking ranking(cutoffs, harmonic);
    for (int d = 0; d <= 6; ++d) {
      const auto count = (distance == d).sum().item<int64_t>();
      if (count > 0) ranking.add(count, ((distance == d) & relevant).sum().item<int64_t>());
    }
    average += ranking.average_precision() / 20;
    first += ranking.precision(0) / 20;
    tenth += ranking.precision(1) / 20;
  }
  EXPECT_NEAR(packed.precision[0].second, first, 1e-12);
  EXPECT_NEAR(packed.precision[1].second, tenth, 1e-12);
  EXPECT_NEAR(packed.mean_average_precision, average, 1e-12);
}

TEST(Retrieval, OfTheReferencesThemselvesIsOfAllOthers) {
  torch::manual_seed(6);
  const auto codes = torch::randn({40, 4});
  const auto bits = torch::randint(0, 2, {40, 6}, torch::kByte);
  const auto known = torch::randint(0, 3, {40}, torch::kLong);
  const auto asked = known.narrow(0, 0, 7);
  const auto of_codes = retrieval_quality(codes, known, codes.narrow(0, 0, 7), asked, true);
  const auto of_bits =
      retrieval_quality(pack(bits), known, pack(bits.narrow(0, 0, 7)), asked, true);
  double average = 0, average_of_bits = 0, first = 0, first_of_bits = 0;
  for (int64_t q = 0; q < 7; ++q) {
    const auto others = (torch::arange(40) != q).nonzero().flatten();
    const auto label = known.index_select(0, others);
    const auto one = retrieval_quality(codes.index_select(0, others), label, codes.narrow(0, q, 1),
                                       known.narrow(0, q, 1));
    const auto two = retrieval_quality(pack(bits.index_select(0, others)), label,
                                       pack(bits.narrow(0, q, 1)), known.narrow(0, q, 1));
    average += one.mean_average_precision / 7;
    first += one.precision[0].second / 7;
    average_of_bits += two.mean_average_precision / 7;
    first_of_bits += two.precision[0].second / 7;
  }
  EXPECT_NEAR(of_codes.mean_average_precision, average, 1e-9);
  EXPECT_NEAR(of_codes.precision[0].second, first, 1e-9);
  EXPECT_NEAR(of_bits.mean_average_precision, average_of_bits, 1e-9);
  EXPECT_NEAR(of_bits.precision[0].second, first_of_bits, 1e-9);
}

TEST(Bits, NeighboursAreThoseOfTheBitsAsNumbers) {
  torch::manual_seed(5);
  const auto references = torch::randint(0, 2, {200, 70}, torch::kByte);
  const auto queries = torch::randint(0, 2, {33, 70}, torch::kByte);
  const auto found = nearest(pack(references), pack(queries), 7);
  for (int64_t q = 0; q < 33; ++q) {
    const auto distance = (references != queries[q]).sum(1);
    const auto [sorted, order] = distance.sort(/*stable=*/true, 0, /*descending=*/false);
    EXPECT_TRUE(torch::equal(found.index[q], order.narrow(0, 0, 7)));
    EXPECT_TRUE(torch::equal(found.distance[q], sorted.narrow(0, 0, 7).to(torch::kFloat)));
  }
}

}  // namespace
}  // namespace figment
