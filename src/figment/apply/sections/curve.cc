// Points of a plane from codes of one number: what is decoded where codes were trained, and where
// none ever were.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/toy.h"
#include "figment/eval/nearest.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kSteps = 400, kData = 1000, kReferences = 20000;

struct Arcs {
  double low, high;               // range of the codes of the training part
  torch::Tensor inside, outside;  // [kSteps, 2] in the data's numbers
};

// Codes in the range of those of the training part, and as many in half a range more on each side.
Arcs decode_arcs(const LoadedRun& run, const Dataset& training) {
  const auto codes = encode(run, training);
  Arcs arcs{codes.min().item<double>(), codes.max().item<double>(), {}, {}};
  const auto half = (arcs.high - arcs.low) / 2;
  const auto points = [&](const torch::Tensor& code) {
    return to_output(run, decode(run, code.unsqueeze(1)));
  };
  arcs.inside = points(torch::linspace(arcs.low, arcs.high, kSteps));
  arcs.outside = points(torch::cat({torch::linspace(arcs.low - half, arcs.low, kSteps / 2),
                                    torch::linspace(arcs.high, arcs.high + half, kSteps / 2)}));
  return arcs;
}

// Mean distance of points [n, 2] to the nearest of the references.
std::string mean_distance(const torch::Tensor& references, const torch::Tensor& points) {
  return significant(
      nearest(references.to(torch::kFloat), points, 1).distance.mean().item<double>(), 3);
}

void write(ReportContext& context) {
  auto* encodes = context.able<Encodes>();
  if (encodes == nullptr || decodes_of(*context.run.model) == nullptr || encodes->code_dim() != 1 ||
      context.run.example().shape != std::vector<int64_t>{2})
    return;
  const auto training = context.data.train.first(kReferences);
  const auto arcs = decode_arcs(context.run, training);
  const auto data = training.x.to(torch::kFloat);
  ScatterPlot plot;
  plot.limit = 1 << 20;
  plot.classes = {"data", "codes inside", "codes outside"};
  std::vector<torch::Tensor> groups = {data.slice(0, 0, kData), arcs.inside, arcs.outside};
  // The curve in half its range more on each side, like the codes.
  const auto& source = context.run.recipe.data.source;
  const auto beyond = torch::cat({torch::linspace(-0.5, 0, kSteps / 2, torch::kDouble),
                                  torch::linspace(1, 1.5, kSteps / 2, torch::kDouble)});
  if (const auto curve = toy_curve(source, beyond)) {
    plot.classes.push_back("true curve");
    groups.push_back(curve->to(torch::kFloat));
  }
  std::vector<torch::Tensor> labels;
  for (std::size_t k = 0; k < groups.size(); ++k)
    labels.push_back(torch::full({groups[k].size(0)}, static_cast<int64_t>(k), torch::kLong));
  plot.points = torch::cat(groups);
  plot.label = torch::cat(labels);
  context.page.section("Inside and outside the codes of the training part");
  context.page.plot(scatter_plot(plot),
                    "Decoded codes from " + significant(arcs.low, 3) + " to " +
                        significant(arcs.high, 3) +
                        ", the range of the codes of the training part, and in half that range "
                        "more on each side.");
  // Far enough for whatever is decoded.
  const auto far = toy_curve(source, torch::linspace(-10, 11, 100001, torch::kDouble));
  const auto& references = far ? *far : data;
  const std::string what = far ? "the true curve, continued as its formula goes on,"
                               : "the nearest example of the training part";
  context.page.paragraph("The mean distance of what is decoded to " + what + " is " +
                         mean_distance(references, arcs.inside) + " inside the range and " +
                         mean_distance(references, arcs.outside) +
                         " outside it. A decoder makes examples on the manifold it was trained on; "
                         "nothing held it to the data beyond.");
}

}  // namespace

extern const Section curve;
const Section curve = {130, &write};

}  // namespace figment::sections
