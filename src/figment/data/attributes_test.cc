#include "figment/data/attributes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/data/image_codec.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

// A bar of `height` rows, leaning by `slant` columns a row, `across` columns wide in each row, its
// edges by the share of each pixel that it covers.
torch::Tensor bar(double across, int height, double slant, double ink = 1) {
  constexpr int kSide = 40;
  auto image = torch::zeros({1, 1, kSide, kSide});
  auto pixels = image.accessor<float, 4>();
  constexpr int kParts = 16;  // of a row, so that slanted edges are smooth
  const int top = (kSide - height) / 2;
  for (int row = top; row < top + height; ++row)
    for (int part = 0; part < kParts; ++part) {
      const double y = row + (part + 0.5) / kParts;
      const double left = kSide / 2.0 - slant * (y - kSide / 2.0) - across / 2;
      for (int column = 0; column < kSide; ++column) {
        const double covered =
            std::min(left + across, column + 1.0) - std::max(left, static_cast<double>(column));
        pixels[0][0][row][column] += static_cast<float>(ink * std::max(0.0, covered) / kParts);
      }
    }
  return image;
}

double measured(const torch::Tensor& image, const std::string& name) {
  return measure_attributes(image, {name}).item<double>();
}

TEST(Attributes, MeasureUprightBarsExactly) {
  for (const int across : {2, 4, 6})
    for (const int height : {20, 24, 30}) {
      const auto image = bar(across, height, 0);
      EXPECT_NEAR(measured(image, "slant"), 0, 1e-5);
      EXPECT_NEAR(measured(image, "thickness"), across, 0.06 * across) << across << " x " << height;
      EXPECT_EQ(measured(image, "width"), across);
      EXPECT_EQ(measured(image, "height"), height);
      EXPECT_NEAR(measured(image, "brightness"), across * height / 1600.0, 1e-6);
      // Pale ink is as thick.
      EXPECT_NEAR(measured(bar(across, height, 0, 0.4), "thickness"), measured(image, "thickness"),
                  1e-3);
    }
}

TEST(Attributes, MeasureTheSlantAndThicknessOfLeaningBars) {
  for (const double slant : {-0.8, -0.3, 0.2, 0.5, 1.0})
    for (const double across : {2.5, 4.0}) {
      const auto image = bar(across, 24, slant);
      EXPECT_NEAR(measured(image, "slant"), slant, 0.02);
      const auto thick = across / std::sqrt(1 + slant * slant);
      EXPECT_NEAR(measured(image, "thickness"), thick, 0.2 * thick) << slant << " " << across;
    }
}

TEST(Attributes, TakeBytesColoursAndNothing) {
  const auto image = bar(3, 20, 0.3);
  const auto& names = measured_attributes();
  const auto floats = measure_attributes(image, names);
  EXPECT_TRUE(torch::allclose(measure_attributes(image.mul(255).round().to(torch::kUInt8), names),
                              floats, 0, 0.02));
  EXPECT_TRUE(torch::allclose(measure_attributes(image.expand({1, 3, 40, 40}), names), floats));
  const auto empty = measure_attributes(torch::zeros({2, 1, 9, 9}), names);
  EXPECT_TRUE(torch::equal(empty, torch::zeros({2, 5})));
}

std::string error_of(const DataConfig& config) {
  try {
    open_data(config);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Attributes, GoWithTheExamplesIntoEveryPart) {
  DataConfig config;
  config.size = 100;
  config.image_size = 12;
  const auto plain = open_data(config);
  config.attributes = {"thickness", "slant"};
  const auto data = open_data(config);
  EXPECT_NE(data.fingerprint, plain.fingerprint);
  for (const auto* part : {&data.train, &data.validation, &data.test}) {
    EXPECT_EQ(part->spec.attributes, config.attributes);
    EXPECT_TRUE(torch::equal(part->attributes, measure_attributes(part->x, config.attributes)));
  }
  EXPECT_GT(data.train.attributes.std(0).min().item<float>(), 0.01);
  config.attributes = {"slnat"};
  EXPECT_NE(error_of(config).find("did you mean 'slant'"), std::string::npos) << error_of(config);
  config.attributes = {"slant", "slant"};
  EXPECT_NE(error_of(config).find("'slant' is named twice"), std::string::npos);
  config.attributes = {"slant"};
  config.attributes_file = "a.csv";
  EXPECT_NE(error_of(config).find("expected a folder of images"), std::string::npos);
  config = {};
  config.source = "moons";
  config.size = 50;
  config.attributes = {"slant"};
  EXPECT_NE(error_of(config).find("there is no column 'slant'"), std::string::npos)
      << error_of(config);
}

TEST(Attributes, AreColumnsOfATable) {
  const testing::ScratchFolder folder;
  const auto path = folder / "people.csv";
  write_durably(
      path, "height,smoker,weight,kind\n1.5,no,50,a\n1.6,yes,60,b\n1.7,No,70,a\n1.8,yes,80,b\n");
  DataConfig config;
  config.source = path.string();
  config.label_column = "kind";
  config.validation = config.test = 0;
  config.attributes = {"smoker", "weight"};
  const auto set = open_data(config).train;
  EXPECT_EQ(set.columns, std::vector<std::string>{"height"});
  EXPECT_EQ(set.spec.shape, std::vector<int64_t>{1});
  EXPECT_TRUE(torch::equal(set.attributes,
                           torch::tensor({{0.f, 50.f}, {1.f, 60.f}, {0.f, 70.f}, {1.f, 80.f}})));
  config.attributes = {"smoker", "weight", "height"};
  EXPECT_NE(error_of(config).find("expected inputs beside the attributes"), std::string::npos)
      << error_of(config);
  write_durably(path, "height,eyes,kind\n1.5,blue,a\n1.6,brown,b\n");
  config.attributes = {"eyes"};
  EXPECT_NE(error_of(config).find("or of yes and no, got 'blue'"), std::string::npos);
}

TEST(Attributes, AreReadBesideAFolderOfImages) {
  const testing::ScratchFolder folder;
  const auto images = folder / "faces";
  for (const auto* name : {"b/2.png", "a/1.png", "b/1.png"}) {
    fs::create_directories((images / name).parent_path());
    write_durably(images / name, encode_png(torch::full({1, 4, 4}, 100, torch::kByte)));
  }
  write_durably(images / "attributes.csv",
                "file,smile,age\nb/1.png,yes,30\na/1.png,no,20\n2.png,0,40.5\n");
  DataConfig config;
  config.source = images.string();
  config.validation = config.test = 0;
  config.attributes = {"age", "smile", "brightness"};
  const auto set = open_data(config).train;  // a/1, b/1, b/2
  const auto grey = 100.f / 255;
  EXPECT_TRUE(torch::allclose(
      set.attributes, torch::tensor({{20.f, 0.f, grey}, {30.f, 1.f, grey}, {40.5f, 0.f, grey}})));
  // The file by its name, and all of its columns.
  fs::rename(images / "attributes.csv", folder / "told.csv");
  config.attributes = {};
  EXPECT_FALSE(open_data(config).train.attributes.defined());
  config.attributes_file = (folder / "told.csv").string();
  EXPECT_EQ(open_data(config).train.spec.attributes, (std::vector<std::string>{"smile", "age"}));
  const auto refused = [&](const std::string& text) {
    write_durably(folder / "told.csv", text);
    return error_of(config);
  };
  EXPECT_NE(refused("name,age\n").find("expected a header 'file,'"), std::string::npos);
  EXPECT_NE(refused("file,age\nb/1.png,30\n").find("found none for 'a/1.png'"), std::string::npos);
  EXPECT_NE(refused("file,age\na/1.png,old\n").find("told.csv:2"), std::string::npos);
  EXPECT_NE(refused("file,age\na/1.png,nan\n").find("expected a finite number"), std::string::npos);
  EXPECT_NE(refused("file,age\na/1.png,1\na/1.png,2\n").find("is there twice"), std::string::npos);
  EXPECT_NE(refused("file,age\na/1.png\n").find("expected 2 fields"), std::string::npos);
}

}  // namespace
}  // namespace figment
