// figment edit: examples changed in an attribute, through axes of the latent space.
#include "figment/apply/edit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kEdited = 8, kSteps = 4;
constexpr double kTrustedR2 = 0.5, kTrustedAuroc = 0.8;

bool trusted(const AttributeAxis& axis) {
  return axis.quality >= (axis.column.yes_no ? kTrustedAuroc : kTrustedR2);
}

nlohmann::json to_json(const AttributeAxes& axes) {
  auto out = nlohmann::json::array();
  for (const auto& axis : axes.axes())
    out.push_back({{"attribute", axis.column.name},
                   {"mean", axis.mean},
                   {"deviation", axis.deviation},
                   {axis.measure(), axis.quality}});
  return out;
}

void print(const AttributeAxes& axes) {
  std::puts("attribute                     mean  deviation  held out");
  for (const auto& axis : axes.axes())
    std::printf("%-24s  %8.4g  %9.4g  %s %.3f%s\n", printable(axis.column.name).c_str(), axis.mean,
                axis.deviation, axis.measure(), axis.quality,
                trusted(axis) ? "" : "  (the codes tell little of it)");
}

void print(const EditWay& way, const AttributeAxis& axis) {
  const auto name = printable(way.edit.name);
  if (way.by_condition) {
    std::printf("%s %+.3g: by the condition of the model, with the same code\n", name.c_str(),
                way.edit.amount);
    return;
  }
  std::printf("%s %+.3g deviations: %s %.3f held out, independence %.2f; encoded again %+.3g\n",
              name.c_str(), way.edit.amount, axis.measure(), axis.quality, way.independence,
              way.reached);
  if (!way.fixed.empty())
    std::printf("  kept: %s; moved by %.2g at most\n",
                printable(join(way.fixed, ", "), 200).c_str(), std::abs(way.aside));
  if (!trusted(axis))
    std::cerr << name << ": the codes tell little of it; do not trust what moves along this axis\n";
}

nlohmann::json to_json(const std::vector<EditWay>& ways) {
  auto out = nlohmann::json::array();
  for (const auto& way : ways) {
    out.push_back({{"attribute", way.edit.name},
                   {"amount", way.edit.amount},
                   {"by", way.by_condition ? "condition" : "axis"}});
    if (way.by_condition) continue;
    out.back()["kept"] = way.fixed;
    out.back()["independence"] = way.independence;
    out.back()["reached"] = way.reached;
    out.back()["aside"] = way.aside;
  }
  return out;
}

std::vector<int64_t> asked(const Options& options, const Dataset& part) {
  if (!options.queries.empty()) return options.queries;
  std::vector<int64_t> out;
  for (int64_t i = 0; i < std::min(kEdited, part.size()); ++i) out.push_back(i);
  return out;
}

// [n * (steps + 2), shape...]: each example before its way.
torch::Tensor with_originals(const torch::Tensor& originals, const torch::Tensor& images,
                             int64_t steps) {
  auto shape = originals.sizes().vec();
  shape.insert(shape.begin() + 1, steps + 1);
  return torch::cat({originals.unsqueeze(1), images.reshape(shape)}, 1).flatten(0, 1);
}

}  // namespace

int verb_edit(const Options& options) {
  std::vector<AttributeEdit> edits;
  for (const auto& text : options.edits) edits.push_back(parse_edit(text));
  const auto run = open_subject(options);
  if (!edits.empty()) need_sheet(options, run, "edited.png");
  const CodeSpace space(run, "edit", CodesOf::kExamples, say_on_stderr);
  const auto part = open_part(run, options.split, options.data, console_watch(false));
  // Axes are fitted and judged on the run's own data, whatever is edited.
  const auto held_out = options.data.empty() ? part : open_part(run, "test");
  const auto axes = fit_axes(space, open_part(run, "train"), held_out);
  nlohmann::json document = {
      {"run", options.subject}, {"checkpoint", run.checkpoint.string()}, {"axes", to_json(axes)}};
  if (edits.empty()) {
    if (options.json)
      print_json(options, document);
    else
      print(axes);
    return 0;
  }
  const auto examples = examples_at(part, asked(options, part), "--query", options.split);
  const auto steps = options.steps > 0 ? options.steps : kSteps;
  const auto edited = edit(space, axes, examples, edits, steps);
  write_sheet(options, run, {with_originals(in_model_numbers(run, examples), edited.images, steps)},
              steps + 2,
              counted(examples.size(), "example") +
                  ": original, reconstruction, then step by step to the whole edit");
  if (options.json) {
    document["out"] = options.out;
    document["edits"] = to_json(edited.ways);
    print_json(options, document);
    return 0;
  }
  for (const auto& way : edited.ways) print(way, axes.axes()[axes.index_of(way.edit.name)]);
  return 0;
}

}  // namespace figment::cli
