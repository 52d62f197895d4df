// Codes of two numbers beside draws from the prior that they are to be distributed as (Makhzani et
// al. 2015, figures 2 and 4), with the moments of both.
#include <algorithm>
#include <cmath>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/random.h"
#include "figment/model/draws_codes.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kShown = 4000, kBatch = 512;
constexpr std::uint64_t kPrior = 1, kPosterior = 2;  // purposes of the noise

// Mean, deviation and correlation of z [n, 2], as cells of a row.
std::vector<std::string> moments(const std::string& name, const torch::Tensor& z) {
  const auto points = z.to(torch::kDouble);
  const auto mean = points.mean(0);
  const auto c = torch::cov(points.t());
  const auto at = [&](int64_t i, int64_t j) { return c[i][j].item<double>(); };
  return {name,
          fixed(mean[0].item<double>(), 3),
          fixed(mean[1].item<double>(), 3),
          fixed(std::sqrt(at(0, 0)), 3),
          fixed(std::sqrt(at(1, 1)), 3),
          fixed(at(0, 1) / std::sqrt(at(0, 0) * at(1, 1)), 3)};
}

void write(ReportContext& context) {
  auto* able = context.able<DrawsCodes>();
  const auto* encodes = context.able<Encodes>();
  if (able == nullptr || encodes == nullptr || encodes->code_dim() != 2 || context.shown.size() < 3)
    return;
  const auto some = context.shown.first(kShown);
  const auto seed = context.run.recipe.seed;
  const auto device = context.run.device();
  std::vector<torch::Tensor> parts;
  for_each_batch(*context.run.model, context.run.scaling, some, kBatch,
                 [&](const Batch& batch, int64_t first) {
                   Noise noise(mix(seed, kPosterior), first, batch.size(), device);
                   parts.push_back(able->draw_posterior(batch, noise).to(torch::kCPU));
                 });
  const auto codes = torch::cat(parts);
  Noise noise(mix(seed, kPrior), 0, codes.size(0), device);
  const auto prior = able->draw_prior(noise);
  const auto drawn = prior.z.to(torch::kCPU);
  const auto window = window_of(torch::cat({codes, drawn}));  // of both, so that they compare
  context.page.section("The codes beside the prior");
  const auto draw = [&](const std::string& title, const torch::Tensor& points,
                        const torch::Tensor& label, const std::string& caption) {
    ScatterPlot plot;
    plot.frame.title = title;
    plot.frame.x_label = "first coordinate";
    plot.frame.y_label = "second coordinate";
    plot.points = points;
    plot.window = window;
    plot.label = label;
    if (label.defined()) plot.classes = context.run.example().classes;
    context.page.plot(scatter_plot(plot), caption);
  };
  draw("codes of the examples", codes, some.label,
       "A code drawn for each example of the " + context.part +
           " part: together they are the aggregated posterior, which is to look like the prior.");
  draw("draws from the prior", drawn,
       prior.label.defined() ? prior.label.to(torch::kCPU) : prior.label,
       prior.label.defined()
           ? "As many codes drawn from the prior, coloured by the class that each "
             "part of it stands for."
           : "As many codes drawn from the prior.");
  context.page.table(
      {{"", "mean of first", "of second", "deviation of first", "of second", "correlation"},
       {moments("codes", codes), moments("prior", drawn)}},
      "Moments of what is drawn above.");
}

}  // namespace

extern const Section aggregated_posterior;
const Section aggregated_posterior = {102, &write};

}  // namespace figment::sections
