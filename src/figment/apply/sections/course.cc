// From noise to examples: how samples look on the way, and what is predicted of them there.
#include <algorithm>
#include <string>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/model/stepwise.h"
#include "figment/report/animation.h"
#include "figment/report/arrows.h"
#include "figment/report/grid.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kSamples = 8, kColumns = 13, kFrames = 64, kParticles = 1000, kStages = 5;
constexpr int64_t kAnimatedBytes = 4 << 20;  // noise does not compress: large images, fewer frames
constexpr int64_t kSide = 17, kFewParticles = 300;  // of a field of directions
constexpr double kPartOfWay = 0.1;

std::vector<CoursePoint> course_of(ReportContext& context, Stepwise& able, int64_t n,
                                   int64_t points) {
  context.run.model->eval();
  Noise noise(1, 0, n, context.run.model->device());
  SampleRequest request;
  request.n = n;
  request.noise = &noise;
  return able.course(request, points);
}

void show_images(ReportContext& context, Stepwise& able) {
  const auto bytes_a_frame = 2 * kSamples * context.run.example().elements();
  const auto course = course_of(context, able, kSamples,
                                std::clamp(kAnimatedBytes / bytes_a_frame, kColumns, kFrames));
  std::vector<torch::Tensor> frames;
  for (const auto& point : course)
    frames.push_back(
        to_uint8(layered_grid({point.x.to(torch::kCPU), point.example.to(torch::kCPU)})));
  std::vector<torch::Tensor> on_the_way, predicted;
  std::vector<std::string> left;
  for (const auto place : evenly_spread(static_cast<int64_t>(course.size()), kColumns)) {
    const auto& point = course[static_cast<std::size_t>(place)];
    on_the_way.push_back(point.x.to(torch::kCPU));
    predicted.push_back(point.example.to(torch::kCPU));
    left.push_back(std::to_string(point.t));
  }
  // A row a sample, from noise on the left to the end on the right.
  const auto strip = [&](const std::vector<torch::Tensor>& columns) {
    GridOptions grid;
    grid.columns = static_cast<int64_t>(columns.size());
    return encode_png(image_grid(torch::stack(columns, 1).flatten(0, 1), grid));
  };
  const int scale = context.run.example().shape[1] <= 32 ? 2 : 1;
  context.page.image(
      strip(on_the_way),
      "Samples on their way, from noise on the left; the steps left: " + join(left, ", ") + ".",
      scale);
  context.page.image(strip(predicted), "The examples predicted there.", scale);
  AnimationOptions options;
  options.delay_ms = 100;
  options.last_delay_ms = 2000;
  context.page.image(encode_apng(frames, options),
                     "The same as an animation of " +
                         counted(static_cast<int64_t>(frames.size()), "frame") + ", from " +
                         left.front() + " steps left: each sample above its prediction.",
                     scale);
}

// Where the model takes points that lie there with t steps left: arrows a part of the way to the
// example that it predicts.
void show_field(ReportContext& context, Denoises& able, const CoursePoint& point) {
  const auto x = point.x.to(torch::kCPU);
  const auto low = std::get<0>(x.min(0)), high = std::get<0>(x.max(0));
  const auto share = (torch::arange(kSide, torch::kFloat) + 0.5) / kSide;
  const auto grid = torch::stack({share.repeat({kSide}), share.repeat_interleave(kSide)}, 1);
  const auto from = low + grid * (high - low);
  const auto to = able.predicted(from.to(context.run.device()), point.t).to(torch::kCPU);
  ArrowPlot plot;
  plot.from = to_output(context.run, from);
  plot.to = to_output(context.run, from + kPartOfWay * (to - from));
  plot.points = to_output(context.run, x.narrow(0, 0, std::min(kFewParticles, x.size(0))));
  context.page.plot(arrow_plot(plot), "A tenth of the way to what is predicted, " +
                                          std::to_string(point.t) + " steps left");
}

void show_particles(ReportContext& context, Stepwise& able) {
  const auto course = course_of(context, able, kParticles, kStages);
  for (const auto& point : course) {
    ScatterPlot plot;
    plot.frame.width = 300;
    plot.frame.height = 300;
    plot.points = to_output(context.run, point.x.to(torch::kCPU));
    context.page.plot(scatter_plot(plot), std::to_string(point.t) + " steps left");
  }
  auto* denoises = context.able<Denoises>();
  if (denoises == nullptr) return;
  context.page.paragraph("The field of directions on the way, over some of the points:");
  for (const auto& point : course)
    if (point.t > 0) show_field(context, *denoises, point);
}

void write(ReportContext& context) {
  auto* able = context.able<Stepwise>();
  if (able == nullptr) return;
  const auto& example = context.run.example();
  const bool plane = example.modality == Modality::kVector && example.shape[0] == 2;
  if (example.modality != Modality::kImage && !plane) return;
  context.page.section("From noise to examples");
  if (plane)
    show_particles(context, *able);
  else
    show_images(context, *able);
}

}  // namespace

extern const Section course;
const Section course = {25, &write};

}  // namespace figment::sections
