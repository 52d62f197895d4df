// figment restore: what a denoising model makes of damaged examples.
#include <cstdio>
#include <iostream>
#include <limits>

#include "drawing.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/data/image_codec.h"
#include "figment/eval/restoration.h"
#include "figment/model/stepwise.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kBatch = 256;
constexpr std::uint64_t kDrawing = 2;  // purpose of the noise, beside the damage

// Every example of --data, with nothing held out: all of them are to be restored.
Dataset damaged_examples(const Options& options, const LoadedRun& run) {
  if (options.data.empty())
    fail(Cause::kConfig, "restore",
         "expected damaged examples as --data SOURCE, or --corrupt to damage those of the run "
         "first");
  auto config = run.recipe.data;
  config.source = options.data;
  config.size = 0;
  config.validation = config.test = 0;
  config.normal = {};
  const auto data = open_data(config, console_watch(false));
  check_example(run, data.train.spec, options.data);
  return data.test.size() > 0 ? data.train.joined(data.test) : data.train;
}

// Sets the deviation of the noise that is taken off, and how, as asked for.
void prepare_noise(const LoadedRun& run, const Options& options) {
  auto* able = dynamic_cast<Denoises*>(run.model.get());
  if (able == nullptr && (options.noise > 0 || options.drawn))
    fail(Cause::kConfig, options.noise > 0 ? "--noise" : "--drawn",
         "expected a model that takes off noise of any deviation, in steps, but '",
         run.family->name, "' takes off the damage it was trained on; leave ",
         options.noise > 0 ? "--noise" : "--drawn", " out");
  if (options.noise > 0) able->restored_noise() = options.noise;
  prepare_drawing(run, options);
}

// One example that each may have been, drawn.
torch::Tensor drawn_of(const LoadedRun& run, const torch::Tensor& damaged, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto& able = dynamic_cast<Denoises&>(*run.model);
  std::vector<torch::Tensor> parts;
  for (const auto& part : damaged.split(kBatch)) {
    Batch batch;
    batch.x = part.to(run.device());
    const auto first = static_cast<int64_t>(parts.size()) * kBatch;
    Noise noise(mix(seed, kDrawing), first, part.size(0), run.device());
    parts.push_back(able.denoise(batch, noise).to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace

int verb_restore(const Options& options) {
  need_out(options, "restored.png");
  const auto run = open_subject(options);
  auto& able = ability<Restores>(run, &Abilities::restores, "restore");
  prepare_noise(run, options);
  need_damage(able, *run.model, "restore");
  const auto all = options.corrupt
                       ? open_part(run, options.split, options.data, console_watch(false))
                       : damaged_examples(options, run);
  const auto set = all.first(options.n > 0     ? options.n
                             : options.corrupt ? 32
                                               : std::numeric_limits<int64_t>::max());
  std::vector<torch::Tensor> layers;  // of the sheet, the restored last
  Results results;
  if (options.corrupt) {
    Closeness damaged, restored;
    std::vector<std::vector<torch::Tensor>> parts(3);
    for_each_restoration(*run.model, run.scaling, set, options.seed, [&](const Restoration& r) {
      const auto answer = options.drawn ? drawn_of(run, r.damaged, options.seed) : r.restored;
      damaged.add(r.damaged, r.clean);
      restored.add(answer, r.clean);
      parts[0].push_back(r.clean);
      parts[1].push_back(r.damaged);
      parts[2].push_back(answer);
    });
    for (const auto& part : parts) layers.push_back(torch::cat(part));
    results = damaged.results("damaged");
    for (const auto& result : restored.results("restored")) results.push_back(result);
  } else {
    const auto x = run.scaling.to_model(set.x);
    layers = {x, options.drawn ? drawn_of(run, x, options.seed) : restore(*run.model, x)};
  }
  if (suffix_of(options.out) == ".png" && set.spec.modality == Modality::kImage) {
    write_durably(options.out, encode_png(layered_grid(layers)));
    std::cerr << "wrote " << options.out << " (" << set.size() << " examples"
              << (options.corrupt ? ", each clean, damaged" : ", each damaged")
              << " and restored)\n";
  } else {
    write_examples(options.out, to_output(run, layers.back()), options.verb);
  }
  if (options.json) {
    nlohmann::json document = {{"run", options.subject},
                               {"checkpoint", run.checkpoint.string()},
                               {"out", options.out},
                               {"n", set.size()},
                               {"metrics", nlohmann::json::object()}};
    for (const auto& [name, value] : results) document["metrics"][name] = value;
    print_json(options, document);
  } else {
    for (const auto& [name, value] : results) {
      char line[100];
      std::snprintf(line, sizeof line, "%-28s %.6g", name.c_str(), value);
      std::cout << line << "\n";
    }
  }
  return 0;
}

}  // namespace figment::cli
