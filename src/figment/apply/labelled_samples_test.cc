#include "figment/apply/labelled_samples.h"

#include <gtest/gtest.h>

#include "figment/apply/toy_run_test.h"
#include "figment/apply/use.h"
#include "figment/core/testing.h"
#include "figment/data/csv.h"
#include "figment/data/image_folder.h"

namespace figment {
namespace {

using toys::run_of;
using toys::ToyModel;

LoadedRun run_of_images(bool told) {
  return run_of(
      std::make_shared<ToyModel>(ExampleSpec{Modality::kImage, {1, 8, 8}, {"0", "1"}}, told));
}

TEST(LabelledSamples, AreOfTheirClassWhateverElseIsDrawn) {
  const auto run = run_of_images(true);
  const auto label = torch::tensor({1, 0, 1, 1, 0}, torch::kLong);
  const auto x = sample_of_classes(run, label, 7);
  EXPECT_TRUE(torch::equal(x.mean({1, 2, 3}).round().to(torch::kLong), label));
  // The i-th sample of a class is the same in another company.
  const auto more = sample_of_classes(run, labels_of_each(2, 300), 7);
  EXPECT_TRUE(torch::equal(x[0], more[300]));
  EXPECT_TRUE(torch::equal(x[3], more[302]));
  EXPECT_TRUE(torch::equal(x[4], more[1]));
  EXPECT_FALSE(torch::equal(x, sample_of_classes(run, label, 8)));
}

TEST(LabelledSamples, NeedAModelThatIsToldTheClass) {
  const auto outcome = ::figment::testing::outcome_of(
      [] { need_labelled_samples(run_of_images(false), "augment"); });
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.message.find("told the class"), std::string::npos) << outcome.message;
}

TEST(LabelledSamples, AreReadBackFromTheirFolders) {
  const ::figment::testing::ScratchFolder scratch;
  const auto run = run_of_images(true);
  const auto label = labels_of_each(2, 3);
  const auto images = to_output(run, sample_of_classes(run, label, 1).div(2).add(0.2));
  write_image_folder(scratch / "set", images, label, run.example().classes);
  EXPECT_EQ(::figment::testing::names_in(scratch / "set/1"),
            (std::vector<std::string>{"000001.png", "000002.png", "000003.png"}));
  const auto back = read_image_folder(scratch / "set").train;
  EXPECT_TRUE(torch::equal(back.x, images));
  EXPECT_TRUE(torch::equal(back.label, label));
  EXPECT_EQ(back.spec.classes, run.example().classes);
  // What is there already is not mixed with what comes.
  const auto outcome = ::figment::testing::outcome_of(
      [&] { write_image_folder(scratch / "set", images, label, run.example().classes); });
  EXPECT_EQ(outcome.code, 2);
}

TEST(LabelledSamples, AreReadBackFromATable) {
  const auto rows = torch::tensor({{0.1F, -2.5e-8F}, {3.0F, 4.0F}});
  const std::vector<std::string> classes = {"plain", "with, comma and \"quote\""};
  const auto text =
      labelled_csv(rows, torch::tensor({1, 0}, torch::kLong), classes, {"width, mm", "height"});
  ReadOptions options;
  options.label_column = "label";
  const auto back = decode_csv(text, "test", options);
  EXPECT_TRUE(torch::equal(back.x, rows));
  EXPECT_EQ(back.columns, (std::vector<std::string>{"width, mm", "height"}));
  EXPECT_EQ(back.spec.classes, classes);
  EXPECT_TRUE(torch::equal(back.label, torch::tensor({1, 0}, torch::kLong)));
  // Without names of the columns they are numbered.
  const auto plain = labelled_csv(rows, torch::tensor({0, 0}, torch::kLong), {"a"}, {});
  EXPECT_EQ(plain.substr(0, plain.find('\n')), "x_1,x_2,label");
}

TEST(LabelledSamples, NameFoldersThatAFileSystemTakes) {
  EXPECT_EQ(folder_names({"3", "a/b", "a_b", "..", "", "t-shirt"}),
            (std::vector<std::string>{"3", "a_b", "a_b_2", "_.", "_", "t-shirt"}));
}

}  // namespace
}  // namespace figment
