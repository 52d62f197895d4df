// figment vary: examples like given ones.
#include <cstdio>

#include "drawing.h"
#include "figment/apply/use.h"
#include "figment/apply/variation.h"
#include "figment/core/error.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kExamples = 8, kAnswers = 6;

}  // namespace

int verb_vary(const Options& options) {
  const auto run = open_subject(options);
  need_sheet(options, run, "variations.png");
  if (!(options.strength > 0))
    fail(Cause::kConfig, "--strength", "expected a number above 0 and at most 1, got ",
         options.strength);
  const auto part = open_part(run, options.split, options.data, console_watch(false));
  const auto set = options.queries.empty()
                       ? part.first(options.n > 0 ? options.n : kExamples)
                       : examples_at(part, options.queries, "--query", options.split);
  const auto answers = options.answers > 0 ? options.answers : kAnswers;
  prepare_drawing(run, options, answers * set.size());
  const auto varied = vary(run, set, {options.strength, answers, options.seed});
  const auto original = run.scaling.to_model(set.x);
  // How far off, in squared error an example: beside it that of two of the examples.
  const auto off = (varied - original).square().flatten(2).sum(2).mean().item<double>();
  const auto apart =
      (original - original.roll(1, 0)).square().flatten(1).sum(1).mean().item<double>();
  if (suffix_of(options.out) == ".npy") {
    write_examples(options.out, to_output(run, varied.flatten(0, 1)).view_as(varied).contiguous(),
                   options.verb);
  } else {
    std::vector<torch::Tensor> columns = {original};
    for (const auto& answer : varied.unbind(0)) columns.push_back(answer);
    write_sheet(options, run, {torch::stack(columns, 1).flatten(0, 1)}, answers + 1,
                std::to_string(set.size()) + " examples, a row each: as it is, then " +
                    std::to_string(answers) + " variations");
  }
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", set.size()},
                         {"answers", answers},
                         {"strength", options.strength},
                         {"seed", options.seed},
                         {"metrics", {{"squared_error", off}}},
                         {"baselines", {{"between_examples", apart}}}});
  else
    std::printf("%-28s %.6g\n%-28s %.6g\n", "squared_error", off, "baseline between_examples",
                apart);
  return 0;
}

}  // namespace figment::cli
