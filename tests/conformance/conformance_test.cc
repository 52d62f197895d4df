// What every family must do, asked of every family there is. A new family is covered without a line
// here.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "figment/apply/classify.h"
#include "figment/apply/compress.h"
#include "figment/apply/search.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/data/loader.h"
#include "figment/eval/anomaly_scores.h"
#include "figment/eval/compression.h"
#include "figment/eval/evaluate.h"
#include "figment/eval/restoration.h"
#include "figment/model/conditions.h"
#include "figment/model/families.h"
#include "figment/model/likelihood.h"
#include "figment/train/device.h"
#include "figment/train/trainer.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

Recipe recipe_for(const Family& family, int64_t epochs = 3) {
  Recipe recipe;
  recipe.family = std::string(family.name);
  recipe.seed = 7;
  recipe.device = "cpu";
  recipe.threads = 2;
  recipe.data.source = "digits";
  recipe.data.size = 320;
  recipe.data.image_size = 12;
  recipe.train.epochs = epochs;
  recipe.train.batch_size = 64;
  recipe.train.log_every = 3;
  recipe.train.picture_every = 0;
  return recipe;
}

// Stops the run after a number of steps, as a signal would.
struct StopAt : Observer {
  StopAt(std::atomic<int>* stop, int64_t at) : flag(stop), last(at) {}
  void on_epoch(Model&, int64_t) override {}
  void on_metrics(int64_t step, const std::vector<std::pair<std::string, double>>&) override {
    if (step >= last) flag->store(2);
  }
  std::atomic<int>* flag;
  int64_t last;
};

class EveryFamily : public ::testing::TestWithParam<const Family*> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "figment-conformance-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  const Family& family() const { return *GetParam(); }

  Outcome run(const std::string& name, const Recipe& recipe, int64_t stop_at = 0,
              bool resume = false) {
    std::atomic<int> stop{0};
    TrainOptions options;
    options.folder = folder_ / name;
    options.quiet = true;
    options.resume = resume;
    options.stop = &stop;
    if (stop_at > 0)
      options.observer = [&](Model&, const Splits&, const Scaling&, const RunFolder&) {
        return std::make_unique<StopAt>(&stop, stop_at);
      };
    return train(family(), recipe, options);
  }

  CheckpointFiles last_of(const std::string& name) const {
    return read_checkpoint(*pointed(folder_ / name / "checkpoints", "last"));
  }

  std::shared_ptr<Model> fresh(const ExampleSpec& example) {
    Problems problems;
    seed_generators(5);
    auto model = family().make(Value(), example, problems);
    EXPECT_TRUE(problems.empty());
    return model;
  }

  fs::path folder_;
};

TEST_P(EveryFamily, LearnsFromItsDefaults) {
  const auto recipe = recipe_for(family(), 8);
  const auto data = open_data(recipe.data);
  const auto scaling = Scaling::fit(data.train, recipe.data.scaling);
  const auto before = validate(*fresh(data.train.spec), data.validation, scaling, 64, 1);
  run("a", recipe);
  auto opened = open_run(folder_ / "a", {"last", "cpu"});
  const auto after = validate(*opened.model, data.validation, scaling, 64, 1);
  ASSERT_FALSE(after.empty());
  for (const auto& [name, value] : after) EXPECT_TRUE(std::isfinite(value)) << name;
  if (after.front().first == "loss") {
    EXPECT_LT(after.front().second, 0.95 * before.front().second);
  }
}

TEST_P(EveryFamily, GivesTheSameBitsForTheSameSeed) {
  auto recipe = recipe_for(family(), 2);
  run("a", recipe);
  run("b", recipe);
  EXPECT_EQ(last_of("a").files, last_of("b").files);
  recipe.seed = 8;
  run("c", recipe);
  EXPECT_NE(last_of("a").files.at("model.safetensors"), last_of("c").files.at("model.safetensors"));
}

TEST_P(EveryFamily, ResumesAsIfItHadNeverStopped) {
  const auto recipe = recipe_for(family(), 3);
  const auto whole = run("whole", recipe);
  // In the middle of an epoch of five steps; of the only epoch there is, for a closed form.
  const auto broken = run("broken", recipe, std::min<int64_t>(6, whole.state.step - 2));
  ASSERT_TRUE(broken.interrupted);
  ASSERT_FALSE(broken.state.finished);
  run("broken", recipe, 0, true);
  EXPECT_EQ(last_of("whole").files, last_of("broken").files);
  // The lines of metrics are those of the whole run too, but for the clock.
  const auto lines = [&](const std::string& name) {
    auto all = read_json_lines(folder_ / name / "metrics.jsonl");
    for (auto& line : all) line.erase("seconds");
    return all;
  };
  EXPECT_EQ(lines("whole"), lines("broken"));
}

TEST_P(EveryFamily, LearnsWithProductsInBfloat16) {
  auto recipe = recipe_for(family(), 1);
  recipe.data.size = 160;
  recipe.train.precision = Precision::kBfloat16;
  run("a", recipe);
  auto opened = open_run(folder_ / "a", {"last", "cpu"});
  const auto set = open_data(recipe.data).validation;
  for (const auto& [name, value] : validate(*opened.model, set, opened.scaling, 64, 1))
    EXPECT_TRUE(std::isfinite(value)) << name;
  for (const auto& item : opened.model->named_parameters())
    EXPECT_EQ(item.value().scalar_type(), torch::kFloat) << item.key();
}

TEST_P(EveryFamily, IsTheSameAfterSavingAndLoading) {
  const auto recipe = recipe_for(family(), 2);
  run("a", recipe);
  const auto set = open_data(recipe.data).validation;
  const auto judge = [&] {
    auto opened = open_run(folder_ / "a", {"last", "cpu"});
    return validate(*opened.model, set, opened.scaling, recipe.train.batch_size,
                    mix(recipe.seed, 4));
  };
  const auto one = judge();
  EXPECT_EQ(one, judge());
  // What the run itself measured at its end, before anything was written.
  const auto lines = read_json_lines(folder_ / "a" / "metrics.jsonl");
  for (const auto& [name, value] : one) {
    double logged = NAN;
    for (const auto& line : lines) logged = line.value("validation/" + name, logged);
    EXPECT_EQ(logged, value) << name;
  }
}

TEST_P(EveryFamily, ChangesNothingWhenItJudges) {
  const auto recipe = recipe_for(family());
  const auto data = open_data(recipe.data);
  auto model = fresh(data.train.spec);
  const auto bytes = [&] { return pack(*model, recipe, Scaling(), {}, {}).files; };
  const auto before = bytes();
  validate(*model, data.validation, Scaling::fit(data.train, ScalingKind::kAuto), 16, 1);
  evaluate(*model, Scaling::fit(data.train, ScalingKind::kAuto), data.validation, 1);
  EXPECT_EQ(before, bytes());
}

TEST_P(EveryFamily, RefusesUnknownKeysAndExplainsItself) {
  Value config;
  set_override(config, "no_such_key=1");
  Problems problems;
  family().resolve(config, problems);
  ASSERT_EQ(problems.lines().size(), 1u);
  EXPECT_NE(problems.lines()[0].find("model.no_such_key: unknown key"), std::string::npos);
  EXPECT_NE(family().explain().find("[model]"), std::string::npos);
  EXPECT_EQ(family().schema()["type"], "object");
  EXPECT_FALSE(family().title.empty());
  EXPECT_EQ(family().source.substr(0, 8), "https://");
}

TEST_P(EveryFamily, LearnsFromABatchOfOne) {
  const auto recipe = recipe_for(family());
  const auto data = open_data(recipe.data);
  auto model = fresh(data.train.spec);
  const auto stage = model->stages(1).front();
  model->begin_stage(stage);
  model->train();
  model->set_clock({0, 10, 0});
  Loader loader(data.train, Scaling::fit(data.train, ScalingKind::kAuto),
                {1, false, 0, torch::kCPU});
  for (const auto& [name, value] : model->training_step(loader.batch(0, 0)))
    EXPECT_TRUE(std::isfinite(value.item<double>())) << name;
}

// What is done with the abilities of a model: of examples as many and of the same kind come back.
void expect_uses(const LoadedRun& run, const Dataset& set) {
  const torch::NoGradGuard no_grad;
  auto& model = *run.model;
  const auto& able = run.family->abilities;
  const auto x = run.scaling.to_model(set.x);
  if (scores_anomalies(model)) {
    const AnomalyDetector detector(model, run.scaling, set);
    for (const auto& [name, scores] : detector.score(set)) {
      EXPECT_EQ(scores.sizes().vec(), std::vector<int64_t>{set.size()}) << name;
      EXPECT_TRUE(scores.isfinite().all().item<bool>()) << name;
    }
  }
  if (able.encodes && able.decodes && decodes_codes_alone(model)) {
    EXPECT_EQ(decompress(run, compress(run, set, 6), "codes").sizes(), x.sizes());
  }
  if (auto* separates = dynamic_cast<Separates*>(&model)) {
    auto wanted = x.sizes().vec();
    wanted.insert(wanted.begin() + 1, separates->sources());
    const auto sources = separates->separate(x);
    EXPECT_EQ(sources.sizes().vec(), wanted);
    EXPECT_TRUE(sources.isfinite().all().item<bool>());
  }
  if (classifier_of(model) != nullptr || class_densities_of(model) != nullptr) {
    const auto shares = classify(run, set, set, {}).log_p.exp().sum(1);
    EXPECT_TRUE(torch::allclose(shares, torch::ones_like(shares), 1e-4, 1e-4));
  }
  if (able.restores) {
    const auto restored = restore(model, x);
    EXPECT_EQ(restored.sizes(), x.sizes());
    EXPECT_TRUE(restored.isfinite().all().item<bool>());
  }
}

TEST_P(EveryFamily, DoesWhatItsCardSays) {
  const auto recipe = recipe_for(family(), 1);
  run("a", recipe);
  const auto opened = open_run(folder_ / "a", {"last", "cpu"});
  const auto set = open_data(recipe.data).validation.first(5);
  const auto shape = set.spec.shape;
  const auto expect_examples = [&](const torch::Tensor& x, int64_t n) {
    auto wanted = shape;
    wanted.insert(wanted.begin(), n);
    EXPECT_EQ(x.sizes().vec(), wanted);
    EXPECT_TRUE(x.isfinite().all().item<bool>());
  };
  const auto& able = family().abilities;
  if (able.samples) {
    SampleOptions options;
    options.n = 10;
    const auto x = sample(opened, options);
    expect_examples(x, 10);
    // The same seed draws the same, whatever the batch size.
    options.batch_size = 3;
    EXPECT_TRUE(torch::allclose(x, sample(opened, options), 1e-4, 1e-5));
    if (!dynamic_cast<Samples*>(opened.model.get())->knows_classes()) {
      auto labelled = options;
      labelled.label = 1;
      EXPECT_THROW(sample(opened, labelled), Error);
    }
    options.seed = 2;
    EXPECT_FALSE(torch::allclose(x, sample(opened, options), 1e-4, 1e-5));
  }
  if (able.reconstructs) expect_examples(reconstruct(opened, set), 5);
  if (able.encodes) {
    const auto codes = encode(opened, set);
    EXPECT_EQ(codes.dim(), 2);
    EXPECT_EQ(codes.size(0), 5);
    EXPECT_TRUE(codes.isfinite().all().item<bool>());
    if (able.decodes) expect_examples(decode(opened, codes), 5);
  }
  if (able.hashes) {
    const auto bits = hash(opened, set);
    EXPECT_EQ(bits.sizes().vec(),
              (std::vector<int64_t>{5, dynamic_cast<Hashes*>(opened.model.get())->bits()}));
    EXPECT_TRUE(bits.scalar_type() == torch::kByte && bits.max().item<int>() <= 1);
  }
  expect_uses(opened, set);
  // Without knowing what a likelihood is of, nobody can turn it into bits.
  if (dynamic_cast<Posteriors*>(opened.model.get()) != nullptr) {
    EXPECT_NE(dynamic_cast<StatesLikelihood*>(opened.model.get()), nullptr);
  }
  const auto results = evaluate(*opened.model, opened.scaling, set, 1);
  for (const auto& [name, value] : results) EXPECT_TRUE(std::isfinite(value)) << name;
  EXPECT_EQ(results, evaluate(*opened.model, opened.scaling, set, 1));
  // A missing ability is a sentence, not a crash.
  if (!able.samples) {
    EXPECT_THROW(sample(opened, {}), Error);
  }
  if (!able.reconstructs) {
    EXPECT_THROW(reconstruct(opened, set), Error);
  }
}

TEST_P(EveryFamily, StopsBeforeAStateThatIsNotFinite) {
  auto recipe = recipe_for(family(), 4);
  Problems problems;
  auto config = family().resolve(Value(), problems);
  if (config.find("optimizer") == nullptr) GTEST_SKIP() << "the family has no optimizer to upset";
  const auto model = fresh(open_data(recipe.data).train.spec);
  bool steps = false;  // its default may be a closed form
  for (const auto& stage : model->stages(1)) {
    model->begin_stage(stage);
    steps = steps || !model->optimizers().empty();
  }
  if (!steps) GTEST_SKIP() << "the family takes no gradient step by default";
  // Of all its optimizers: a generator alone may end up silent, and finite.
  const std::string suffix = "optimizer";
  for (const auto& entry : *config.as<Table>()) {
    const auto& key = entry.key;
    if (key.size() < suffix.size() || key.substr(key.size() - suffix.size()) != suffix) continue;
    set_override(recipe.model, key + ".learning_rate=1e30");
    set_override(recipe.model, key + ".algorithm=sgd");
  }
  try {
    run("a", recipe);
    FAIL() << "a learning rate of 1e30 went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kDiverged);
    EXPECT_NE(std::string(error.what()).find("learning_rate"), std::string::npos) << error.what();
  }
  // Whatever was saved is finite.
  const auto newest = newest_whole(folder_ / "a" / "checkpoints", [](const std::string&) {});
  if (!newest) return;
  for (const auto& [name, tensor] :
       decode_safetensors(read_checkpoint(*newest).files.at("model.safetensors"), "a").tensors)
    EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
}

TEST_P(EveryFamily, RefusesToGoOnWithOtherData) {
  auto recipe = recipe_for(family(), 2);
  run("a", recipe, 4);
  recipe.data.size = 300;
  try {
    run("a", recipe, 0, true);
    FAIL() << "other data went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("fingerprint"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, ::testing::ValuesIn(families()),
                         [](const auto& one) { return std::string(one.param->name); });

}  // namespace
}  // namespace figment
