// Images as quantised codes: rate and PSNR beside JPEG and PNG.
#include "figment/eval/compression.h"

#include <algorithm>

#include "figment/apply/section.h"
#include "figment/core/text.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kImages = 1000;
constexpr int64_t kPixels = 1 << 23;  // of large images fewer

Series curve_of(const std::string& name, const std::vector<RatePoint>& points) {
  Series series{name, {}, {}};
  for (const auto& point : points) {
    series.x.push_back(point.bits);
    series.y.push_back(point.psnr);
  }
  return series;
}

void write(ReportContext& context) {
  if (context.able<Encodes>() == nullptr || decodes_of(*context.run.model) == nullptr ||
      !decodes_codes_alone(*context.run.model) || context.shown.size() == 0 ||
      context.shown.x.scalar_type() != torch::kUInt8)
    return;
  const auto some = context.shown.first(
      std::clamp(kPixels / context.run.example().elements(), int64_t{10}, kImages));
  const auto codes =
      rate_of_codes(*context.run.model, context.run.scaling, some, {1, 2, 3, 4, 5, 6, 8});
  const auto jpeg = rate_of_jpeg(some.x, {1, 2, 3, 5, 8, 12, 18, 25, 35, 50, 65});
  context.page.section("As a compression");
  LinePlot plot;
  plot.frame.title = "rate and quality";
  plot.frame.x_label = "bits a pixel";
  plot.frame.y_label = "PSNR, dB";
  plot.series = {curve_of("code, 1 to 8 bits a number", codes), curve_of("JPEG", jpeg)};
  context.page.plot(
      line_plot(plot),
      with_commas(some.size()) + " images on one sheet. PNG, without loss, takes " +
          significant(rate_of_png(some.x).bits, 3) +
          " bits a pixel. The weights of the model are not counted, and it knows these images' "
          "kind only: this is no codec for other pictures.");
}

}  // namespace

extern const Section compression;
const Section compression = {230, &write};

}  // namespace figment::sections
