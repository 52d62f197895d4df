// Files of feature networks, and the LeNet that writes one.
#include "figment/eval/feature_net.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <thread>

#include "figment/core/error.h"
#include "figment/core/testing.h"
#include "figment/core/testing_variable.h"
#include "figment/data/digits.h"
#include "figment/eval/feature_space.h"
#include "figment/eval/lenet.h"
#include "golden/golden.h"

namespace figment {
namespace {

std::string golden_file() { return testing::slurp(FIGMENT_GOLDEN "/feature_net.safetensors"); }

// The golden file with some of it changed.
std::string changed(const std::function<void(SafetensorsFile&)>& change) {
  auto file = decode_safetensors(golden_file(), "golden");
  change(file);
  return encode_safetensors(file.tensors, file.metadata);
}

TEST(FeatureNet, ReadsWhatOthersWroteAndAnswersAsTheySay) {
  const auto net = read_feature_net(FIGMENT_GOLDEN "/feature_net.safetensors");
  EXPECT_EQ(net.spec().title, "a net for tests");
  EXPECT_EQ(net.spec().about.at("made_by"), "make_sample_quality.py");
  EXPECT_EQ(net.width(), 4);
  const auto wanted = golden("sample_quality")["network"];
  const auto images = torch::tensor(flat<int64_t>(wanted["images"]), torch::kLong)
                          .to(torch::kUInt8)
                          .view({2, 1, 8, 8});
  const auto answer = net.look(images);
  const auto expect = [](const torch::Tensor& got, const nlohmann::json& list) {
    const auto all = torch::tensor(flat<double>(list), torch::kDouble).view(got.sizes());
    EXPECT_TRUE(torch::allclose(got.to(torch::kDouble), all, 1e-4, 1e-5)) << got << all;
  };
  expect(answer.features, wanted["features"]);
  expect(answer.logits, wanted["log_p"]);
  EXPECT_TRUE(torch::equal(classify(net, images), answer.logits.argmax(1)));
}

TEST(FeatureNet, IsTheSameAfterItWasWritten) {
  const auto net = decode_feature_net(golden_file(), "golden");
  const auto bytes = encode_feature_net(net);
  const auto again = decode_feature_net(bytes, "again");
  EXPECT_EQ(encode_feature_net(again), bytes);
  EXPECT_EQ(text_of_layers(again.spec()), text_of_layers(net.spec()));
  EXPECT_EQ(again.spec().about, net.spec().about);
  const auto images = torch::arange(128, torch::kUInt8).view({2, 1, 8, 8});
  EXPECT_TRUE(torch::equal(net.look(images).logits, again.look(images).logits));
}

TEST(FeatureNet, BringsPicturesToItsForm) {
  const auto net = decode_feature_net(golden_file(), "golden");
  const auto colour = torch::full({3, 3, 20, 10}, 51, torch::kUInt8);
  const auto prepared = net.prepare(colour);
  EXPECT_EQ(prepared.sizes(), (std::vector<int64_t>{3, 1, 8, 8}));
  EXPECT_TRUE(torch::allclose(prepared, torch::full({}, (51 / 255.0f - 0.25f) / 0.5f)));
}

TEST(FeatureNet, NoticesAnyChangeOfWhatItWrote) {
  const auto bytes = encode_feature_net(decode_feature_net(golden_file(), "golden"));
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    auto torn = bytes;
    torn[i] = static_cast<char>(torn[i] ^ 1);
    EXPECT_THROW(decode_feature_net(torn, "torn"), Error) << "byte " << i;
  }
}

TEST(FeatureNet, RefusesWhatIsNotInTheFormat) {
  const auto refused = [](const char* words, const std::function<void(SafetensorsFile&)>& change) {
    try {
      decode_feature_net(changed(change), "net");
      ADD_FAILURE() << "went unnoticed: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kCheckpoint);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  const auto says = [&](const char* words, const char* key, const char* text) {
    refused(words, [&](SafetensorsFile& file) { file.metadata[key] = text; });
  };
  const auto lacks = [&](const char* key) {
    refused(key, [&](SafetensorsFile& file) { file.metadata.erase(key); });
  };
  for (const auto* key : {"figment_feature_net", "title", "input", "mean", "deviation", "layers"})
    lacks(key);
  says("format 1, got '2'", "figment_feature_net", "2");
  says("expected a title", "title", "");
  says("got 2 words", "input", "8 8");
  says("within [1, 4096]", "input", "1 8 -8");
  says("1 or 3 channels", "input", "2 8 8");
  says("as many numbers", "mean", "0.5 0.5");
  says("expected numbers, got 'half'", "mean", "half");
  says("deviation above 0", "deviation", "0");
  says("finite mean", "mean", "nan");
  says("expected checksum", "figment_feature_net", "1 0123456789abcdef");
  says("expected checksum", "figment_feature_net", "1 ");
  says("line 1] expected conv", "layers", "convolution 2");
  says("such as 'conv 6 kernel 5'", "layers", "conv 2");
  says("got 'size'", "layers", "conv 2 size 3");
  says("whole number", "layers", "linear 2.5");
  says("whole number", "layers", "max_pool 0");
  says("nothing more", "layers", "relu 3");
  says("'features' alone", "layers", "features\nrelu");
  says("a line 'features'", "layers", "relu");
  says("behind a linear", "layers", "linear 4\nfeatures\nmax_pool 2");
  says("maps of 9 pixels", "layers", "conv 2 kernel 9\nfeatures\nlinear 3");
  says("'layer_0.weight' as float32", "layers", "conv 2 kernel 5\nfeatures\nlinear 3");
  says("as many numbers from the last layer", "classes", "a\nb");
  refused("classes for the layers", [](SafetensorsFile& f) { f.metadata.erase("classes"); });
  refused("'layer_8.bias', found none", [](SafetensorsFile& f) { f.tensors.pop_back(); });
  refused("expected 8 tensors",
          [](SafetensorsFile& f) { f.tensors.emplace_back("more", torch::zeros({1})); });
  refused("finite numbers in", [](SafetensorsFile& f) {
    f.tensors[1].second = torch::full_like(f.tensors[1].second, NAN);
  });
  EXPECT_THROW(read_feature_net("/nowhere/at/all.safetensors"), Error);
}

Dataset some_digits(int64_t n) {
  DigitsOptions options;
  options.image_size = 12;
  options.n_train = n;
  options.n_test = 200;
  return digits(options).train;
}

// A cache of its own for the time of a test.
struct OwnCache {
  testing::ScratchFolder folder{};
  testing::Variable variable{"XDG_CACHE_HOME", folder.path().c_str()};
};

TEST(Lenet, IsTrainedOnceKeptAndMadeAnewWhenDamaged) {
  const OwnCache cache;
  const auto training = some_digits(60);
  DigitsOptions options;
  options.image_size = 12;
  options.n_train = 1;
  options.n_test = 200;
  const auto test = *digits(options).test;
  std::mutex saying;
  int trained = 0;
  std::string damage;
  const Say say = [&](const std::string& line) {
    const std::lock_guard guard(saying);
    trained += line.rfind("training", 0) == 0 ? 1 : 0;
    if (line.rfind("not used", 0) == 0) damage = line;
  };
  // Two want it at a time: one makes it, the other takes it.
  std::optional<FeatureNet> one, other;
  std::thread first([&] { one = lenet(training, test, say); });
  std::thread second([&] { other = lenet(training, test, say); });
  first.join();
  second.join();
  EXPECT_EQ(trained, 1);
  const auto bytes = encode_feature_net(*one);
  EXPECT_EQ(encode_feature_net(*other), bytes);
  EXPECT_EQ(one->width(), 84);
  const auto square = one->look(training.x).features.square().mean().item<double>();
  EXPECT_NEAR(square, 1, 1e-5);
  EXPECT_NE(one->spec().title.find("60 images of digits"), std::string::npos);
  EXPECT_NE(one->spec().title.find("on 200 others"), std::string::npos);
  const auto error = error_of(*one, test);
  EXPECT_LT(error, 0.6);  // of ten classes, from six examples each
  EXPECT_NEAR(std::stod(one->spec().about.at("test_error")), error, 1e-9);

  // The file in the cache is a feature network like any other.
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(*features_folder()))
    if (entry.path().extension() == ".safetensors") file = entry.path();
  EXPECT_EQ(testing::slurp(file), bytes);
  testing::spill(file, bytes.substr(0, bytes.size() - 1));
  const auto again = lenet(training, test, say);
  EXPECT_EQ(trained, 2);
  EXPECT_NE(damage.find(file.string()), std::string::npos) << damage;
  // The same to the bit, but for the seconds it took.
  const auto images = test.x.narrow(0, 0, 50);
  EXPECT_TRUE(torch::equal(again.look(images).features, one->look(images).features));
}

TEST(Lenet, RefusesWhatItCannotLearnFrom) {
  auto set = some_digits(20);
  EXPECT_TRUE(suits_lenet(set));
  set.label = torch::Tensor();
  EXPECT_FALSE(suits_lenet(set));
  EXPECT_THROW(train_lenet(set), Error);
}

TEST(FeatureSpace, WithoutLabelsIsOfComponentsAndSaysSo) {
  auto set = some_digits(200);
  set.label = torch::Tensor();
  set.spec.classes.clear();
  const auto space = feature_space("", set, {}, Scaling::fit(set, ScalingKind::kAuto));
  EXPECT_EQ(space.width(), 64);
  EXPECT_NE(space.title().find("64 principal components of digits"), std::string::npos);
  const auto seen = space.observe(set.x);
  EXPECT_EQ(seen.features.sizes(), (std::vector<int64_t>{200, 64}));
  EXPECT_FALSE(seen.log_p.defined());
  // Components do not change distances by more than what they leave out.
  const auto x = set.x.flatten(1).to(torch::kFloat) / 255;
  EXPECT_LE((seen.features[0] - seen.features[1]).norm().item<double>(),
            (x[0] - x[1]).norm().item<double>() * 1.0001);
}

TEST(FeatureSpace, OfVectorsIsTheirScaledNumbers) {
  torch::manual_seed(5);
  Dataset set;
  set.name = "table";
  set.spec = {Modality::kVector, {3}, {}};
  set.x = torch::randn({50, 3}) * 10 + 5;
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  const auto space = feature_space("", set, {}, scaling);
  EXPECT_EQ(space.title(), "the 3 numbers of an example, as scaled for the model (no network)");
  EXPECT_TRUE(torch::equal(space.observe(set.x).features, scaling.to_model(set.x)));
  EXPECT_THROW(feature_space("net.safetensors", set, {}, scaling), Error);
  set.spec.shape = {200};
  set.x = torch::zeros({1, 200});
  try {
    feature_space("", set, {}, {});
    ADD_FAILURE() << "one example went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("at least 2 examples of 200 numbers"),
              std::string::npos);
  }
}

// All of their variance is kept where there are few examples, so that the distances of what is
// compared are those of the features.
void expect_distances(const torch::Tensor& features, const torch::Tensor& x) {
  const auto f = features.to(torch::kDouble), all = x.flatten(1).to(torch::kDouble);
  EXPECT_TRUE(torch::allclose(torch::cdist(f, f), torch::cdist(all, all), 1e-4, 1e-4));
}

TEST(FeatureSpace, OfLargeImagesWithoutLabelsIsOfThemMadeSmall) {
  torch::manual_seed(6);
  for (const int64_t channels : {1, 3}) {
    Dataset set;
    set.name = "large";
    set.spec = {Modality::kImage, {channels, 72, 90}, {}};
    set.x = torch::randint(0, 256, {20, channels, 72, 90}, torch::kUInt8);
    const auto space = feature_space("", set, {}, Scaling::fit(set, ScalingKind::kAuto));
    EXPECT_EQ(space.title(),
              "first 19 principal components of large (100.0 % of the variance) of "
              "the " +
                  std::to_string(1024 * channels) +
                  " numbers of an image resized to 32x32, as pixels in [0, 1] (no "
                  "network)");
    const auto seen = space.observe(set.x).features;
    EXPECT_EQ(seen.sizes(), (std::vector<int64_t>{20, 19}));
    expect_distances(seen, resized_pictures(set.x.to(torch::kFloat) / 255, 32, 32));
    // A few rows of many are the same as these rows of all.
    const auto rows = torch::tensor({7, 2, 19}, torch::kLong);
    EXPECT_TRUE(torch::allclose(space.observe(set.x, rows).features, seen.index_select(0, rows),
                                1e-4, 1e-5));
    const auto black = [](const torch::Tensor& x) { return torch::zeros_like(x); };
    const auto changed = space.observe(set.x, rows, black).features;
    EXPECT_TRUE(torch::allclose(changed[0], changed[2]));
  }
}

TEST(FeatureSpace, OfFewAndOfWideExamplesIsOfTheirProducts) {
  torch::manual_seed(7);
  Dataset set;
  set.name = "wide";
  for (const int64_t width : {200, 5000}) {
    set.spec = {Modality::kVector, {width}, {}};
    set.x = torch::randn({30, width});
    set.x[3].copy_(set.x[4]);
    const auto space = feature_space("", set, {}, {});
    EXPECT_EQ(space.width(), 29);
    expect_distances(space.observe(set.x).features, set.x);
  }
  // More of them than are held at once: as many of the first as are.
  set.spec.shape = {1'000'000};
  set.x = torch::randn({20, 1}).expand({20, 1'000'000});
  const auto space = feature_space("", set, {}, {});
  EXPECT_NE(space.title().find("first 7 principal components of the first 8 of wide"),
            std::string::npos)
      << space.title();
}

}  // namespace
}  // namespace figment
