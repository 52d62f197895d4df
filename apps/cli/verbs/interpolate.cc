// figment interpolate: from one example to another, through the codes and through the pixels.
#include "figment/apply/interpolation.h"

#include <cstdio>

#include "figment/apply/search.h"
#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kPairs = 4, kSteps = 10;
constexpr int64_t kLookedThrough = 1000;  // examples that pairs are taken of

struct Ends {
  Dataset from, to;
  std::vector<int64_t> from_index, to_index;
};

std::vector<int64_t> list_of(const torch::Tensor& index) {
  const auto flat = index.contiguous();
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

Ends ends_among(const Dataset& set, const Options& options, const std::string& part) {
  Ends out{{}, {}, options.from, options.to};
  if (out.from_index.empty()) {
    const auto pairs = pairs_of(set.first(kLookedThrough), options.n > 0 ? options.n : kPairs);
    if (pairs.size(0) == 0)
      fail(
          Cause::kData, "interpolate",
          "expected two examples of different classes, found none; name them with --from and --to");
    out.from_index = list_of(pairs.select(1, 0));
    out.to_index = list_of(pairs.select(1, 1));
  }
  out.from = examples_at(set, out.from_index, "--from", part);
  out.to = examples_at(set, out.to_index, "--to", part);
  return out;
}

// Samples of the model as examples.
Dataset samples_of(const LoadedRun& run, const Options& options) {
  SampleOptions sampling;
  sampling.n = 2 * (options.n > 0 ? options.n : kPairs);
  sampling.seed = options.seed;
  auto out = as_examples(run, sample(run, sampling));
  out.spec.classes.clear();  // of which class a sample is, nobody said
  return out;
}

void write_ways(const Options& options, const LoadedRun& run, const Interpolations& ways,
                int64_t steps) {
  const auto m = ways.angle.size(0);
  write_sheet(options, run, {ways.linear, ways.spherical, ways.plain}, steps,
              counted(m, "way") +
                  ", each through the codes along the line, then along the great circle, and "
                  "through the pixels");
}

void tell_ways(const Options& options, const LoadedRun& run, const Interpolations& ways,
               const Ends& ends, int64_t steps) {
  auto pairs = nlohmann::json::array();
  if (!options.json) std::puts("    from        to  angle  distance");
  for (int64_t i = 0; i < ways.angle.size(0); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto angle = ways.angle[i].item<double>(), distance = ways.distance[i].item<double>();
    const auto from = class_of(ends.from, i), to = class_of(ends.to, i);
    pairs.push_back({{"from", ends.from_index[at]},
                     {"to", ends.to_index[at]},
                     {"angle", angle},
                     {"distance", distance}});
    if (!from.empty()) {
      pairs.back()["from_class"] = from;
      pairs.back()["to_class"] = to;
    }
    if (options.json) continue;
    std::printf("%8lld  %8lld  %5.2f  %8.4g%s%s%s%s\n", static_cast<long long>(ends.from_index[at]),
                static_cast<long long>(ends.to_index[at]), angle, distance,
                from.empty() ? "" : "  ", from.c_str(), from.empty() ? "" : " to ", to.c_str());
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"steps", steps},
                         {"pairs", pairs}});
}

// For a model that does not encode, unless examples are asked for: both ends are draws from its
// prior, numbered in their order.
int between_drawn_codes(const Options& options, const CodeSpace& space) {
  if (!options.from.empty() || !options.data.empty())
    fail(Cause::kConfig, "interpolate", "expected --seed in place of ",
         options.from.empty() ? "--data" : "--from and --to", ", as '", space.run().family->name,
         "' has no codes of examples and goes from one drawn code to another");
  const auto m = options.n > 0 ? options.n : kPairs;
  const auto steps = options.steps > 0 ? options.steps : kSteps;
  const auto ways = interpolate_drawn(space, m, options.seed, steps);
  Ends ends;
  for (int64_t i = 0; i < m; ++i) {
    ends.from_index.push_back(2 * i);
    ends.to_index.push_back(2 * i + 1);
  }
  write_ways(options, space.run(), ways, steps);
  tell_ways(options, space.run(), ways, ends, steps);
  return 0;
}

}  // namespace

int verb_interpolate(const Options& options) {
  if (options.from.size() != options.to.size())
    fail(Cause::kConfig, "interpolate", "expected as many examples in --to as in --from (",
         options.from.size(), "), got ", options.to.size());
  const auto run = open_subject(options);
  need_sheet(options, run, "interpolation.png");
  // Codes of examples are searched for where examples are named, and drawn where they are not.
  const bool named = !options.from.empty() || !options.data.empty();
  const CodeSpace space(
      run, "interpolate",
      named && can_search(*run.model) ? CodesOf::kExamples : CodesOf::kExamplesOrPrior,
      say_on_stderr);
  if (!space.encodes()) return between_drawn_codes(options, space);
  const bool drawn = options.seed_given;
  if (drawn && space.conditional())
    fail(Cause::kConfig, "interpolate", "expected --from and --to in place of --seed, as '",
         run.family->name, "' encodes under conditions that a sample does not tell");
  const auto set = drawn ? samples_of(run, options)
                         : open_part(run, options.split, options.data, console_watch(false));
  const auto ends = ends_among(set, options, drawn ? "sampled" : options.split);
  const auto steps = options.steps > 0 ? options.steps : kSteps;
  const auto ways = interpolate(space, ends.from, ends.to, steps);
  write_ways(options, run, ways, steps);
  tell_ways(options, run, ways, ends, steps);
  return 0;
}

}  // namespace figment::cli
