// figment inpaint: fills in what of an image is hidden.
#include <optional>

#include "drawing.h"
#include "figment/apply/inpainting.h"
#include "figment/apply/inpainting_quality.h"
#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/data/labels.h"
#include "latent_sheet.h"
#include "measured.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kExamples = 16, kAnswers = 4;

// The run of --beside and what it makes of the same holes.
struct Beside {
  LoadedRun run{};
  Inpainting filled{};
};

// Refused before anything is drawn where it cannot fill the hole.
Beside open_beside(const Options& options, const Dataset& set, const torch::Tensor& mask) {
  auto of_other = options;
  of_other.subject = options.object;
  of_other.checkpoint.clear();  // that is one of the run itself
  Beside out{open_subject(of_other), {}};
  check_example(out.run, set.spec, options.object);
  need_mask(out.run, mask);
  return out;
}

// A model that is told the class numbers the classes as it knows them.
Inpainting inpaint_beside(const Options& options, const LoadedRun& run, Dataset set,
                          const torch::Tensor& mask, int64_t answers) {
  if (!run.example().classes.empty()) adopt_classes(set, run.example().classes);
  return inpaint(run, set, mask, answers, options.seed);
}

void write_answers(const Options& options, const LoadedRun& run, const Inpainting& filled,
                   const std::optional<Beside>& other) {
  const auto answers = filled.answers.size(0);
  if (suffix_of(options.out) == ".npy") {
    // Of one answer, examples like any others, that compare and eval read.
    const auto out = to_output(run, filled.answers.flatten(0, 1));
    write_examples(options.out, answers == 1 ? out : out.view_as(filled.answers).contiguous(),
                   options.verb);
    return;
  }
  // A row an example: what is given, the answers, what it was.
  std::vector<torch::Tensor> columns = {filled.given};
  for (const auto& answer : filled.answers.unbind(0)) columns.push_back(answer);
  if (other) columns.push_back(other->filled.answers[0]);
  columns.push_back(filled.truth);
  const auto rows = torch::stack(columns, 1).flatten(0, 1);
  write_sheet(options, run, {rows}, static_cast<int64_t>(columns.size()),
              std::to_string(filled.truth.size(0)) + " examples, a row each: what is known, " +
                  counted(answers, "answer") +
                  (other ? ", the first of " + options.object + "," : ",") + " and what it was");
}

Measured measured_of(const Options& options, const LoadedRun& run, const Dataset& set,
                     const torch::Tensor& mask, const Inpainting& filled,
                     const std::optional<Beside>& other) {
  Measured out;
  out.metrics = hidden_results(filled, mask);
  const auto training = open_part(run, "train");
  auto fillings = plain_fillings(run, training, filled.truth, mask);
  for (const auto& filling : fillings)
    out.baselines.emplace_back(filling.name + "_hidden_psnr",
                               hidden_psnr(filling.images, filled.truth, mask));
  if (other) {
    const auto title = std::string(other->run.family->title);
    out.notes.emplace_back("beside", options.object + ": " + title + " of step " +
                                         std::to_string(other->run.state.step));
    for (const auto& [name, value] : hidden_results(other->filled, mask))
      out.baselines.emplace_back("beside_" + name, value);
    fillings.push_back({"beside", other->filled.answers[0]});
  }
  judge_completed(run, training, set, filled.answers[0], fillings, options.features, say_on_stderr,
                  out);
  return out;
}

}  // namespace

int verb_inpaint(const Options& options) {
  const auto run = open_subject(options);
  need_sheet(options, run, "inpainted.png");
  const auto mask = mask_for(run, options.mask);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : kExamples);
  std::optional<Beside> other;
  if (!options.object.empty()) other = open_beside(options, set, mask);
  const auto asked = options.answers > 0 ? options.answers : kAnswers;
  prepare_drawing(run, options, asked * set.size());
  const auto filled = inpaint(run, set, mask, asked, options.seed);
  if (other) other->filled = inpaint_beside(options, other->run, set, mask, asked);
  write_answers(options, run, filled, other);
  const auto measured = measured_of(options, run, set, mask, filled, other);
  if (!options.json) {
    print_measured(measured);
    return 0;
  }
  nlohmann::json document = {{"run", options.subject},
                             {"checkpoint", run.checkpoint.string()},
                             {"out", options.out},
                             {"n", set.size()},
                             {"answers", filled.answers.size(0)},
                             {"seed", options.seed},
                             {"hidden", 1 - mask.mean().item<double>()}};
  if (other) document["beside"] = options.object;
  fill_measured(document, measured);
  print_json(options, document);
  return 0;
}

}  // namespace figment::cli
