#include "figment/data/table_encoding.h"

#include <cmath>

#include "figment/data/csv.h"
#include "figment/data/open.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"
#include "figment/data/scaling.h"

namespace figment {
namespace {

using Names = std::vector<std::string>;

torch::Tensor floats(std::initializer_list<float> values, torch::IntArrayRef shape) {
  return torch::tensor(at::ArrayRef<float>(values)).view(shape);
}

Dataset table(const std::string& text) { return decode_csv(text, "t.csv"); }

const char* const kFlows = "bytes,service,rate\n0,http,1\n3,ftp,2\n8,http,4\n";

TEST(TableEncoding, MakesColumnsOfWordsOneHot) {
  const auto flows = table(kFlows);
  const auto encoding = TableEncoding::fit(flows, {});
  const auto set = encoding.encode(flows, "t");
  EXPECT_EQ(set.columns, (Names{"bytes", "service=ftp", "service=http", "rate"}));
  EXPECT_EQ(encoding.input_names(), set.columns);
  EXPECT_TRUE(torch::equal(set.x, floats({0, 0, 1, 1, 3, 1, 0, 2, 8, 0, 1, 4}, {3, 4})));
  EXPECT_TRUE(torch::equal(set.one_hot, torch::tensor({false, true, true, false})));
  EXPECT_EQ(set.spec.text(), "vector 4");
  EXPECT_TRUE(set.categories.empty());
  EXPECT_EQ(encoding.text(), "3 columns: 2 of numbers, 1 of words (service 2)");
}

TEST(TableEncoding, KnowsTheWordsOfTheTrainingPartOnly) {
  const auto flows = table("a,service\n1,http\n2,ftp\n3,smtp\n");
  const auto encoding = TableEncoding::fit(flows.first(2), {});
  const auto set = encoding.encode(flows, "t");
  EXPECT_EQ(set.columns, (Names{"a", "service=ftp", "service=http"}));
  EXPECT_TRUE(torch::equal(set.x, floats({1, 0, 1, 2, 1, 0, 3, 0, 0}, {3, 3})));
}

TEST(TableEncoding, LeavesOneHotInputsAsTheyAre) {
  const auto flows = table(kFlows);
  const auto set = TableEncoding::fit(flows, {}).encode(flows, "t");
  for (const auto kind : {ScalingKind::kStandard, ScalingKind::kUnit, ScalingKind::kAuto}) {
    const auto x = Scaling::fit(set, kind).to_model(set.x);
    EXPECT_TRUE(torch::equal(x.narrow(1, 1, 2), set.x.narrow(1, 1, 2)));
    EXPECT_FALSE(torch::allclose(x.select(1, 0), set.x.select(1, 0)));
  }
  // Also the word that all rows have, or that only rows of a later table lack.
  const auto same = table("a,service\n1,http\n2,http\n");
  const auto encoding = TableEncoding::fit(same, {});
  const auto scaling = Scaling::fit(encoding.encode(same, "t"), ScalingKind::kStandard);
  const auto other = encoding.encode(table("a,service\n1,http\n2,ftp\n"), "t").x;
  EXPECT_TRUE(torch::equal(scaling.to_model(other).select(1, 1), floats({1, 0}, {2})));
}

TEST(TableEncoding, TakesLogarithmsOfBothSigns) {
  const auto numbers = table("a,b\n0,1\n-3,2\n7,3\n");
  const auto encoding = TableEncoding::fit(numbers, {"a"});
  const auto x = encoding.encode(numbers, "t").x;
  EXPECT_NEAR(x[1][0].item<float>(), -std::log(4.0), 1e-6);
  EXPECT_NEAR(x[2][0].item<float>(), std::log(8.0), 1e-6);
  EXPECT_TRUE(torch::equal(x.select(1, 1), numbers.x.select(1, 1)));
  EXPECT_TRUE(torch::allclose(encoding.to_data(x), numbers.x));
  // All of a table are those of numbers; one-hot inputs stay as they are, also on the way back.
  const auto flows = table(kFlows);
  const auto all = TableEncoding::fit(flows, {"*"});
  EXPECT_EQ(all.text(), "3 columns: 2 of numbers (log1p of 2), 1 of words (service 2)");
  const auto back = all.to_data(all.encode(flows, "t").x);
  EXPECT_TRUE(torch::allclose(back, TableEncoding::fit(flows, {}).encode(flows, "t").x));
}

TEST(TableEncoding, FindsColumnsByNameOrElseByPosition) {
  const auto encoding = TableEncoding::fit(table(kFlows), {});
  const auto expected = floats({5, 0, 1, 6}, {1, 4});
  EXPECT_TRUE(
      torch::equal(encoding.encode(table("service,rate,bytes\nhttp,6,5\n"), "t").x, expected));
  EXPECT_TRUE(torch::equal(encoding.encode(table("5,http,6\n"), "t").x, expected));
  // A table of numbers alone is taken as it is, without a copy.
  const auto plain = table("1,2\n3,4\n");
  EXPECT_EQ(TableEncoding::fit(plain, {}).encode(plain, "t").x.data_ptr(), plain.x.data_ptr());
}

TEST(TableEncoding, RefusesATableOfOtherColumns) {
  const auto encoding = TableEncoding::fit(table(kFlows), {});
  const auto says = [&](const std::string& text, std::string_view part) {
    return refuses([&] { encoding.encode(table(text), "new.csv"); }, part);
  };
  EXPECT_TRUE(
      says("bytes,rate\n1,2\n", "[new.csv] there is no column 'service', which the training"));
  EXPECT_TRUE(says("bytes,service,rates\n1,http,2\n",
                   "no column 'rate', which the training data "
                   "had; did you mean 'rates'?"));
  EXPECT_TRUE(says("x,y\n1,2\n", "no column 'bytes', which the training data had, and 2 more"));
  EXPECT_TRUE(says("bytes,service,rate,label\n1,http,2,0\n",
                   "column 'label' is none of those that the model was trained on"));
  EXPECT_TRUE(says("1,http\n", "expected 3 columns, as the model was trained on, got 2"));
  EXPECT_TRUE(says("bytes,service,rate\n1,http,many\n",
                   "column 'rate': expected numbers, as in the training data, got words such as "
                   "'many'"));
  EXPECT_TRUE(says("bytes,service,rate\n1,80,2\n",
                   "column 'service': expected words, as in the training data, got numbers"));
  EXPECT_TRUE(refuses([&] { TableEncoding().encode(table(kFlows), "n"); },
                      "[n] expected numbers only, as the model was trained on, got columns of"));
}

TEST(TableEncoding, RefusesColumnsThatItCannotEncode) {
  const auto says = [](const Names& log1p, std::string_view part) {
    return refuses([&] { TableEncoding::fit(table(kFlows), log1p); }, part, Cause::kConfig);
  };
  EXPECT_TRUE(says({"byte"},
                   "[data.log1p] there is no column 'byte' among the inputs; did you mean "
                   "'bytes'?"));
  EXPECT_TRUE(says({"service"}, "expected columns of numbers, but column 'service' holds words"));
  std::string rows = "a,id\n";
  for (int i = 0; i < 100; ++i) rows += "1,user" + std::to_string(i) + "\n";
  EXPECT_TRUE(refuses([&] { TableEncoding::fit(table(rows), {}); },
                      "column 'id' has 100 different words in 100 examples, such as 'user0'"));
  Dataset image;
  image.spec = {Modality::kImage, {1, 2, 2}, {}};
  image.x = torch::zeros({1, 1, 2, 2}, torch::kByte);
  EXPECT_TRUE(refuses([&] { TableEncoding::fit(image, {"*"}); }, "expected a table, got examples",
                      Cause::kConfig));
  EXPECT_TRUE(TableEncoding::fit(image, {}).empty());
}

class OpenTable : public ::testing::Test {
 protected:
  OpenTable() { config.source = folder.file("t.csv"); }
  TemporaryFolder folder;
  DataConfig config;
};

// 40 rows: a number, a service that depends on the row, a class.
std::string forty() {
  std::string rows = "bytes,service,kind\n";
  for (int i = 0; i < 40; ++i)
    rows += std::to_string(i) + (i % 2 == 0 ? ",http," : ",ftp,") + (i < 30 ? "good\n" : "bad\n");
  return rows;
}

TEST_F(OpenTable, EncodesAllPartsAsTheTrainingPart) {
  folder.write("t.csv", forty());
  config.label_column = "kind";
  config.log1p = {"bytes"};
  const auto data = open_data(config);
  const Names names{"bytes", "service=ftp", "service=http"};
  for (const auto* part : {&data.train, &data.validation, &data.test}) {
    EXPECT_EQ(part->columns, names);
    EXPECT_EQ(part->spec.text(), "vector 3, 2 classes");
    EXPECT_TRUE((part->x.narrow(1, 1, 2).sum(1) == 1).all().item<bool>());
  }
  EXPECT_LT(data.train.x.max().item<float>(), 4);
  // Another file, in other words: as in training.
  folder.write("other.csv", "service,bytes\nhttp,0\ngopher,0\nftp,0\nftp,0\n");
  config.source = folder.file("other.csv");
  config.test = config.validation = 0;
  const auto other = open_data(config, {}, &data.encoding);
  EXPECT_TRUE(torch::equal(other.train.x, floats({0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0}, {4, 3})));
  EXPECT_FALSE(other.train.label.defined());
}

TEST_F(OpenTable, ReadsWordsAsInTraining) {
  folder.write("t.csv", "a,port\n1,http\n2,80\n3,http\n4,80\n");
  config.test = config.validation = 0;
  config.label_column = "none";
  const auto data = open_data(config);
  EXPECT_EQ(data.train.columns, (Names{"a", "port=80", "port=http"}));
  // Its first row would make this a column of numbers.
  folder.write("new.csv", "a,port\n1,80\n2,http\n");
  config.source = folder.file("new.csv");
  EXPECT_TRUE(torch::equal(open_data(config, {}, &data.encoding).train.x,
                           floats({1, 1, 0, 2, 0, 1}, {2, 3})));
  // And numbers that are categories.
  folder.write("t.csv", "a,port,b\n1,80,5\n2,443,6\n3,80,7\n");
  config.source = folder.file("t.csv");
  config.one_hot = {"port"};
  EXPECT_EQ(open_data(config).train.columns, (Names{"a", "port=80", "port=443", "b"}));
}

TEST_F(OpenTable, AsksWhatTheLabelIs) {
  const auto says = [&](const std::string& text, std::string_view part) {
    folder.write("t.csv", text);
    return refuses([&] { open_data(config); }, part);
  };
  EXPECT_TRUE(says("a,label\n1,0\n2,1\n", "t.csv] column 'label' looks like the label"));
  EXPECT_TRUE(says("a,Is_Anomaly\n1,0\n2,1\n", "say data.label_column=Is_Anomaly, or data.ignore"));
  EXPECT_TRUE(says("1,2,setosa\n1,3,setosa\n", "column 2, the only one of words, looks like"));
  config.series = true;
  EXPECT_TRUE(says("class,t0,t1\n1,2,3\n", "column 'class' looks like the label"));
  config.series = false;
  folder.write("t.csv", "a,label\n1,0\n2,1\n3,1\n");
  config.label_column = "none";
  EXPECT_EQ(open_data(config).train.spec.text(), "vector 2");
  config.label_column = "";
  config.ignore = {"label"};
  EXPECT_EQ(open_data(config).train.spec.text(), "vector 1");
}

TEST_F(OpenTable, AllowsNewClassesOfATestSetAsAnomalies) {
  folder.write("x_train.csv", "a,kind\n1,good\n2,good\n3,bad\n4,good\n");
  folder.write("x_test.csv", "a,kind\n1,good\n2,worse\n3,bad\n");
  config.source = folder.path().string();
  config.label_column = "kind";
  config.validation = 0;
  EXPECT_TRUE(refuses([&] { open_data(config); },
                      "class 'worse', which no training example has; "
                      "to look for anomalies, name the normal classes, such as "
                      "data.normal=[\"good\"]"));
  config.normal = {"good"};
  const auto data = open_data(config);
  EXPECT_EQ(data.train.size(), 3);
  EXPECT_EQ(data.test.spec.classes, (Names{"bad", "good", "worse"}));
  EXPECT_EQ(data.train.spec.classes, data.test.spec.classes);
  EXPECT_TRUE(torch::equal(data.test.label, torch::tensor({1, 2, 0}, torch::kLong)));
  EXPECT_TRUE(
      torch::equal(anomalies(data.test, config.normal), torch::tensor({false, true, true})));
}

TEST_F(OpenTable, TellsColumnsThatThereAreNot) {
  folder.write("t.csv", "bytes,count,kind\n1,2,a\n3,4,b\n");
  config.label_column = "kind";
  const auto says = [&](std::string_view part) {
    return refuses([&] { open_data(config); }, part, Cause::kConfig);
  };
  config.ignore = {"difficulty"};
  EXPECT_TRUE(says("[data.ignore] there is no column 'difficulty' in"));
  config.ignore = {"cout"};
  EXPECT_TRUE(says("did you mean 'count'?"));
  config.ignore = {"kind"};
  EXPECT_TRUE(says("[data.ignore] column 'kind' is the label of"));
  config.ignore = {};
  config.one_hot = {"byte"};
  EXPECT_TRUE(says("[data.one_hot] there is no column 'byte' in"));
  config.one_hot = {};
  config.log1p = {"kind"};
  EXPECT_TRUE(says("[data.log1p] there is no column 'kind' among the inputs"));
  config.label_column = "knid";
  EXPECT_TRUE(
      refuses([&] { open_data(config); }, "no column 'knid' among 3; did you mean 'kind'?"));
  config = {};
  config.source = "moons";
  config.one_hot = {"x"};
  EXPECT_TRUE(says("[data.one_hot] expected a table, got the built-in moons"));
}

TEST_F(OpenTable, SplitsNormalExamplesByShare) {
  std::string rows = "label,t0,t1\n";
  for (int i = 0; i < 500; ++i)
    rows += (i < 292 ? "1," : std::to_string(2 + i % 3) + ",") + std::to_string(i) + ",0\n";
  folder.write("t.csv", rows);
  config.label_column = "label";
  config.series = true;
  config.normal = {"1"};
  config.test = 0.315;
  config.validation = 0;
  const auto data = open_data(config);
  EXPECT_EQ(data.train.size(), 200);
  EXPECT_EQ(data.test.size(), 300);
  EXPECT_EQ(anomalies(data.test, config.normal).sum().item<int64_t>(), 208);
}

}  // namespace
}  // namespace figment
