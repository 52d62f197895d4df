// figment traverse: one coordinate of a code at a time, from low to high.
#include <cstdio>

#include "figment/apply/traversal.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kRows = 10, kSteps = 7;
constexpr int64_t kCodes = 5000;  // of training examples, that tell mean and deviation

}  // namespace

int verb_traverse(const Options& options) {
  if (options.queries.size() > 1)
    fail(Cause::kConfig, "--query", "expected one example to change the code of, got ",
         options.queries.size());
  const auto run = open_subject(options);
  need_sheet(options, run, "traversal.png");
  const CodeSpace space(run, "traverse", CodesOf::kExamples, say_on_stderr);
  const auto query = options.queries.empty() ? 0 : options.queries.front();
  const auto one = examples_at(open_part(run, options.split, options.data, console_watch(false)),
                               {query}, "--query", options.split);
  const auto at = deviations(options.reach, options.steps > 0 ? options.steps : kSteps);
  const auto found = traverse(space, one, open_part(run, "train").first(kCodes),
                              options.n > 0 ? options.n : kRows, at);
  write_sheet(options, run, {found.images}, at.size(0),
              "a row for each of " + std::to_string(found.coordinates.size(0)) + " of " +
                  std::to_string(space.width()) + " coordinates, from -" + shortest(options.reach) +
                  " to " + shortest(options.reach) + " deviations");
  auto rows = nlohmann::json::array();
  if (!options.json) std::puts("coordinate      mean  deviation  change");
  for (int64_t r = 0; r < found.coordinates.size(0); ++r) {
    const auto i = found.coordinates[r].item<int64_t>();
    const auto mean = found.statistics.mean[i].item<double>();
    const auto deviation = found.statistics.deviation[i].item<double>();
    const auto change = found.change[r].item<double>();
    rows.push_back(
        {{"coordinate", i}, {"mean", mean}, {"deviation", deviation}, {"change", change}});
    if (!options.json)
      std::printf("%10lld  %8.3g  %9.3g  %6.3g\n", static_cast<long long>(i), mean, deviation,
                  change);
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"query", query},
                         {"code_dim", space.width()},
                         {"coordinates", rows}});
  return 0;
}

}  // namespace figment::cli
