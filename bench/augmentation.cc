// What samples with labels are worth to a classifier: trains one on few real examples of each
// class, on these and samples of a model, and on samples alone; counts what it then knows of real
// examples.
//
//   augmentation RUN [--few 10,50] [--synthetic 500] [--steps 1500] [--seeds 3] [--split test]
//
// RUN is of a model that is told the class (as for `figment augment`). All classifiers make as many
// steps; where real and synthetic meet, half of what is learned from is real, each example often.
// The model has learned from the whole training part of its run: when the few are to be all that is
// known, train it with data.size as small.
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "figment/apply/code_space.h"
#include "figment/apply/labelled_samples.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/random.h"
#include "small_lenet.h"

namespace figment {
namespace {

struct Asked {
  std::string run{}, split = "test";
  std::vector<int64_t> few = {10, 50};
  int64_t synthetic = 500, steps = 1500, seeds = 3;
};

// Examples in the model's numbers.
struct Examples {
  torch::Tensor x, label;

  Examples joined(const Examples& more) const {
    return {torch::cat({x, more.x}), torch::cat({label, more.label})};
  }
  // Each in turn until there are n.
  Examples repeated(int64_t n) const {
    const auto rows = torch::arange(n, torch::kLong).remainder(x.size(0));
    return {x.index_select(0, rows), label.index_select(0, rows)};
  }
};

Examples examples_of(const LoadedRun& run, const Dataset& set) {
  if (!set.label.defined()) fail(Cause::kData, set.name, "expected examples with labels, got none");
  return {in_model_numbers(run, set), set.label};
}

// `few` of each class, which ones follows from the seed.
Examples some_of_each(const Examples& all, int64_t few, std::uint64_t seed) {
  const auto classes = all.label.max().item<int64_t>() + 1;
  std::vector<torch::Tensor> rows;
  for (int64_t k = 0; k < classes; ++k) {
    const auto where = (all.label == k).nonzero().flatten();
    const auto order = torch::tensor(permutation(where.size(0), seed, std::uint64_t(k)));
    rows.push_back(where.index_select(0, order.slice(0, 0, few)));
  }
  const auto chosen = torch::cat(rows);
  return {all.x.index_select(0, chosen), all.label.index_select(0, chosen)};
}

// What a classifier trained on `learned` gets right of `judged`, in percent.
double accuracy(const LoadedRun& run, const Examples& learned, const Examples& judged,
                int64_t steps, std::uint64_t seed) {
  torch::manual_seed(seed);
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  auto net = run.example().modality == Modality::kImage
                 ? bench::lenet(run.example().shape, classes)
                 : bench::dense(run.example().elements(), classes);
  const bench::Standard standard(learned.x);
  bench::train(net, learned.x, learned.label, standard, steps, seed);
  return bench::percent(bench::predict(net, judged.x, standard) == judged.label);
}

void print(const char* what, const std::vector<double>& values) {
  const auto x = torch::tensor(values, torch::kDouble);
  std::printf("%-34s %6.2f %%", what, x.mean().item<double>());
  if (values.size() > 1) std::printf(" +- %.2f", x.std().item<double>());
  std::printf("  (");
  for (std::size_t i = 0; i < values.size(); ++i)
    std::printf(i == 0 ? "%.2f" : ", %.2f", values[i]);
  std::printf(")\n");
  std::fflush(stdout);
}

int measure(const Asked& asked) {
  const auto run = open_run(asked.run);
  need_labelled_samples(run, "augmentation");
  const auto real = examples_of(run, open_part(run, "train"));
  const auto judged = examples_of(run, open_part(run, asked.split));
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  std::printf("%s, trained on %lld examples; judged on %lld of the %s part\n", asked.run.c_str(),
              static_cast<long long>(real.x.size(0)), static_cast<long long>(judged.x.size(0)),
              asked.split.c_str());
  std::vector<Examples> made;
  std::vector<double> alone;
  for (int64_t s = 0; s < asked.seeds; ++s) {
    const auto label = labels_of_each(classes, asked.synthetic);
    made.push_back({sample_of_classes(run, label, std::uint64_t(s)), label});
    alone.push_back(accuracy(run, made.back(), judged, asked.steps, std::uint64_t(s)));
  }
  print((std::to_string(asked.synthetic) + " synthetic a class").c_str(), alone);
  for (const auto few : asked.few) {
    std::vector<double> plain, mixed;
    for (int64_t s = 0; s < asked.seeds; ++s) {
      const auto seed = std::uint64_t(s);
      const auto& more = made[static_cast<std::size_t>(s)];
      const auto some = some_of_each(real, few, seed);
      plain.push_back(accuracy(run, some, judged, asked.steps, seed));
      mixed.push_back(
          accuracy(run, some.repeated(more.x.size(0)).joined(more), judged, asked.steps, seed));
    }
    const auto name = std::to_string(few) + " real a class";
    print(name.c_str(), plain);
    print((name + " and the synthetic").c_str(), mixed);
  }
  return 0;
}

std::vector<int64_t> numbers(const std::string& text) {
  std::vector<int64_t> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    out.push_back(std::stoll(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

int run_all(int argc, char** argv) {
  Asked asked;
  bool good = argc % 2 == 0;  // the run, then options in pairs
  for (int i = 1; i < argc && good; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      good = asked.run.empty();
      asked.run = word;
      continue;
    }
    if (i + 1 == argc) return exit_code(Cause::kConfig);
    const std::string value = argv[++i];
    if (word == "--few")
      asked.few = numbers(value);
    else if (word == "--synthetic")
      asked.synthetic = std::stoll(value);
    else if (word == "--steps")
      asked.steps = std::stoll(value);
    else if (word == "--seeds")
      asked.seeds = std::stoll(value);
    else if (word == "--split")
      asked.split = value;
    else
      good = false;
  }
  for (const auto few : asked.few) good = good && few > 0;
  if (!good || asked.run.empty() || asked.synthetic < 1 || asked.steps < 1 || asked.seeds < 1) {
    std::fprintf(stderr,
                 "augmentation RUN [--few 10,50] [--synthetic 500] [--steps 1500] [--seeds 3] "
                 "[--split test]\n");
    return exit_code(Cause::kConfig);
  }
  return measure(asked);
}

}  // namespace
}  // namespace figment

int main(int argc, char** argv) {
  try {
    return figment::run_all(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "augmentation: %s\n", error.what());
    return 1;
  }
}
