#include "figment/apply/search.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/eval/lsa.h"
#include "figment/model/families.h"

namespace figment {
namespace {

Dataset digits(int64_t n) {
  DataConfig config;
  config.size = n;
  config.image_size = 12;
  config.validation = config.test = 0;
  return open_data(config).train;
}

// A model of its first weights: it need not have learned to be searched by.
LoadedRun untrained(const char* name, const Dataset& set) {
  LoadedRun run;
  run.family = &family_named(name, "test");
  run.scaling = Scaling::fit(set, ScalingKind::kAuto);
  torch::manual_seed(1);
  Problems problems;
  run.model = run.family->make(Value(), set.spec, problems);
  run.model->eval();
  return run;
}

TEST(Search, FindsAnExampleAmongItself) {
  const auto set = digits(80);
  for (const auto* name : {"hashing", "autoencoder"}) {
    const auto run = untrained(name, set);
    const SearchIndex index(run, set);
    EXPECT_EQ(index.hashes(), run.family->abilities.hashes);
    EXPECT_EQ(index.size(), 80);
    const auto rows = torch::tensor({7, 70}, torch::kLong);
    const auto near = index.find(set.select(rows), 3).neighbours;
    // Another example may have the very same bits, and then come first.
    // Codes of another batch may differ in their last bits.
    EXPECT_LT(near.distance.select(1, 0).max().item<float>(), 1e-5) << name;
    // A query of its own kind is its nearest by what the codes say.
    const auto codes = index.hashes() ? hash(run, set).to(torch::kFloat) : encode(run, set);
    const auto all = torch::cdist(codes.index_select(0, rows), codes, index.hashes() ? 1 : 2);
    EXPECT_TRUE(
        torch::allclose(near.distance, std::get<0>(all.sort(1)).narrow(1, 0, 3), 1e-3, 1e-3))
        << name;
    // No more than there are.
    EXPECT_EQ(index.find(set.first(1), 1000).neighbours.index.size(1), 80);
  }
}

TEST(Search, LeavesOutTheQueryItself) {
  // Three examples of which each is there ten times: ten at distance 0 from every query.
  auto set = digits(3).select(torch::arange(30).remainder(3));
  for (const auto* name : {"hashing", "autoencoder"}) {
    const auto run = untrained(name, set);
    const SearchIndex index(run, set);
    const auto rows = torch::tensor({0, 29}, torch::kLong);
    for (const int64_t k : {1, 9, 29}) {
      const auto near = index.find(set.select(rows), k, rows).neighbours;
      EXPECT_EQ(near.index.sizes().vec(), (std::vector<int64_t>{2, k})) << name;
      EXPECT_EQ(near.distance.sizes(), near.index.sizes());
      EXPECT_FALSE((near.index == rows.unsqueeze(1)).any().item<bool>()) << name << " " << k;
      EXPECT_LT(near.distance.narrow(1, 0, std::min<int64_t>(k, 9)).max().item<float>(), 1e-4);
    }
    // No more than there are others.
    EXPECT_EQ(index.find(set.select(rows), 1000, rows).neighbours.index.size(1), 29);
  }
  const auto one = set.first(1);
  const auto run = untrained("autoencoder", set);
  const SearchIndex alone(run, one);
  try {
    alone.find(one, 1, torch::zeros({1}, torch::kLong));
    FAIL() << "a query was found for itself";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("other examples than the query"), std::string::npos);
  }
}

TEST(Search, RefusesAModelWithoutCodes) {
  const auto set = digits(20);
  const auto run = untrained("source_separation", set);
  try {
    const SearchIndex index(run, set);
    FAIL() << "a model without codes was searched by";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find("hashing"), std::string::npos) << error.what();
  }
}

TEST(Search, NamesClassesAndTheWordsThatMarkADocument) {
  Dataset set;
  set.spec = {Modality::kVector, {4}, {"cars", "space"}};
  set.columns = {"the", "orbit", "engine", "wheel"};
  set.x =
      torch::tensor({{9.0F, 0.0F, 1.0F, 3.0F}, {9.0F, 2.0F, 0.0F, 0.0F}, {5.0F, 1.0F, 0.0F, 0.0F}});
  set.label = torch::tensor({0, 1, 1}, torch::kLong);
  EXPECT_TRUE(holds_documents(set));
  const auto weight = inverse_document_frequency(set.x);
  // "the" is in all of them and marks none.
  EXPECT_EQ(top_words(set, 0, weight, 8), "wheel engine");
  EXPECT_EQ(top_words(set, 0, weight, 1), "wheel");
  EXPECT_EQ(top_words(set, 1, weight, 8), "orbit");
  EXPECT_EQ(class_of(set, 2), "space");
  EXPECT_DOUBLE_EQ(precision_of(torch::tensor({0, 1}, torch::kLong), set, 1), 0.5);
  set.columns.clear();
  EXPECT_FALSE(holds_documents(set));
  set.label = torch::Tensor();
  EXPECT_EQ(class_of(set, 2), "");
}

TEST(Search, LaysEachQueryBeforeWhatItFound) {
  const auto set = digits(20);
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  const auto queries = set.select(torch::tensor({3, 5}, torch::kLong));
  const auto images =
      found_images(scaling, queries, set, torch::tensor({{8, 9}, {10, 11}}, torch::kLong));
  const auto wanted =
      scaling.to_model(set.x.index_select(0, torch::tensor({3, 8, 9, 5, 10, 11}, torch::kLong)));
  EXPECT_TRUE(torch::equal(images, wanted));
}

}  // namespace
}  // namespace figment
