#include "figment/data/loader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "figment/core/error.h"
#include "figment/data/open.h"
#include "figment/data/padding.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

Dataset numbers(int64_t n) {
  Dataset set;
  set.spec = {Modality::kVector, {1}, {"even", "odd"}};
  set.x = torch::arange(n, torch::kFloat).view({n, 1});
  set.label = torch::arange(n, torch::kLong).remainder(2);
  return set;
}

std::vector<float> epoch_of(Loader& loader, int64_t epoch) {
  std::vector<float> all;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(epoch, i);
    EXPECT_TRUE(torch::equal(batch.x.view({-1}).to(torch::kLong).remainder(2), batch.label));
    for (int64_t j = 0; j < batch.size(); ++j) all.push_back(batch.x[j].item<float>());
  }
  return all;
}

TEST(Loader, ShowsEveryExampleOnceAnEpochInAnOrderOfItsOwn) {
  Loader loader(numbers(103), Scaling(), {10, true, 5, torch::kCPU});
  EXPECT_EQ(loader.batches(), 11);
  EXPECT_EQ(loader.batch(0, 10).size(), 3);
  const auto first = epoch_of(loader, 0), second = epoch_of(loader, 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, epoch_of(loader, 0));  // any epoch again, in any order
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < 103; ++i) EXPECT_EQ(sorted[static_cast<std::size_t>(i)], i);
  Loader other(numbers(103), Scaling(), {10, true, 6, torch::kCPU});
  EXPECT_NE(first, epoch_of(other, 0));
}

TEST(Loader, GathersBytesAsTheScalingWould) {
  Dataset set;
  set.spec = {Modality::kImage, {3, 5, 7}, {}};
  set.x = torch::randint(0, 256, {20, 3, 5, 7}, torch::kUInt8);
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  Loader loader(set, scaling, {6, true, 1, torch::kCPU});
  Loader plain(set, scaling, {20, false, 1, torch::kCPU});
  EXPECT_TRUE(torch::equal(plain.batch(0, 0).x, scaling.to_model(set.x)));
  EXPECT_EQ(plain.batch(0, 0).x.max().item<float>(), scaling.to_model(set.x).max().item<float>());
  EXPECT_EQ(loader.batch(0, 3).x.sizes(), (std::vector<int64_t>{2, 3, 5, 7}));
}

TEST(Scaling, GoesBothWaysAndIsFittedOnColumns) {
  Dataset set;
  set.spec = {Modality::kVector, {3}, {}};
  set.x = torch::randn({500, 3}) * torch::tensor({1.f, 10.f, 0.f}) + torch::tensor({0.f, 5.f, 2.f});
  const auto standard = Scaling::fit(set, ScalingKind::kAuto);
  const auto z = standard.to_model(set.x);
  EXPECT_TRUE(torch::allclose(z.mean(0), torch::zeros({3}), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(z.std(0, false), torch::tensor({1.f, 1.f, 0.f}), 0, 1e-4));
  EXPECT_TRUE(torch::allclose(standard.to_data(z), set.x, 1e-5, 1e-5));
  const auto unit = Scaling::fit(set, ScalingKind::kUnit).to_model(set.x);
  EXPECT_NEAR(unit.min().item<float>(), 0, 1e-6);
  EXPECT_NEAR(unit.max().item<float>(), 1, 1e-6);
  const auto again = Scaling::from_state(standard.state(), "a");
  EXPECT_TRUE(torch::equal(again.to_model(set.x), z));
  EXPECT_THROW(Scaling::from_state({{"shift", torch::zeros({1})}}, "a"), Error);
}

TEST(Scaling, LeavesPaddingOut) {
  Dataset set;
  set.spec = {Modality::kSeries, {3, 1}, {}};
  set.x = torch::tensor({4.f, 6.f, 99.f, 8.f, 99.f, 99.f}).view({2, 3, 1});
  set.length = torch::tensor({2, 1}, torch::kLong);
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  EXPECT_FLOAT_EQ(scaling.shift().item<float>(), 6);
  EXPECT_FLOAT_EQ(scaling.scale().item<float>(), std::sqrt(8.f / 3));
  const auto unit = Scaling::fit(set, ScalingKind::kUnit);
  EXPECT_FLOAT_EQ(unit.scale().item<float>(), 4);
  const auto x = Loader(set, scaling, {2, false, 0, torch::kCPU}).batch(0, 0).x.flatten(1);
  EXPECT_EQ(x[0][2].item<float>(), 0);
  EXPECT_EQ(x[1][1].item<float>(), 0);
  EXPECT_NE(x[1][0].item<float>(), 0);
}

TEST(Padding, IsWhatStandsBehindTheEnd) {
  Dataset set;
  set.x = torch::arange(12, torch::kFloat).view({2, 3, 2});
  EXPECT_TRUE(with_padding(set.x, {}, NAN).is_same(set.x));
  EXPECT_FALSE(real_elements(set).defined());
  set.length = torch::tensor({3, 1}, torch::kLong);
  const auto real = torch::tensor({{1, 1, 1, 1, 1, 1}, {1, 1, 0, 0, 0, 0}}, torch::kFloat);
  EXPECT_TRUE(torch::equal(real_elements(set), real));
  const auto marked = with_padding(set.x, set.length, NAN).flatten(1);
  EXPECT_TRUE(torch::equal(marked.isnan(), real == 0));
  EXPECT_TRUE(torch::equal(marked.nan_to_num(0.0), set.x.flatten(1) * real));
  // Of rows of single numbers as well, and whatever they are.
  const auto rows = with_padding(torch::tensor({{1, 2}, {3, 4}}), torch::tensor({1, 2}), 9);
  EXPECT_TRUE(torch::equal(rows, torch::tensor({{1, 9}, {3, 4}})));
}

TEST(OpenData, HoldsOutTheSameExamplesWhateverTheRun) {
  DataConfig config;
  config.source = "moons";
  config.size = 1000;
  config.validation = 0.2;
  const auto one = open_data(config), two = open_data(config);
  EXPECT_EQ(one.train.size(), 800);
  EXPECT_EQ(one.validation.size(), 200);
  EXPECT_GT(one.test.size(), 0);
  EXPECT_TRUE(torch::equal(one.validation.x, two.validation.x));
  EXPECT_EQ(one.fingerprint, two.fingerprint);
  // No example is in both parts.
  const auto distance = torch::cdist(one.train.x, one.validation.x).min().item<float>();
  EXPECT_GT(distance, 0);
}

TEST(OpenData, SuggestsANameAndRefusesWhatIsNone) {
  DataConfig config;
  config.source = "digtis";
  try {
    open_data(config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("did you mean 'digits'"), std::string::npos);
  }
  config.source = "/no/such/folder";
  EXPECT_THROW(open_data(config), Error);
  config.source = "digits";
  config.size = 10;
  config.channels = 3;
  EXPECT_THROW(open_data(config), Error);
}

TEST(OpenData, RefusesOptionsThatABuiltInSetHasNoUseFor) {
  const auto says = [](const std::string& key, auto&& change) {
    DataConfig config;
    config.source = "moons";
    config.size = 20;
    change(config);
    EXPECT_TRUE(refuses([&] { open_data(config); },
                        "[data." + key + "] expected a table or an array", Cause::kConfig))
        << key;
    const TableEncoding fitted;  // a run's, whose options were made for its own set
    EXPECT_NO_THROW(open_data(config, {}, &fitted)) << key;
  };
  says("label_column", [](DataConfig& c) { c.label_column = "class"; });
  says("column_names", [](DataConfig& c) { c.column_names = {"x", "y"}; });
  says("columns_file", [](DataConfig& c) { c.columns_file = "columns.csv"; });
  says("series", [](DataConfig& c) { c.series = true; });
  says("masking", [](DataConfig& c) { c.masking = true; });
  DataConfig config;
  config.source = "moons";
  config.size = 20;
  config.label_column = "none";
  EXPECT_NO_THROW(open_data(config));
}

TEST(OpenData, TrainsOnNormalExamplesOnlyAndTestsOnAll) {
  DataConfig config;
  config.source = "moons";
  config.size = 500;
  config.normal = {"moon 0"};
  const auto data = open_data(config);
  EXPECT_FALSE(anomalies(data.train, config.normal).any().item<bool>());
  EXPECT_FALSE(anomalies(data.validation, config.normal).any().item<bool>());
  const auto odd = anomalies(data.test, config.normal);
  EXPECT_TRUE(odd.any().item<bool>());
  EXPECT_FALSE(odd.all().item<bool>());
  config.normal = {"7"};
  EXPECT_THROW(open_data(config), Error);
}

}  // namespace
}  // namespace figment
