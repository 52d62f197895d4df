// figment restore: what a denoising model makes of damaged examples.
#include <cstdio>
#include <iostream>
#include <limits>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/eval/restoration.h"
#include "figment/report/grid.h"
#include "verb.h"

namespace figment::cli {
namespace {

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

}  // namespace

int verb_restore(const Options& options) {
  need_out(options, "restored.png");
  const auto run = open_subject(options);
  auto& able = ability<Restores>(run, &Abilities::restores, "restore");
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
      damaged.add(r.damaged, r.clean);
      restored.add(r.restored, r.clean);
      parts[0].push_back(r.clean);
      parts[1].push_back(r.damaged);
      parts[2].push_back(r.restored);
    });
    for (const auto& part : parts) layers.push_back(torch::cat(part));
    results = damaged.results("damaged");
    for (const auto& result : restored.results("restored")) results.push_back(result);
  } else {
    const auto x = run.scaling.to_model(set.x);
    layers = {x, restore(*run.model, x)};
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
