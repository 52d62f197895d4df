// What a denoising model makes of damaged examples.
#include "figment/apply/section.h"
#include "figment/data/image_codec.h"
#include "figment/eval/restoration.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kMeasured = 2000, kPictures = 20, kPlots = 4;

// "PSNR 8.1 dB, SSIM 0.21", "squared error 4.2".
std::string in_words(const Results& results, const std::string& name) {
  std::string out;
  for (const auto& [key, value] : results) {
    if (key == name + "_psnr") out += "PSNR " + significant(value, 4) + " dB";
    if (key == name + "_ssim") out += ", SSIM " + significant(value, 3);
    if (key == name + "_sse" && out.empty()) out = "squared error " + significant(value, 4);
  }
  return out;
}

std::string lines_of(const Restoration& some, int64_t i) {
  LinePlot plot;
  plot.frame = {"", "element", "value, as the model sees it", 420, 240};
  for (const auto& [name, x] :
       {std::pair{"clean", some.clean}, {"damaged", some.damaged}, {"restored", some.restored}}) {
    Series series{name, {}, {}};
    const auto values = x[i].flatten().to(torch::kDouble).contiguous();
    for (int64_t j = 0; j < values.size(0); ++j) {
      series.x.push_back(static_cast<double>(j));
      series.y.push_back(values.data_ptr<double>()[j]);
    }
    plot.series.push_back(std::move(series));
  }
  return line_plot(plot);
}

void write(ReportContext& context) {
  auto* able = context.able<Restores>();
  if (able == nullptr || context.shown.size() == 0) return;
  auto& model = *context.run.model;
  if (!knows_damage(*able, model)) return;
  Closeness damaged, restored;
  Restoration some;
  const auto set = context.shown.first(kMeasured);
  for_each_restoration(model, context.run.scaling, set, context.run.recipe.seed,
                       [&](const Restoration& r) {
                         damaged.add(r.damaged, r.clean);
                         restored.add(r.restored, r.clean);
                         if (!some.clean.defined()) some = r;
                       });
  const auto before = in_words(damaged.results("damaged"), "damaged");
  const auto after = in_words(restored.results("restored"), "restored");
  const auto caption = "damaged (" + before + ") and restored (" + after +
                       "). Numbers: " + with_commas(set.size()) + " examples of the " +
                       context.part + " part.";
  context.page.section("Damaged and restored");
  if (model.example().modality == Modality::kImage) {
    GridOptions grid;
    grid.columns = 10;
    std::vector<torch::Tensor> layers;
    for (const auto& x : {some.clean, some.damaged, some.restored})
      layers.push_back(x.narrow(0, 0, std::min(kPictures, x.size(0))));
    context.page.image(encode_png(layered_grid(layers, grid)), "From above: clean, " + caption,
                       model.example().shape[1] <= 32 ? 2 : 1);
    return;
  }
  context.page.paragraph("Examples, clean, " + caption);
  for (int64_t i = 0; i < std::min(kPlots, some.clean.size(0)); ++i)
    context.page.plot(lines_of(some, i));
}

}  // namespace

extern const Section denoise;
const Section denoise = {210, &write};

}  // namespace figment::sections
