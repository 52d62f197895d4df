// figment nearest: the training examples nearest to samples, and whether samples are copies.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>

#include "drawing.h"
#include "figment/apply/code_space.h"
#include "figment/apply/copies.h"
#include "figment/apply/labelled_samples.h"
#include "figment/apply/search.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/padding.h"
#include "figment/eval/sample_sets.h"
#include "figment/report/grid.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kSamples = 500;
constexpr int64_t kHeldOut = 2000;  // real examples that say what is near
constexpr int64_t kFewHeldOut = 200;
constexpr int64_t kDrawn = 10;  // rows of the sheet

// What is looked at: samples, or examples that were asked for.
struct Looked {
  Dataset set;
  std::vector<int64_t> index;  // in the part; of samples their number
  std::string what;            // "samples"
  bool encodable = true;       // its conditions, if the model has any, are known
  bool trained_on = false;     // these are training examples, none of which is its own neighbour
};

Looked samples_of(const LoadedRun& run, const Options& options) {
  const auto n = options.n > 0 ? options.n : kSamples;
  if (!run.family->abilities.samples)
    fail(Cause::kConfig, "nearest",
         "expected a model that samples, or examples to look at as "
         "--query 0 7 or --data SOURCE, but '",
         run.family->name, "' does not sample");
  const auto& able = ability<Samples>(run, &Abilities::samples, "nearest");
  Looked out;
  out.what = "samples";
  if (able.knows_classes()) {
    Dataset given;
    given.label = torch::arange(n, torch::kLong)
                      .remainder(static_cast<int64_t>(
                          std::max<std::size_t>(1, run.example().classes.size())));
    out.set = as_examples(run, sample_of_classes(run, given.label, options.seed), given);
    out.encodable = run.example().attributes.empty();
  } else {
    SampleOptions sampling;
    sampling.n = n;
    sampling.seed = options.seed;
    out.set = as_examples(run, sample(run, sampling));
  }
  const auto* conditions = dynamic_cast<Conditions*>(run.model.get());
  if (conditions != nullptr && (conditions->on_attributes() || conditions->on_part()))
    out.encodable = false;
  return out;
}

Looked looked_at(const LoadedRun& run, const Options& options) {
  Looked out;
  if (options.queries.empty() && options.data.empty()) {
    out = samples_of(run, options);
  } else {
    auto part = open_part(run, options.split, options.data, console_watch(false));
    out.index = options.queries;
    out.trained_on = options.data.empty() && options.split == "train";
    out.set = options.queries.empty()
                  ? part.first(options.n > 0 ? options.n : kSamples)
                  : examples_at(part, options.queries, "--query", options.split);
    out.what =
        "examples of " + (options.data.empty() ? "the " + options.split + " part" : options.data);
  }
  for (auto i = static_cast<int64_t>(out.index.size()); i < out.set.size(); ++i)
    out.index.push_back(i);
  return out;
}

// Where any model's samples can be compared beside their pixels, a model without codes included:
// features of the network of labelled images, or of one in a file.
std::optional<FeatureSpace> features_of(const LoadedRun& run, const Options& options,
                                        const Dataset& training) {
  if (options.features.empty() && !suits_lenet(training)) return std::nullopt;
  return space_of_run(options.features, training, {}, run.scaling, run.recipe.data, say_on_stderr);
}

// The judgement in one space: pixels (or numbers), codes or features.
struct Judged {
  std::string space;
  Nearness nearness;
  std::string title{};  // of the features
};

nlohmann::json to_json(const Judged& judged, const Looked& looked, const Dataset& training) {
  const auto& j = judged.nearness.judgement;
  nlohmann::json out = {{"metrics",
                         {{"nearer_than_99_percent", j.nearer},
                          {"singular_than_99_percent", j.singular},
                          {"median_distance", j.median}}},
                        {"baselines",
                         {{"held_out_nearer_than_99_percent", j.held_out_nearer},
                          {"held_out_singular_than_99_percent", j.held_out_singular},
                          {"held_out_median_distance", j.held_out_median}}},
                        {"nearest", nlohmann::json::array()}};
  const auto& near = judged.nearness.neighbours;
  for (int64_t q = 0; q < near.index.size(0); ++q) {
    const auto i = near.index[q][0].item<int64_t>();
    out["nearest"].push_back({{"index", looked.index[static_cast<std::size_t>(q)]},
                              {"training", i},
                              {"distance", near.distance[q][0].item<double>()},
                              {"held_out_nearer", judged.nearness.rank[q].item<double>()}});
    if (training.label.defined()) out["nearest"].back()["class"] = class_of(training, i);
  }
  if (!judged.title.empty()) out["title"] = judged.title;
  return out;
}

void print(const Judged& judged, const Looked& looked, const Dataset& training) {
  const auto& j = judged.nearness.judgement;
  const auto name = judged.space.c_str();
  const auto line = [&](const char* metric, double value, double baseline) {
    std::printf("%s_%-26s %-10.4g held-out examples %.4g\n", name, metric, value, baseline);
  };
  // One by one what was asked for one by one, together what is many.
  if (looked.set.size() > kDrawn) {
    line("nearer_than_99_percent", j.nearer, j.held_out_nearer);
    line("singular_than_99_percent", j.singular, j.held_out_singular);
    line("median_distance", j.median, j.held_out_median);
    return;
  }
  std::printf(
      "%s: nearest training example, distance, share of held-out examples that are nearer "
      "to one\n",
      name);
  const auto& near = judged.nearness.neighbours;
  for (int64_t q = 0; q < near.index.size(0); ++q) {
    const auto i = near.index[q][0].item<int64_t>();
    std::printf("%8lld  %8lld  %8.4g  %6.4f  %s\n",
                static_cast<long long>(looked.index[static_cast<std::size_t>(q)]),
                static_cast<long long>(i), near.distance[q][0].item<double>(),
                judged.nearness.rank[q].item<double>(), class_of(training, i).c_str());
  }
}

// The rows of the sheet: as asked for, or of many those nearest to a training example.
torch::Tensor rows_of(const Judged& judged) {
  const auto distance = judged.nearness.neighbours.distance.select(1, 0);
  if (distance.size(0) <= kDrawn) return torch::arange(distance.size(0));
  return distance.argsort().narrow(0, 0, kDrawn);
}

void write_rows(const Options& options, const LoadedRun& run, const Looked& looked,
                const Dataset& training, const std::vector<Judged>& judged) {
  const auto rows = rows_of(judged.front());
  std::vector<torch::Tensor> layers;
  layers.reserve(judged.size());
  for (const auto& one : judged)
    layers.push_back(found_images(run.scaling, looked.set.select(rows), training,
                                  one.nearness.neighbours.index.index_select(0, rows)));
  GridOptions grid;
  grid.columns = judged.front().nearness.neighbours.index.size(1) + 1;
  write_durably(options.out, encode_png(layered_grid(layers, grid)));
  std::cerr << "wrote " << options.out << " (" << rows.size(0) << " " << looked.what
            << (looked.set.size() > kDrawn ? ", those nearest to a training example" : "")
            << ", each before the " << grid.columns - 1 << " training examples nearest in pixels";
  for (std::size_t i = 1; i < judged.size(); ++i)
    std::cerr << (i == 1 ? ", below" : ", then") << " by their " << judged[i].space;
  std::cerr << ")\n";
}

}  // namespace

int verb_nearest(const Options& options) {
  if (!options.out.empty() && suffix_of(options.out) != ".png")
    fail(Cause::kConfig, "nearest", "expected --out FILE.png, got '", printable(options.out), "'");
  const auto run = open_subject(options);
  if (!options.out.empty() && run.example().modality != Modality::kImage)
    fail(Cause::kConfig, "nearest", "expected a model of images for --out; leave it out");
  prepare_drawing(run, options);
  const auto looked = looked_at(run, options);
  const auto training = open_part(run, "train");
  const auto held_out = open_part(run, "test").first(kHeldOut);
  const auto own = looked.trained_on ? torch::tensor(looked.index, torch::kLong) : torch::Tensor();
  const int64_t least = looked.trained_on ? 3 : 2;
  if (training.size() < least || held_out.size() < 2)
    fail(Cause::kData, "nearest", "expected ", least,
         " training examples and 2 test examples or more, got ", training.size(), " and ",
         held_out.size());
  const auto features = features_of(run, options, training);
  const auto judge = [&](const char* name, const auto& of) {
    return Judged{
        name, judge_nearness(of(training), of(looked.set), of(held_out), options.neighbours, own)};
  };
  std::vector<Judged> judged;
  judged.push_back(judge(
      run.example().modality == Modality::kImage ? "pixels" : "numbers",
      [&](const Dataset& set) { return to_model(run.scaling, set.x, set.length).flatten(1); }));
  if (run.family->abilities.encodes && looked.encodable)
    judged.push_back(
        judge("codes", [&](const Dataset& set) { return encode(run, set).to(torch::kFloat); }));
  if (features) {
    judged.push_back(
        judge("features", [&](const Dataset& set) { return features->observe(set.x).features; }));
    judged.back().title = features->title();
  }
  if (!options.out.empty()) write_rows(options, run, looked, training, judged);
  if (held_out.size() < kFewHeldOut)
    std::cerr << "only " << held_out.size() << " test examples say what is near; " << kFewHeldOut
              << " or more would tell\n";
  nlohmann::json document = {{"run", options.subject},
                             {"checkpoint", run.checkpoint.string()},
                             {"n", looked.set.size()},
                             {"training", training.size()},
                             {"held_out", held_out.size()}};
  if (!options.json) {
    std::cerr << looked.what << ": " << looked.set.size() << ", held against " << training.size()
              << " training examples, as " << held_out.size() << " test examples are\n";
    if (features) std::cerr << "features: " << features->title() << "\n";
  }
  for (const auto& one : judged) {
    if (options.json)
      document[one.space] = to_json(one, looked, training);
    else
      print(one, looked, training);
  }
  if (options.json) print_json(options, document);
  return 0;
}

}  // namespace figment::cli
