// Metrics of samples by name, of models whose samples are known.
#include "figment/eval/sample_sets.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/data/digits.h"
#include "figment/data/toy.h"
#include "figment/eval/calibration.h"
#include "figment/eval/frechet.h"
#include "figment/model/abilities.h"

namespace figment {
namespace {

// Draws what `make` says.
class Draws : public Model, public Samples {
 public:
  using Make = std::function<torch::Tensor(const SampleRequest&)>;
  Draws(ExampleSpec example, Make make, bool by_class = false)
      : Model(std::move(example)), make_(std::move(make)), by_class_(by_class) {
    register_parameter("weight", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  bool knows_classes() const override { return by_class_; }
  torch::Tensor sample(const SampleRequest& request) override {
    ++calls;
    return make_(request);
  }
  int calls = 0;

 private:
  Make make_;
  bool by_class_;
};

class Unable : public Model {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
};

double of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}
std::string note_of(const Measured& measured, const std::string& name) {
  for (const auto& [key, text] : measured.notes)
    if (key == name) return text;
  ADD_FAILURE() << "no note " << name;
  return "";
}

Measured measure(const char* name, Model& model, const Dataset& training, const Dataset& set,
                 MetricOptions options = {}) {
  static const Family family{"draws", "", "", {}, nullptr, nullptr, nullptr, nullptr};
  return metric_named(name).measure(
      {model, family, Scaling::fit(training, ScalingKind::kAuto), training, set, {}, 3, options});
}

Dataset points(int64_t n) {
  Dataset set;
  set.name = "points";
  set.spec = {Modality::kVector, {3}, {}};
  set.x = torch::randn({n, 3});
  return set;
}

Draws normal_of(const Dataset& set, double scale) {
  return Draws(set.spec, [scale](const SampleRequest& r) { return scale * r.noise->normal({3}); });
}

TEST(SampleMetrics, AreOfSamplesDrawnOnceForACommand) {
  torch::manual_seed(1);
  const auto training = points(500), set = points(400);
  auto model = normal_of(training, 1.5);
  {
    const SampleScope scope;
    const auto fid = measure("fid", model, training, set, {600});
    measure("kid", model, training, set, {600});
    const auto prdc = measure("prdc", model, training, set, {600});
    EXPECT_EQ(model.calls, 3);  // 600 samples by 256
    // What is measured is what they are.
    std::vector<torch::Tensor> drawn;
    for (int64_t first = 0; first < 600; first += 256) {
      const auto n = std::min<int64_t>(256, 600 - first);
      drawn.push_back(1.5 * Noise(3, first, n).normal({3}));
    }
    const auto real = Scaling::fit(training, ScalingKind::kAuto).to_model(set.x);
    EXPECT_NEAR(of(fid.metrics, "fid"), frechet_distance(torch::cat(drawn), real), 1e-5);
    EXPECT_EQ(fid.intervals.size(), 1u);
    EXPECT_EQ(prdc.intervals.size(), 4u);
    EXPECT_NE(note_of(fid, "features").find("no network"), std::string::npos);
    EXPECT_NE(note_of(fid, "samples").find("600 samples (seed 3) against 400"), std::string::npos);
    // Another request is another draw.
    measure("fid", model, training, set, {100});
    EXPECT_EQ(model.calls, 4);
  }
  measure("fid", model, training, set, {100});
  EXPECT_EQ(model.calls, 5);
}

TEST(SampleMetrics, AreHeldAgainstKnownSets) {
  torch::manual_seed(2);
  const auto training = points(800), set = points(800);
  auto good = normal_of(training, 1), bad = normal_of(training, 3);
  MetricOptions options;
  options.calibrate = true;
  const auto far = measure("fid", bad, training, set, options);
  EXPECT_LT(of(far.baselines, "real_fid"), 0.05);
  EXPECT_GT(of(far.metrics, "fid"), 1);
  EXPECT_NE(note_of(far, "reading of fid").find("above all"), std::string::npos);
  EXPECT_NE(note_of(far, "calibration").find("real is 800 real training examples"),
            std::string::npos);
  const auto near = measure("fid", good, training, set, options);
  EXPECT_LT(of(near.metrics, "fid"), 0.1);
}

TEST(SampleMetrics, RefuseWhatCannotBeMeasured) {
  torch::manual_seed(3);
  const auto set = points(50);
  auto model = normal_of(set, 1);
  auto broken = normal_of(set, NAN);
  Unable unable(set.spec);
  const auto refused = [&](Cause cause, const char* name, Model& of_model, const char* words) {
    try {
      measure(name, of_model, set, set);
      ADD_FAILURE() << "went unnoticed: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), cause);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  for (const auto* name : {"fid", "kid", "prdc", "modes", "inception_score", "memorisation"})
    refused(Cause::kConfig, name, unable, "a model that samples");
  refused(Cause::kRun, "fid", broken, "finite samples");
  refused(Cause::kData, "modes", model, "expected a classifier");
  refused(Cause::kData, "inception_score", model, "expected a classifier");
}

// Pictures of 2x2 of which the lit pixel is the class, and a network that knows it.
Dataset lights(int64_t n) {
  Dataset set;
  set.name = "lights";
  set.spec = {Modality::kImage, {1, 2, 2}, {"a", "b", "c", "d"}};
  set.label = torch::arange(n, torch::kLong).remainder(4);
  set.x = torch::zeros({n, 4}, torch::kUInt8)
              .scatter_(1, set.label.unsqueeze(1), 255)
              .view({n, 1, 2, 2});
  // No two alike.
  set.x = torch::where(set.x > 0, set.x, torch::randint(0, 60, {n, 1, 2, 2}, torch::kUInt8));
  return set;
}

std::string file_of_lights(const testing::ScratchFolder& folder) {
  FeatureNetSpec spec;
  spec.title = "which pixel is lit";
  spec.input = {1, 2, 2};
  spec.mean = {0};
  spec.deviation = {1};
  spec.classes = {"d", "c", "b", "a"};
  read_layers("linear 4\nfeatures\nlinear 4", spec, "lights");
  const FeatureNet net(std::move(spec),
                       {{"layer_0.weight", torch::eye(4)},
                        {"layer_0.bias", torch::zeros({4})},
                        {"layer_1.weight", torch::eye(4).flip(0) * 20},
                        {"layer_1.bias", torch::zeros({4})}},
                       "lights");
  const auto file = folder / "lights.safetensors";
  write_durably(file, encode_feature_net(net));
  return file.string();
}

torch::Tensor lit(const torch::Tensor& label) {
  return torch::zeros({label.size(0), 4}).scatter_(1, label.unsqueeze(1), 0.9).view({-1, 1, 2, 2});
}

TEST(Modes, FindAPlantedCollapseAndTheClassAskedFor) {
  torch::manual_seed(4);
  const testing::ScratchFolder folder;
  MetricOptions options;
  options.features = file_of_lights(folder);
  const auto training = lights(200), set = lights(100);
  // Draws two classes of four, whatever it is asked for ...
  Draws collapsed(training.spec, [](const SampleRequest& r) {
    return lit((r.noise->uniform({1}).flatten() * 2).to(torch::kLong));
  });
  const auto few = measure("modes", collapsed, training, set, options);
  EXPECT_EQ(of(few.metrics, "modes"), 2);
  EXPECT_NEAR(of(few.metrics, "class_total_variation"), 0.5, 1e-9);
  EXPECT_EQ(few.metrics.size(), 2u);
  EXPECT_EQ(note_of(few, "features"), "which pixel is lit");
  // ... or what it is asked for, but "c" for "d"; anything when not asked.
  Draws obeys(
      training.spec,
      [](const SampleRequest& r) {
        if (!r.label.defined()) return lit(torch::arange(r.n, torch::kLong).remainder(4));
        return lit(r.label.clamp_max(2));
      },
      true);
  const auto all = measure("modes", obeys, training, set, options);
  EXPECT_EQ(of(all.metrics, "modes"), 4);
  EXPECT_NEAR(of(all.metrics, "class_total_variation"), 0, 1e-9);
  EXPECT_NEAR(of(all.metrics, "label_agreement"), 0.75, 1e-9);
  const auto score = measure("inception_score", obeys, training, set, options);
  EXPECT_NEAR(of(score.metrics, "inception_score"), 4, 0.01);
  EXPECT_NEAR(of(score.baselines, "reference_inception_score"), 4, 0.05);
}

// Eight heaps of points in the plane, of which the model draws five: no network is needed to tell
// that, and other metrics of the command share the samples.
TEST(Modes, OfVectorsAreToldByAPlainClassifierThatIsNamed) {
  ToyOptions of_toy;
  of_toy.n_train = 2000;
  of_toy.n_test = 500;
  const auto source = toy("8gaussians", of_toy);
  const auto scaling = Scaling::fit(source.train, ScalingKind::kAuto);
  const auto drawn = toy_points("8gaussians", 5, 0, 4000);
  const auto few = scaling.to_model(
      drawn.x.index_select(0, (drawn.label < 5).nonzero().flatten()).narrow(0, 0, 1000));
  Draws model(source.train.spec, [&](const SampleRequest& r) { return few.narrow(0, 0, r.n); });
  const SampleScope scope;
  const auto fid = measure("fid", model, source.train, *source.test);
  const auto calls = model.calls;
  const auto modes = measure("modes", model, source.train, *source.test);
  EXPECT_EQ(model.calls, calls);
  EXPECT_EQ(of(modes.metrics, "modes"), 5);
  EXPECT_NEAR(of(modes.metrics, "class_total_variation"), 0.375, 0.08);
  EXPECT_NE(note_of(modes, "modes").find("of 8 classes"), std::string::npos);
  const auto named = note_of(modes, "classifier");
  EXPECT_NE(named.find("one hidden layer of 256"), std::string::npos) << named;
  EXPECT_NE(named.find("2000 examples of 8gaussians, error"), std::string::npos) << named;
  EXPECT_NE(named.find("on 500 of 8gaussians"), std::string::npos) << named;
  for (const auto& [name, text] : fid.notes) EXPECT_NE(name, "classifier") << text;
  // Samples and real ones are counted, as numbers.
  for (const auto& [name, counts] : modes.counts) {
    EXPECT_EQ(counts.samples, 500) << name;
    EXPECT_EQ(counts.reference, 500) << name;
  }
  EXPECT_EQ(modes.counts.size(), 2u);
  const auto score = measure("inception_score", model, source.train, *source.test);
  EXPECT_GT(of(score.metrics, "inception_score"), 2.5);
  EXPECT_LT(of(score.metrics, "inception_score"), 6);
}

TEST(MemorisationMetric, FindsAModelThatCopies) {
  DigitsOptions of_digits;
  of_digits.image_size = 10;
  of_digits.n_train = 300;
  of_digits.n_test = 100;
  auto source = digits(of_digits);
  source.train.label = source.test->label = torch::Tensor();
  const auto pictures = source.train.x.to(torch::kFloat) / 255;
  Draws copies(source.train.spec, [&](const SampleRequest& r) {
    return pictures.index_select(0, torch::arange(r.n, torch::kLong));
  });
  const auto found = measure("memorisation", copies, source.train, *source.test);
  EXPECT_EQ(of(found.metrics, "memorised"), 1);
  EXPECT_EQ(of(found.metrics, "nearest_ratio"), 0);
  EXPECT_LT(of(found.baselines, "real_memorised"), 0.1);
}

TEST(Calibration, GoesFromRealToBad) {
  DigitsOptions of_digits;
  of_digits.image_size = 16;
  of_digits.n_train = 400;
  of_digits.n_test = 400;
  const auto source = digits(of_digits);
  const auto sets = calibration_sets(source.train, 300);
  std::vector<torch::Tensor> made;
  std::vector<std::string> names;
  std::vector<double> distances;
  const auto pixels = [](const torch::Tensor& x) { return x.flatten(1).to(torch::kFloat) / 255; };
  const auto space = fit_pca(pixels(source.train.x), 20);
  for (const auto& set : sets) {
    const auto taken = source.train.x.index_select(0, set.index);
    const auto& x = made.emplace_back(set.change ? set.change(taken) : taken);
    EXPECT_EQ(set.size(), 300);
    EXPECT_EQ(x.scalar_type(), torch::kUInt8);
    EXPECT_EQ(x.sizes(), taken.sizes());
    names.push_back(set.name);
    distances.push_back(
        frechet_distance(space.encode(pixels(x)), space.encode(pixels(source.test->x))));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"real", "thresholded", "pca_50", "pca_30", "class_missing"}));
  EXPECT_LT(distances[0], distances[1]);
  EXPECT_LT(distances[0], distances[4]);
  const auto squares = [&](std::size_t i) {
    return (pixels(made[i]) - pixels(made[0])).square().sum().item<double>();
  };
  EXPECT_LT(squares(2), squares(3));
  EXPECT_EQ((made[1].remainder(255) != 0).sum().item<int64_t>(), 0);
  EXPECT_EQ((source.train.label.index_select(0, sets[4].index) == 0).sum().item<int64_t>(), 0);
  EXPECT_EQ(sets[4].what, "real examples without class 0");
}

}  // namespace
}  // namespace figment
