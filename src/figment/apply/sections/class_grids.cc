// What a model that is given the class makes of it: a row of samples for each class, the style of
// one class carried over to the others, and the manifold of each.
#include <algorithm>

#include "figment/apply/latent.h"
#include "figment/apply/plane.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/report/grid.h"

namespace figment::sections {
namespace {

constexpr int64_t kMostClasses = 20, kColumns = 10, kSeeds = 10;
constexpr int64_t kSide = 8;      // of the manifold of a class
constexpr int64_t kWidest = 256;  // codes of more numbers are maps: no two axes say much
constexpr int64_t kAxes = 2000;   // codes that the two main axes are told by

int64_t classes_shown(const ReportContext& context) {
  return std::min<int64_t>(kMostClasses,
                           static_cast<int64_t>(context.run.example().classes.size()));
}

int scale_of(const ReportContext& context) { return context.run.example().shape[1] <= 32 ? 2 : 1; }

void rows_of_samples(ReportContext& context) {
  if (!context.run.family->abilities.samples) return;
  std::vector<torch::Tensor> rows;
  for (int64_t one = 0; one < classes_shown(context); ++one) {
    SampleOptions options;
    options.n = kColumns;
    options.label = one;
    rows.push_back(sample(context.run, options));
  }
  GridOptions grid;
  grid.columns = kColumns;
  context.page.image(encode_png(image_grid(torch::cat(rows), grid)),
                     "A row for each class, a column for each code: seed 1, drawn without "
                     "choosing.",
                     scale_of(context));
}

// `given` as one of class `one` each.
Batch as_class(const Batch& given, int64_t one) {
  auto out = given;
  out.label = torch::full_like(given.label, one);
  return out;
}

// The first example of each class.
Dataset seeds_of(const ReportContext& context) {
  const auto label = context.shown.label;
  std::vector<int64_t> rows;
  for (int64_t one = 0; one < std::min(kSeeds, classes_shown(context)); ++one) {
    const auto of_class = (label == one).nonzero().flatten();
    if (of_class.size(0) > 0) rows.push_back(of_class[0].item<int64_t>());
  }
  return context.shown.select(torch::tensor(rows, torch::kLong));
}

void style_transfer(ReportContext& context, Conditions& conditions, Encodes& encodes) {
  if (context.shown.size() == 0 || !context.shown.label.defined()) return;
  const auto seeds = seeds_of(context);
  if (seeds.size() == 0) return;
  Loader loader(seeds, context.run.scaling, {seeds.size(), false, 0, context.run.device()});
  const auto batch = loader.batch(0, 0);
  const auto code = encodes.encode(batch);
  std::vector<torch::Tensor> columns = {batch.x};
  for (int64_t one = 0; one < classes_shown(context); ++one)
    columns.push_back(conditions.decode_as(code, as_class(batch, one)));
  GridOptions grid;
  grid.columns = static_cast<int64_t>(columns.size());
  const auto rows = torch::stack(columns, 1).flatten(0, 1).to(torch::kCPU);
  context.page.image(encode_png(image_grid(rows, grid)),
                     "Style carried over: each row begins with an example of the " + context.part +
                         " part, encoded with its own class; then its code decoded as each class.",
                     scale_of(context));
}

void manifolds(ReportContext& context, Conditions& conditions, Encodes& encodes) {
  const auto width = encodes.code_dim();
  if (width < 2 || width > kWidest || !context.run.family->abilities.decodes) return;
  if (width > 2 && (context.shown.size() < 2 || !context.shown.label.defined())) return;
  const CodePlane plane(CodeSpace(context.run, "report"), context.shown.first(kAxes));
  const auto codes = plane.codes(unit_grid(kSide)).to(context.run.device());
  GridOptions close, apart;
  close.gap = 0;
  apart.columns = 5;
  apart.gap = 6;
  std::vector<torch::Tensor> sheets;
  Batch given;
  given.x = codes;
  given.label = torch::zeros({codes.size(0)}, torch::kLong).to(context.run.device());
  if (const auto* knows = attributes_of(*context.run.model))
    given.attributes = knows->attribute_mean().unsqueeze(0).expand({codes.size(0), -1});
  for (int64_t one = 0; one < classes_shown(context); ++one)
    sheets.push_back(
        image_grid(conditions.decode_as(codes, as_class(given, one)).to(torch::kCPU), close));
  context.page.image(encode_png(image_grid(torch::stack(sheets), apart)),
                     width == 2
                         ? "The manifold of each class: codes on a grid over the unit square, "
                           "pushed through the quantile function of the normal distribution."
                         : "The manifold of each class: codes on a grid of equal shares of the "
                           "codes of the examples along their two main axes, through their mean.",
                     1);
}

void write(ReportContext& context) {
  auto* conditions = context.able<Conditions>();
  if (conditions == nullptr || !conditions->on_class()) return;
  if (context.run.example().modality != Modality::kImage) return;
  context.page.section("Class by class");
  rows_of_samples(context);
  if (auto* encodes = context.able<Encodes>()) {
    style_transfer(context, *conditions, *encodes);
    manifolds(context, *conditions, *encodes);
  }
}

}  // namespace

extern const Section class_grids;
const Section class_grids = {40, &write};

}  // namespace figment::sections
