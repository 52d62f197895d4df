// Codes of two numbers beside the first two principal components of the same examples (Hinton &
// Salakhutdinov 2006, figures 3 and 4), of counts also beside two numbers of LSA, with what their
// neighbours tell of the classes.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/apply/spread.h"
#include "figment/apply/use.h"
#include "figment/data/padding.h"
#include "figment/eval/lsa.h"
#include "figment/eval/nearest.h"
#include "figment/eval/pca.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kReferences = 20000, kShown = 4000, kNeighbours = 5;

void write(ReportContext& context) {
  auto* able = context.able<Encodes>();
  const auto& spec = context.run.example();
  // PCA has no need of a picture beside itself.
  if (able == nullptr || able->code_dim() != 2 || context.able<Projects>() != nullptr ||
      spec.elements() < 2 || spec.elements() > kWidestPca || !context.shown.label.defined() ||
      !context.data.train.label.defined() || context.data.train.size() <= kNeighbours)
    return;
  const auto training = spread(context.data.train, kReferences);
  const auto shown = spread(context.shown, kShown);
  const auto numbers = numbers_of(context.run.scaling);
  const auto known = padded_for(context.run.scaling, training);
  const auto pca = fit_pca(known, 2, numbers);
  context.page.section("The codes beside PCA");
  const auto draw = [&](const std::string& title, const torch::Tensor& references,
                        const torch::Tensor& points) {
    ScatterPlot plot;
    plot.frame.title = title;
    plot.points = points;
    plot.label = shown.label;
    plot.classes = spec.classes;
    const auto accuracy =
        knn_accuracy(references, training.label, points, shown.label, kNeighbours);
    context.page.plot(scatter_plot(plot),
                      "The class of most of the 5 nearest of " + with_commas(training.size()) +
                          " training examples is right for " + significant(100 * accuracy, 3) +
                          " % of the examples.");
  };
  draw("codes of this model", encode(context.run, training), encode(context.run, shown));
  draw("first two principal components", pca.encode(known, numbers),
       pca.encode(padded_for(context.run.scaling, shown), numbers));
  if (!holds_counts(training)) return;
  const auto lsa = fit_lsa(training.x, 2);
  draw("two dimensions of latent semantic analysis", lsa.encode(training.x), lsa.encode(shown.x));
}

}  // namespace

extern const Section codes_and_pca;
const Section codes_and_pca = {101, &write};

}  // namespace figment::sections
