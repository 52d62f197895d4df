// figment inpaint: fills in what of an image is hidden.
#include <cstdio>

#include "drawing.h"
#include "figment/apply/inpainting.h"
#include "figment/apply/sampler_choice.h"
#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/files.h"
#include "figment/data/npy.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kExamples = 16, kAnswers = 4;

}  // namespace

int verb_inpaint(const Options& options) {
  const auto run = open_subject(options);
  need_sheet(options, run, "inpainted.png");
  const auto mask = mask_for(run, options.mask);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : kExamples);
  const auto asked = options.answers > 0 ? options.answers : kAnswers;
  prepare_drawing(run, options, asked * set.size());
  need_ancestral({options.sampler, options.steps, options.eta, options.guidance});
  const auto filled = inpaint(run, set, mask, asked, options.seed);
  const auto answers = filled.answers.size(0);
  std::vector<torch::Tensor> columns = {filled.given};
  for (const auto& answer : filled.answers.unbind(0)) columns.push_back(answer);
  columns.push_back(filled.truth);
  if (suffix_of(options.out) == ".npy") {
    // Of one answer, examples like any others, that compare and eval read.
    const auto out = to_output(run, filled.answers.flatten(0, 1));
    write_examples(options.out, answers == 1 ? out : out.view_as(filled.answers).contiguous(),
                   options.verb);
  } else {
    // A row an example: what is given, the answers, what it was.
    const auto rows = torch::stack(columns, 1).flatten(0, 1);
    write_sheet(options, run, {rows}, static_cast<int64_t>(columns.size()),
                std::to_string(set.size()) + " examples, a row each: what is known, " +
                    counted(answers, "answer") + ", and what it was");
  }
  double each = 0;
  for (const auto& answer : filled.answers.unbind(0))
    each += hidden_psnr(answer, filled.truth, mask) / static_cast<double>(answers);
  std::vector<std::pair<const char*, double>> results = {{"hidden_psnr", each}};
  if (answers > 1)
    results.emplace_back("hidden_psnr_of_mean",
                         hidden_psnr(filled.answers.mean(0), filled.truth, mask));
  const auto baselines = inpainting_baselines(run, open_part(run, "train"), filled.truth, mask);
  if (options.json) {
    nlohmann::json document = {{"run", options.subject},
                               {"checkpoint", run.checkpoint.string()},
                               {"out", options.out},
                               {"n", set.size()},
                               {"answers", answers},
                               {"seed", options.seed},
                               {"hidden", 1 - mask.mean().item<double>()}};
    for (const auto& [name, value] : results) document["metrics"][name] = value;
    for (const auto& [name, value] : baselines) document["baselines"][name] = value;
    print_json(options, document);
    return 0;
  }
  for (const auto& [name, value] : results) std::printf("%-28s %.6g\n", name, value);
  for (const auto& [name, value] : baselines)
    std::printf("%-28s %.6g\n", ("baseline " + name).c_str(), value);
  return 0;
}

}  // namespace figment::cli
