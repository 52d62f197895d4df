#include "figment/models/aae/aae.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "figment/core/error.h"
#include "figment/data/npy.h"

namespace figment::models {
namespace {

const ExampleSpec kSpec{Modality::kVector, {8}, {"a", "b", "c"}};
constexpr int64_t kBatch = 128;

// Three clouds around points of eight dimensions, one for each class.
Batch clouds(int64_t n, std::uint64_t seed) {
  torch::manual_seed(3);
  const auto centres = torch::randn({3, 8});
  torch::manual_seed(seed);
  Batch batch;
  batch.label = torch::randint(3, {n}, torch::kLong);
  batch.x = centres.index_select(0, batch.label) + 0.4 * torch::randn({n, 8});
  return batch;
}

AaeConfig small() {
  AaeConfig config;
  config.coder.hidden = {48};
  config.discriminator.hidden = {48};
  for (auto* optimizer :
       {&config.optimizer, &config.discriminator_optimizer, &config.encoder_optimizer}) {
    optimizer->learning_rate = 2e-3;
    optimizer->beta1 = 0.5;
    optimizer->schedule = Schedule::kLinear;  // opponents end in peace
  }
  return config;
}

void learn(Aae& model, int steps) {
  for (int i = 0; i < steps; ++i) {
    const auto batch = clouds(kBatch, 100 + static_cast<std::uint64_t>(i));
    model.set_clock({i, steps, 0});
    model.training_step(batch);
  }
  model.eval();
}

// A code of each of many examples, drawn from the posterior.
torch::Tensor codes_of(Aae& model, const Batch& batch) {
  const torch::NoGradGuard no_grad;
  Noise noise(1, 0, batch.size());
  return model.draw_posterior(batch, noise);
}

TEST(Aae, BringsTheCodesToThePrior) {
  for (const auto posterior :
       {AaePosterior::kDeterministic, AaePosterior::kGaussian, AaePosterior::kUniversal}) {
    SCOPED_TRACE(name_of_enum(posterior));
    auto config = small();
    config.posterior = posterior;
    config.prior.deviation = 2;
    torch::manual_seed(1);
    Aae model(config, kSpec);
    const auto batch = clouds(4000, 7);
    const auto far = [&] {  // largest difference in mean or covariance
      const auto z = codes_of(model, batch);
      const auto covariance = torch::cov(z.t()) - 4 * torch::eye(2);
      return std::max(z.mean(0).abs().max().item<double>(),
                      covariance.abs().max().item<double>() / 4);
    };
    const auto before = far();
    learn(model, 900);
    EXPECT_GT(before, 0.5);
    EXPECT_LT(far(), 0.3);
    // And the codes still say which example they are of.
    const torch::NoGradGuard no_grad;
    const auto error = (model.reconstruct(batch) - batch.x).square().sum(1).mean();
    const auto spread = batch.x.var(0).sum();
    EXPECT_LT((error / spread).item<double>(), 0.5);
  }
}

// A circle without width has no density anywhere; a sampler is enough.
TEST(Aae, TakesAnySampler) {
  struct Circle : Prior {
    int64_t dim() const override { return 2; }
    Draw draw(const PriorNoise& noise, const torch::Tensor&, double) const override {
      const auto angle = 2 * M_PI * noise.uniform.select(1, 0);
      return {3 * torch::stack({angle.cos(), angle.sin()}, 1), {}};
    }
  };
  torch::manual_seed(1);
  Aae model(small(), kSpec, std::make_shared<Circle>());
  learn(model, 900);
  const auto radius = codes_of(model, clouds(2000, 7)).norm(2, 1);
  EXPECT_NEAR(radius.mean().item<double>(), 3, 0.4);
  EXPECT_LT(radius.std().item<double>(), 1);  // of a normal with the same second moments: 1.39
}

// A file of codes in a folder of its own.
class CodesFile {
 public:
  CodesFile() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "figment-prior-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~CodesFile() { std::filesystem::remove_all(folder_); }
  CodesFile(const CodesFile&) = delete;
  CodesFile& operator=(const CodesFile&) = delete;

  std::string path() const { return (folder_ / "codes.npy").string(); }
  void write(const torch::Tensor& codes) const {
    std::ofstream(path(), std::ios::binary) << encode_npy(codes);
  }
  void remove() const { std::filesystem::remove(path()); }

 private:
  std::filesystem::path folder_;
};

// [n, 2] on a circle of radius 3.
torch::Tensor ring(int64_t n) {
  const auto angle = torch::arange(n) * (2 * M_PI / static_cast<double>(n));
  return 3 * torch::stack({angle.cos(), angle.sin()}, 1);
}

AaeConfig of_file(const CodesFile& file, int64_t rows) {
  auto config = small();
  config.prior.kind = PriorKind::kFile;
  config.prior.file = file.path();
  config.prior.file_rows = rows;
  return config;
}

torch::Tensor prior_draws(Aae& model, int64_t n) {
  const torch::NoGradGuard no_grad;
  Noise noise(1, 0, n);
  return model.draw_prior(noise).z;
}

// The training reads the file; who opens what it kept needs it no more.
TEST(Aae, KeepsThePriorOfAFile) {
  const CodesFile file;
  file.write(ring(500));
  const auto config = of_file(file, 600);
  Aae model(config, kSpec);
  model.begin_stage({"train", 1});
  const auto z = prior_draws(model, 4000);
  EXPECT_LT((z.norm(2, 1) - 3).abs().max().item<float>(), 1e-4);
  EXPECT_GT(std::get<0>(torch::_unique(torch::atan2(z.select(1, 1), z.select(1, 0)))).size(0), 480);
  file.remove();
  Aae opened(config, kSpec);
  EXPECT_TRUE((prior_draws(opened, 10) == 0).all().item<bool>());
  for (const auto& item : model.named_buffers())
    opened.named_buffers()[item.key()].copy_(item.value());
  EXPECT_TRUE(torch::equal(prior_draws(opened, 4000), z));
  opened.begin_stage({"train", 1});  // as on resuming
  EXPECT_TRUE(torch::equal(prior_draws(opened, 4000), z));
  file.write(ring(500));
  opened.begin_stage({"train", 1});
  EXPECT_TRUE(torch::equal(prior_draws(opened, 4000), z));
}

TEST(Aae, RefusesAFileThatIsNoPrior) {
  const CodesFile file;
  const auto config = of_file(file, 50);
  Aae model(config, kSpec);
  const auto refused = [&](const std::string& words) {
    try {
      model.begin_stage({"train", 1});
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kData);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      return;
    }
    ADD_FAILURE() << "expected an error: " << words;
  };
  refused("expected an .npy file of codes, as model.prior.file names it, got nothing there");
  file.write(torch::zeros({20, 3}));
  refused("expected an array of codes [rows, 2], as wide as model.latent_dim, got [20, 3]");
  file.write(torch::zeros({20, 2, 1}));
  refused("expected an array of codes [rows, 2]");
  auto broken = ring(20);
  broken[7][1] = NAN;
  file.write(broken);
  refused("expected finite numbers in the range of float32, got nan in example 7");
  file.write(ring(51));
  refused("expected at most 50 rows, got 51; raise model.prior.file_rows");
  file.write(ring(50));
  model.begin_stage({"train", 1});
  file.write(ring(49));
  refused("expected the codes that the model has learned from so far, got others");
}

AaeConfig placing(int64_t labelled) {
  auto config = small();
  config.labels = true;
  config.labelled = labelled;
  config.prior.kind = PriorKind::kMixture;
  config.prior.parts = 3;
  return config;
}

// The share of examples whose code lies nearest to the middle of their class's part.
double placed(Aae& model) {
  const auto batch = clouds(2000, 7);
  const auto angle = torch::arange(3) * (2 * M_PI / 3);
  const auto middles = 3 * torch::stack({angle.cos(), angle.sin()}, 1);
  const auto nearest = torch::cdist(codes_of(model, batch), middles).argmin(1);
  return (nearest == batch.label).to(torch::kDouble).mean().item<double>();
}

TEST(Aae, LabelsPlaceTheCodes) {
  torch::manual_seed(1);
  Aae model(placing(0), kSpec);
  EXPECT_LT(placed(model), 0.9);
  learn(model, 800);
  EXPECT_GT(placed(model), 0.97);
  // And a label asked for chooses the part that is drawn from.
  EXPECT_TRUE(model.knows_classes());
  const torch::NoGradGuard no_grad;
  Noise one(5, 0, 400);
  const auto label = torch::arange(400) % 3;
  const auto made = model.sample({400, &one, label});
  Batch batch;
  batch.x = made;
  const auto wanted = torch::cdist(made, clouds(2000, 7).x);
  const auto nearest = clouds(2000, 7).label.index_select(0, wanted.argmin(1));
  EXPECT_GT((nearest == label).to(torch::kDouble).mean().item<double>(), 0.95);
}

// Lets a model of few labels choose them among these, and begins one of its later stages.
void choose_and_begin(Aae& model, const Batch& from, std::size_t stage) {
  const auto stages = model.stages(2);
  model.begin_stage(stages[0]);
  model.training_step(from);
  model.end_stage(stages[0]);
  model.begin_stage(stages.at(stage));
}

// Of few labels the others must not matter: with wrong ones the same weights are learned. The
// labels of the chosen do.
TEST(Aae, UsesTheLabelsItChoseAndNoOthers) {
  enum Wrong { kNone, kOthers, kAll };
  std::vector<std::vector<torch::Tensor>> learned;
  const auto batch = clouds(300, 9);
  LabelChoice choice(30, 3, 8);
  choice.offer(batch.x, batch.label);
  choice.conclude(kSpec.classes);
  const auto chosen = choice.has(batch.x);
  ASSERT_EQ(chosen.sum().item<int64_t>(), 30);
  for (const auto wrong : {kNone, kOthers, kAll}) {
    torch::manual_seed(1);
    Aae model(placing(30), kSpec);
    const auto stages = model.stages(2);
    ASSERT_EQ(stages.size(), 3u);
    EXPECT_EQ(stages[0].epochs, 1);
    EXPECT_EQ(stages[1].epochs, AaeConfig{}.placing_epochs);
    choose_and_begin(model, batch, 2);
    auto later = batch;
    const auto other = (batch.label + 1) % 3;
    if (wrong == kOthers) later.label = torch::where(chosen, batch.label, other);
    if (wrong == kAll) later.label = other;
    torch::manual_seed(2);
    for (int i = 0; i < 10; ++i) model.training_step(later);
    learned.push_back(model.parameters());
  }
  for (std::size_t i = 0; i < learned[0].size(); ++i)
    EXPECT_TRUE(torch::equal(learned[0][i], learned[1][i])) << i;
  EXPECT_FALSE(torch::equal(learned[0][0], learned[2][0]));
}

// Ten labels a class among 300 examples, in batches of 64 of which few have one.
TEST(Aae, FewLabelsPlaceTheCodes) {
  const auto all = clouds(300, 9);
  double sum = 0;
  for (const auto seed : {1, 2, 3, 4, 5, 6}) {
    torch::manual_seed(seed);
    Aae model(placing(30), kSpec);
    choose_and_begin(model, all, 2);
    for (int i = 0; i < 800; ++i) {
      const auto rows = torch::randperm(300).narrow(0, 0, 64);
      Batch batch;
      batch.x = all.x.index_select(0, rows);
      batch.label = all.label.index_select(0, rows);
      model.training_step(batch);
    }
    const auto share = placed(model);
    EXPECT_GT(share, 0.9) << "seed " << seed;
    sum += share;
  }
  EXPECT_GT(sum / 6, 0.95);
}

// While labels are placed nothing but the chosen examples has one: with all labels of the batch
// wrong the same weights are learned.
TEST(Aae, PlacesByTheChosenAlone) {
  const auto all = clouds(300, 9);
  std::vector<std::vector<torch::Tensor>> learned;
  for (const std::size_t stage : {1u, 2u})
    for (const bool wrong : {false, true}) {
      torch::manual_seed(1);
      Aae model(placing(30), kSpec);
      choose_and_begin(model, all, stage);
      auto batch = all;
      if (wrong) batch.label = (all.label + 1) % 3;
      for (int i = 0; i < 3; ++i) model.training_step(batch);
      learned.push_back(model.parameters());
    }
  for (std::size_t i = 0; i < learned[0].size(); ++i)
    EXPECT_TRUE(torch::equal(learned[0][i], learned[1][i])) << i;
  EXPECT_FALSE(torch::equal(learned[2][0], learned[3][0]));
}

template <class M>
std::shared_ptr<M> part(const torch::nn::Module& model, const std::string& name) {
  return std::dynamic_pointer_cast<M>(model.named_children()[name]);
}

void descend(const torch::Tensor& loss, const std::vector<torch::Tensor>& parameters, double rate) {
  const auto gradients = torch::autograd::grad({loss}, parameters);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].sub_(rate * gradients[i]);
}

// One step against its three phases written out, each of which moves its own networks alone.
TEST(Aae, TakesThePhasesInTurn) {
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    auto config = small();
    for (auto* optimizer :
         {&config.optimizer, &config.discriminator_optimizer, &config.encoder_optimizer}) {
      optimizer->algorithm = Algorithm::kSgd;
      optimizer->momentum = 0;
    }
    config.optimizer.learning_rate = 0.05;
    config.discriminator_optimizer.learning_rate = 0.3;
    config.encoder_optimizer.learning_rate = 0.2;
    torch::manual_seed(1);
    Aae model(config, kSpec);
    torch::manual_seed(1);
    Aae copy(config, kSpec);
    model.to(type);
    copy.to(type);
    Batch batch;
    batch.x = torch::randn({16, 8}, type);
    torch::manual_seed(6);
    model.training_step(batch);

    auto encoder = part<EncoderImpl>(copy, "encoder");
    auto decoder = part<DecoderImpl>(copy, "decoder");
    auto discriminator = part<DiscriminatorImpl>(copy, "discriminator");
    auto both = encoder->parameters();
    for (const auto& parameter : decoder->parameters()) both.push_back(parameter);
    const auto x = batch.x;
    descend((decoder->forward(encoder->forward(x)) - x).square().sum(1).mean(), both, 0.05);
    torch::manual_seed(6);
    torch::rand({16, 2}, type);
    const auto drawn = torch::randn({16, 2}, type);
    const auto made = encoder->forward(x).detach();
    descend(-torch::log_sigmoid(discriminator->forward(drawn)).mean() -
                torch::log_sigmoid(-discriminator->forward(made)).mean(),
            discriminator->parameters(), 0.3);
    descend(-torch::log_sigmoid(discriminator->forward(encoder->forward(x))).mean(),
            encoder->parameters(), 0.2);
    const double tolerance = type == torch::kDouble ? 1e-10 : 1e-5;
    const auto wanted = copy.parameters();
    const auto got = model.parameters();
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(torch::allclose(got[i], wanted[i], tolerance, tolerance)) << i;
  }
}

TEST(Aae, UniversalPosteriorsAreFedNoise) {
  const torch::NoGradGuard no_grad;
  for (const auto network : {Network::kMlp, Network::kConv}) {
    auto config = small();
    config.posterior = AaePosterior::kUniversal;
    config.coder.network = network;
    config.coder.channels = {4};
    torch::manual_seed(1);
    Aae model(config, {Modality::kImage, {2, 6, 6}, {}});
    model.eval();
    Batch batch;
    batch.x = torch::rand({5, 2, 6, 6});
    Noise one(1, 0, 5), two(2, 0, 5);
    const auto a = model.draw_posterior(batch, one), b = model.draw_posterior(batch, two);
    EXPECT_EQ(a.sizes().vec(), (std::vector<int64_t>{5, 2}));
    EXPECT_FALSE(torch::allclose(a, b));
    // The mean code is the same every time, and that of an example knows nothing of the others.
    const auto mean = model.encode(batch);
    EXPECT_TRUE(torch::equal(mean, model.encode(batch)));
    Batch alone;
    alone.x = batch.x.narrow(0, 3, 1);
    EXPECT_TRUE(torch::allclose(model.encode(alone)[0], mean[3], 1e-4, 1e-5));
  }
}

std::string problem_of(const std::function<void(AaeConfig&)>& change, const ExampleSpec& spec) {
  Problems problems;
  AaeConfig config;
  change(config);
  config.check({problems, "model", nullptr});
  if (problems.empty()) config.check_example(spec, {problems, "model", nullptr});
  return problems.lines().size() == 1 ? problems.lines()[0]
                                      : std::to_string(problems.lines().size()) + " problems";
}

TEST(Aae, RefusesWhatCannotBe) {
  const auto expect = [](const std::string& told, const std::string& words) {
    EXPECT_NE(told.find(words), std::string::npos) << told;
  };
  const auto labels = [](AaeConfig& c) {
    c.labels = true;
    c.prior.kind = PriorKind::kMixture;
    c.prior.parts = 3;
  };
  expect(problem_of([](auto& c) { c.labels = true; }, kSpec),
         "model.labels: expected a prior with a part for each class");
  expect(problem_of(
             [](auto& c) {
               c.labels = true;
               c.prior.kind = PriorKind::kFile;
               c.prior.file = "ring.npy";
             },
             kSpec),
         "mixture or swiss_roll, got file; set prior.kind");
  expect(problem_of([](auto& c) { c.prior.kind = PriorKind::kFile; }, kSpec),
         "model.prior.file: expected an .npy file of codes");
  expect(problem_of([](auto& c) { c.labelled = 5; }, kSpec), "model.labelled: expected 0");
  expect(problem_of(
             [&](auto& c) {
               labels(c);
               c.labelled = 2;
             },
             kSpec),
         "model.labelled: expected at least one example of each of the 3 classes, got 2");
  expect(problem_of(
             [&](auto& c) {
               labels(c);
               c.prior.parts = 10;
             },
             kSpec),
         "model.prior.parts: expected 3, one for each class, got 10");
  expect(problem_of(labels, {Modality::kVector, {8}, {}}), "model.labels: expected false");
  expect(problem_of(
             [](auto& c) {
               c.prior.kind = PriorKind::kSwissRoll;
               c.latent_dim = 3;
             },
             kSpec),
         "model.prior.kind: expected codes of 2 numbers");
  expect(problem_of([](auto& c) { c.loss = ReconstructionLoss::kPoisson; }, kSpec),
         "model.loss: expected squared_error, bounded_squared_error or cross_entropy, got poisson");
  expect(problem_of([](auto& c) { c.loss = ReconstructionLoss::kCrossEntropy; }, kSpec),
         "model.loss: expected squared_error for vector 8");
  expect(problem_of([](auto& c) { c.adversarial_loss = AdversarialLoss::kWasserstein; }, kSpec),
         "model.adversarial_loss: expected discriminator.normalization = \"spectral\"");
  expect(problem_of([](auto& c) { c.encoder_optimizer.average = 0.9; }, kSpec),
         "model.encoder_optimizer.average: expected 0");
  expect(problem_of([](auto& c) { c.discriminator.network = Network::kConv; }, kSpec),
         "model.discriminator.network: expected examples [channels, height, width]");
}

}  // namespace
}  // namespace figment::models
