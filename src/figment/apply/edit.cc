#include "figment/apply/edit.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

constexpr int64_t kFitted = 10000, kJudged = 5000;  // examples
constexpr int64_t kWidest = 1024;  // numbers of a code, each an unknown of every regression
const std::string kClassPrefix = "class:";

// What the edits do to codes and to conditions.
struct Plan {
  std::vector<EditWay> ways;
  torch::Tensor way;         // [k] double: of codes, for the whole edit
  torch::Tensor attributes;  // [a] float: added to conditions, for the whole edit; may be undefined
  int64_t label = -1;        // the class in place of their own; -1: their own
  std::vector<bool> yes_no;  // of the attributes
};

// The whole edit of one attribute that is a condition of the model.
bool plan_condition(const CodeSpace& space, const AttributeAxes& axes, const AttributeEdit& edit,
                    Plan& plan) {
  const auto& spec = space.run().example();
  if (space.on_class() && edit.name.rfind(kClassPrefix, 0) == 0) {
    const auto found =
        std::find(spec.classes.begin(), spec.classes.end(), edit.name.substr(kClassPrefix.size()));
    if (found == spec.classes.end()) return false;
    if (edit.amount <= 0)
      fail(Cause::kConfig, "--attribute", "expected a positive amount for ", printable(edit.name),
           ": the model is told the class, which can be given but not taken away");
    plan.label = found - spec.classes.begin();
    return true;
  }
  if (!space.on_attributes()) return false;
  const auto found = std::find(spec.attributes.begin(), spec.attributes.end(), edit.name);
  if (found == spec.attributes.end()) return false;
  if (!plan.attributes.defined())
    plan.attributes = torch::zeros({static_cast<int64_t>(spec.attributes.size())});
  plan.attributes[found - spec.attributes.begin()] =
      edit.amount * axes.axes()[axes.index_of(edit.name)].deviation;
  return true;
}

void plan_axis(const AttributeAxes& axes, const AttributeEdit& edit, EditWay& way, Plan& plan) {
  const auto i = axes.index_of(edit.name);
  const auto fixed = axes.usual_fixed(i);
  for (const auto k : fixed) way.fixed.push_back(axes.axes()[k].column.name);
  const auto direction = axes.direction(i, fixed);
  way.independence = direction.independence;
  if (direction.independence == 0)
    fail(Cause::kData, "--attribute", "expected an axis for ", printable(edit.name),
         " that the others leave something of, but the code tells nothing of it",
         way.fixed.empty() ? "" : " beside " + join(way.fixed, ", "));
  plan.way = plan.way + edit.amount * direction.way;
}

Plan plan_of(const CodeSpace& space, const AttributeAxes& axes,
             const std::vector<AttributeEdit>& edits) {
  Plan plan;
  plan.way = torch::zeros({space.width()}, torch::kDouble);
  for (const auto& name : space.run().example().attributes) {
    const auto& all = axes.axes();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& axis) { return axis.column.name == name; });
    plan.yes_no.push_back(found != all.end() && found->column.yes_no);
  }
  for (const auto& edit : edits) {
    axes.index_of(edit.name);  // or a sentence
    for (const auto& other : plan.ways)
      if (other.edit.name == edit.name)
        fail(Cause::kConfig, "--attribute", "expected ", printable(edit.name),
             " once, got it twice");
    EditWay way;
    way.edit = edit;
    way.by_condition = plan_condition(space, axes, edit, plan);
    if (!way.by_condition) plan_axis(axes, edit, way, plan);
    plan.ways.push_back(std::move(way));
  }
  return plan;
}

// The conditions of every step, [n * (steps + 1)].
Dataset conditions_of(const Plan& plan, const Dataset& examples, int64_t steps) {
  const auto n = examples.size();
  const auto which = torch::arange(n, torch::kLong).repeat_interleave(steps + 1);
  const auto step = torch::arange(steps + 1, torch::kLong).repeat({n});
  auto out = examples.select(which);
  if (plan.label >= 0 && out.label.defined())
    out.label = torch::where(step > 0, torch::full_like(out.label, plan.label), out.label);
  if (plan.attributes.defined() && out.attributes.defined()) {
    const auto share = step.to(torch::kFloat) / static_cast<float>(steps);
    out.attributes = out.attributes + share.unsqueeze(1) * plan.attributes.unsqueeze(0);
    for (std::size_t i = 0; i < plan.yes_no.size(); ++i)
      if (plan.yes_no[i]) out.attributes.select(1, static_cast<int64_t>(i)).clamp_(0, 1);
  }
  return out;
}

// What the predictions of the model's own encoder say of the decoded edit.
void judge(const CodeSpace& space, const AttributeAxes& axes, const Dataset& given, int64_t steps,
           Edited& out) {
  const auto codes = space.encode(as_examples(space.run(), out.images, given));
  const auto predicted =
      axes.predict(codes).view({-1, steps + 1, static_cast<int64_t>(axes.axes().size())});
  const auto change = (predicted.select(1, steps) - predicted.select(1, 0)).mean(0);  // [axes]
  for (auto& way : out.ways) {
    if (way.by_condition) continue;
    way.reached = change[static_cast<int64_t>(axes.index_of(way.edit.name))].item<double>();
    for (const auto& name : way.fixed) {
      const bool asked = std::any_of(out.ways.begin(), out.ways.end(),
                                     [&](const auto& other) { return other.edit.name == name; });
      const auto moved = change[static_cast<int64_t>(axes.index_of(name))].item<double>();
      if (!asked && std::abs(moved) > std::abs(way.aside)) way.aside = moved;
    }
  }
}

}  // namespace

AttributeEdit parse_edit(const std::string& text) {
  const auto at = text.rfind('=');
  AttributeEdit out;
  if (at != std::string::npos && at > 0) {
    out.name = text.substr(0, at);
    const auto number = text.substr(at + 1);
    char* end = nullptr;
    out.amount = std::strtod(number.c_str(), &end);
    if (!number.empty() && *end == '\0' && std::isfinite(out.amount) && std::abs(out.amount) <= 100)
      return out;
  }
  fail(Cause::kConfig, "--attribute",
       "expected NAME=AMOUNT, an attribute and how many deviations to move it (-100 to 100), such "
       "as slant=+1.5, got '",
       printable(text), "'");
}

AttributeAxes fit_axes(const CodeSpace& space, const Dataset& training, const Dataset& held_out) {
  const auto fitted = training.first(kFitted), judged = held_out.first(kJudged);
  if (space.width() > kWidest)
    fail(Cause::kConfig, "edit", "expected codes of at most ", kWidest,
         " numbers, to fit axes in, got ", space.width());
  const auto known = attribute_table(fitted);
  auto truth = attribute_table(judged);
  if (known.columns.empty())
    fail(Cause::kConfig, "edit",
         "expected examples with attributes or 2 to 50 classes, to fit axes to, got neither in ",
         training.name);
  if (known.names() != truth.names() || fitted.size() < 2)
    fail(Cause::kData, "edit",
         "expected two training examples or more, and held-out examples with "
         "the same attributes and classes");
  // Whether an attribute is of yes or no is told by the training part.
  truth.columns = known.columns;
  return {space.encode(fitted), known, space.encode(judged), truth};
}

Edited edit(const CodeSpace& space, const AttributeAxes& axes, const Dataset& examples,
            const std::vector<AttributeEdit>& edits, int64_t steps) {
  FIGMENT_CHECK(steps >= 1 && examples.size() >= 1 && !edits.empty());
  const auto plan = plan_of(space, axes, edits);
  Edited out;
  out.ways = plan.ways;
  const auto given = conditions_of(plan, examples, steps);
  const auto share =
      torch::arange(steps + 1, torch::kDouble).view({1, -1, 1}) / static_cast<double>(steps);
  const auto codes = space.encode(examples).to(torch::kDouble).unsqueeze(1) +
                     share * plan.way.view({1, 1, -1});  // [n, steps + 1, k]
  out.images = space.decode(codes.flatten(0, 1).to(torch::kFloat), given);
  judge(space, axes, given, steps, out);
  return out;
}

}  // namespace figment
