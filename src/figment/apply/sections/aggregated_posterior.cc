// Codes beside draws from the prior that they are to be distributed as (Makhzani et al. 2015,
// figures 2 and 4), with the moments of both.
#include <algorithm>
#include <cmath>

#include "figment/apply/latent.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/random.h"
#include "figment/model/draws_codes.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kShown = 4000, kBatch = 512;
constexpr int64_t kNumbers = 1 << 21;  // of all codes shown: fewer examples where they are wide,
constexpr int64_t kFewest = 200;       // though never fewer than so many
constexpr int64_t kMostCorrelated = 2048;  // numbers of a code that all pairs are looked at of
constexpr std::uint64_t kPrior = 1, kPosterior = 2;  // purposes of the noise

// Codes of examples, and as many of the prior, with what class each stands for if it does: [n, k].
struct BothCodes {
  torch::Tensor codes, drawn, label;
};

BothCodes codes_and_draws(ReportContext& context, DrawsCodes& able, const Dataset& some) {
  const auto seed = context.run.recipe.seed;
  const auto device = context.run.device();
  std::vector<torch::Tensor> parts;
  for_each_batch(*context.run.model, context.run.scaling, some, kBatch,
                 [&](const Batch& batch, int64_t first) {
                   Noise noise(mix(seed, kPosterior), first, batch.size(), device);
                   parts.push_back(able.draw_posterior(batch, noise).to(torch::kCPU));
                 });
  Noise noise(mix(seed, kPrior), 0, some.size(), device);
  const auto prior = able.draw_prior(noise);
  return {torch::cat(parts), prior.z.to(torch::kCPU),
          prior.label.defined() ? prior.label.to(torch::kCPU) : prior.label};
}

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

// Of z [n, k] the mean furthest from 0, the least and the largest deviation, and where there are
// pairs, not too many, the largest correlation of one, without its sign.
std::vector<std::string> extremes(const std::string& name, const torch::Tensor& z) {
  const auto points = z.to(torch::kDouble);
  const auto mean = points.mean(0), deviation = points.std(0, /*unbiased=*/true);
  std::vector<std::string> out = {name, fixed(mean.abs().max().item<double>(), 3),
                                  fixed(deviation.min().item<double>(), 3),
                                  fixed(deviation.max().item<double>(), 3)};
  const auto k = points.size(1);
  if (k < 2 || k > kMostCorrelated) return out;
  // What never changes goes with nothing.
  const auto all = torch::corrcoef(points.t()).nan_to_num(0);
  out.push_back(fixed(all.fill_diagonal_(0).abs().max().item<double>(), 3));
  return out;
}

void moments_of(ReportContext& context, const BothCodes& both) {
  const auto width = both.codes.size(1);
  if (width == 2) {
    context.page.table(
        {{"", "mean of first", "of second", "deviation of first", "of second", "correlation"},
         {moments("codes", both.codes), moments("prior", both.drawn)}},
        "Moments of what is drawn above.");
    return;
  }
  const auto codes = extremes("codes", both.codes);
  std::vector<std::string> header = {"", "mean furthest from 0", "smallest deviation",
                                     "largest deviation", "largest correlation"};
  header.resize(codes.size());
  context.page.table({header, {codes, extremes("prior", both.drawn)}},
                     width == 1 ? "Moments of what is drawn above."
                                : "Over all " + with_commas(width) +
                                      " numbers of the code. What the draws of the prior have of "
                                      "correlations, and of means away from its own, is chance.");
}

void draw_line(ReportContext& context, const BothCodes& both) {
  Histogram plot;
  plot.frame.x_label = "code";
  const auto numbers = [](const torch::Tensor& z) {
    const auto flat = z.to(torch::kDouble).flatten().contiguous();
    return std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
  };
  plot.sets = {{"codes of the examples", numbers(both.codes)},
               {"draws from the prior", numbers(both.drawn)}};
  context.page.plot(histogram(plot),
                    "A code drawn for each example of the " + context.part +
                        " part: together they are the aggregated posterior, which is to look like "
                        "the prior, of which there are as many draws.");
}

void draw_plane(ReportContext& context, const BothCodes& both, const torch::Tensor& label) {
  const auto n = both.codes.size(0);
  const bool plane = both.codes.size(1) == 2;
  // The same axes for both, so that they compare.
  const auto points = map_to_plane(torch::cat({both.codes, both.drawn}));
  const auto window = window_of(points);
  const auto draw = [&](const std::string& title, int64_t first, const torch::Tensor& of,
                        const std::string& caption) {
    ScatterPlot plot;
    plot.frame.title = title;
    plot.frame.x_label = plane ? "first coordinate" : "first main axis";
    plot.frame.y_label = plane ? "second coordinate" : "second main axis";
    plot.points = points.narrow(0, first, n);
    plot.window = window;
    plot.label = of;
    if (of.defined()) plot.classes = context.run.example().classes;
    context.page.plot(scatter_plot(plot), caption);
  };
  const std::string where = plane ? "" : " Both are shown on the two main axes of all together.";
  draw("codes of the examples", 0, label,
       "A code drawn for each example of the " + context.part +
           " part: together they are the aggregated posterior, which is to look like the prior." +
           where);
  draw("draws from the prior", n, both.label,
       both.label.defined() ? "As many codes drawn from the prior, coloured by the class that each "
                              "part of it stands for."
                            : "As many codes drawn from the prior.");
}

void write(ReportContext& context) {
  auto* able = context.able<DrawsCodes>();
  const auto* encodes = context.able<Encodes>();
  if (able == nullptr || encodes == nullptr || context.shown.size() < 3) return;
  const auto width = encodes->code_dim();
  const auto some = context.shown.first(std::clamp(kNumbers / width, kFewest, kShown));
  const auto both = codes_and_draws(context, *able, some);
  context.page.section("The codes beside the prior");
  if (width == 1)
    draw_line(context, both);
  else
    draw_plane(context, both, some.label);
  moments_of(context, both);
}

}  // namespace

extern const Section aggregated_posterior;
const Section aggregated_posterior = {102, &write};

}  // namespace figment::sections
