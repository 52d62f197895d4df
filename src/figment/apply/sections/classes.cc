// What a classifier takes for what: its error, the confusion matrix, and its surest errors. A model
// of p(x | class) whose density is exact is one by Bayes' rule.
#include <cmath>

#include "figment/apply/section.h"
#include "figment/apply/spread.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/eval/bayes.h"
#include "figment/eval/classes.h"
#include "figment/eval/marginal.h"
#include "figment/model/conditions.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

constexpr int64_t kWidestMatrix = 20;  // classes of a matrix that fits on a page
constexpr int64_t kErrors = 20, kColumns = 10;
constexpr int64_t kByDensities = 2000;  // examples told by a density under each of the classes

// Examples of the part shown, and what they are taken for.
struct Told {
  Dataset some{};
  torch::Tensor number{};  // [n] int64, of each in the part
  torch::Tensor log_p{};   // [n, classes]
};

std::string class_name(const ReportContext& context, int64_t one) {
  const auto& names = context.shown.spec.classes;
  const auto i = static_cast<std::size_t>(one);
  return i < names.size() ? names[i] : std::to_string(one);
}

void matrix(ReportContext& context, const torch::Tensor& counts) {
  HtmlTable table{{"class \\ taken for"}, {}};
  for (int64_t j = 0; j < counts.size(1); ++j) table.header.push_back(class_name(context, j));
  table.header.emplace_back("error");
  for (int64_t i = 0; i < counts.size(0); ++i) {
    std::vector<std::string> row = {class_name(context, i)};
    for (int64_t j = 0; j < counts.size(1); ++j)
      row.push_back(std::to_string(counts[i][j].item<int64_t>()));
    const auto all = counts[i].sum().item<double>();
    const auto wrong = all - counts[i][i].item<double>();
    row.push_back(all > 0 ? significant(100 * wrong / all, 3) + " %" : "");
    table.rows.push_back(std::move(row));
  }
  context.page.table(table,
                     "Confusion matrix: a row for each true class, a column for each class "
                     "that examples were taken for.");
}

// With many classes, the pairs that are confused most often.
void pairs(ReportContext& context, const torch::Tensor& counts) {
  const auto classes = counts.size(0);
  auto errors = counts.clone();
  errors.fill_diagonal_(0);
  const auto order = errors.flatten().argsort(0, /*descending=*/true).narrow(0, 0, kErrors);
  HtmlTable table{{"class", "taken for", "examples"}, {}};
  for (int64_t k = 0; k < order.size(0); ++k) {
    const auto i = order[k].item<int64_t>() / classes, j = order[k].item<int64_t>() % classes;
    if (errors[i][j].item<int64_t>() == 0) break;
    table.rows.push_back({class_name(context, i), class_name(context, j),
                          std::to_string(errors[i][j].item<int64_t>())});
  }
  context.page.table(table, "What is confused most often.");
}

void surest(ReportContext& context, const Told& told) {
  const auto which = surest_errors(told.log_p, told.some.label, kErrors);
  if (which.size(0) == 0) return;
  const auto some = told.some.select(which);
  const auto number = told.number.index_select(0, which);
  const auto chosen = told.log_p.index_select(0, which);
  HtmlTable table{{"example", "class", "taken for", "with probability"}, {}};
  for (int64_t k = 0; k < which.size(0); ++k) {
    const auto predicted = chosen[k].argmax().item<int64_t>();
    table.rows.push_back({std::to_string(number[k].item<int64_t>()),
                          class_name(context, some.label[k].item<int64_t>()),
                          class_name(context, predicted),
                          significant(std::exp(chosen[k][predicted].item<double>()), 4)});
  }
  if (context.run.example().modality == Modality::kImage) {
    GridOptions grid;
    grid.columns = kColumns;
    const int scale = context.run.example().shape[1] <= 32 ? 2 : 1;
    context.page.image(encode_png(image_grid(some.x, grid)),
                       "The examples it was surest of and wrong, the surest first, row by row; the "
                       "table below names them.",
                       scale);
  }
  context.page.table(table, "Its surest errors.");
}

Told told_by(Classifies& able, ReportContext& context) {
  std::vector<torch::Tensor> parts;
  for_each_batch(
      *context.run.model, context.run.scaling, context.shown, 512,
      [&](const Batch& batch, int64_t) { parts.push_back(able.classify(batch).to(torch::kCPU)); });
  return {context.shown, torch::arange(context.shown.size()), torch::cat(parts)};
}

// Exact, since the densities are. Sets may be sorted by class: those told are spread over the part.
Told told_by_bayes(ReportContext& context) {
  Told out;
  out.number = spread_rows(context.shown.size(), kByDensities);
  out.some = context.shown.select(out.number);
  out.log_p =
      classify_by_bayes(*context.run.model, context.run.scaling, out.some, context.data.train, {});
  return out;
}

void write(ReportContext& context) {
  auto& model = *context.run.model;
  auto* able = classifier_of(model);
  const bool by_bayes = able == nullptr && class_densities_of(model) != nullptr &&
                        has_exact_marginal(model) && context.data.train.label.defined();
  if ((able == nullptr && !by_bayes) || context.shown.size() == 0 || !context.shown.label.defined())
    return;
  const auto told = by_bayes ? told_by_bayes(context) : told_by(*able, context);
  const auto predicted = told.log_p.argmax(1);
  const auto n = static_cast<double>(told.log_p.size(0));
  const auto wrong = (predicted != told.some.label).sum().item<double>();
  const auto error = wrong / n;
  context.page.section("What it takes for what");
  if (by_bayes)
    context.page.paragraph(
        "The model was trained to say how dense examples of a class are. Bayes' rule makes p(class "
        "| x) of these densities, exactly, with classes as frequent as in the training part.");
  context.page.paragraph(with_commas(static_cast<int64_t>(wrong)) + " of " +
                         with_commas(told.some.size()) + " examples " +
                         (told.some.size() < context.shown.size()
                              ? "(spread over the " + with_commas(context.shown.size()) + ") "
                              : "") +
                         "of the " + context.part +
                         " part are taken for another class: an error of " +
                         significant(100 * error, 3) + " %, with a standard error of " +
                         significant(100 * std::sqrt(error * (1 - error) / n), 2) + " %.");
  const auto counts = confusion_matrix(told.some.label, predicted, told.log_p.size(1));
  if (told.log_p.size(1) <= kWidestMatrix)
    matrix(context, counts);
  else
    pairs(context, counts);
  surest(context, told);
}

}  // namespace

extern const Section classes;
const Section classes = {200, &write};

}  // namespace figment::sections
