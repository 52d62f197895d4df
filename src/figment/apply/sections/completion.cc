// Images completed where a part of them is hidden: several answers, where there is more than one.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "figment/apply/inpainting.h"
#include "figment/apply/section.h"
#include "figment/core/error.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/model/stepwise.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

// How much is drawn for the picture.
struct Extent {
  int64_t examples = 6, answers = 4;
};

// A model that denoises in steps goes through each of them `inpainting_repeats` times, for every
// answer: as much as elsewhere takes minutes, which a report has no time for.
constexpr Extent kStepwise = {4, 2};
constexpr int64_t kMostSteps = 20;

Extent extent_of(Model& model) {
  return dynamic_cast<Stepwise*>(&model) != nullptr ? kStepwise : Extent{};
}

// Takes few steps while it lives.
class FewSteps {
 public:
  explicit FewSteps(Model& model) : able_(dynamic_cast<Stepwise*>(&model)) {
    if (able_ == nullptr) return;
    kept_ = able_->sampler().steps;
    able_->sampler().steps = std::min(kept_, kMostSteps);
  }
  ~FewSteps() {
    if (able_ != nullptr) able_->sampler().steps = kept_;
  }
  FewSteps(const FewSteps&) = delete;
  FewSteps& operator=(const FewSteps&) = delete;
  // For the caption; nothing for a model that takes none.
  std::string said() const {
    return able_ == nullptr ? ""
                            : " Drawn in " + std::to_string(able_->sampler().steps) + " steps.";
  }

 private:
  Stepwise* able_;
  int64_t kept_ = 0;
};

struct Completed {
  torch::Tensor mask{};                    // [1, 1, H, W]
  torch::Tensor given{}, truth{};          // [n, C, H, W]
  std::vector<torch::Tensor> answers{};    // [n, C, H, W] each
  double psnr = 0, psnr_of_mean_fill = 0;  // of the hidden pixels
};

// An example's answers are drawn together, as examples beside one another, so that the many steps
// of a search or of a denoiser are gone through once. Nothing for a model that fills in nothing
// whatever its family can: an autoencoder whose damage hides nothing, a conditional model that is
// given something else, images too small for a hole, a generator that has diverged.
std::optional<Completed> completed(const ReportContext& context, const Dataset& some,
                                   int64_t answers) {
  const auto n = some.size();
  const auto several = some.select(torch::arange(n * answers, torch::kLong).div(answers, "floor"));
  try {
    Completed out;
    out.mask = mask_for(context.run, "");
    const auto filled = inpaint(context.run, several, out.mask, 1, context.run.recipe.seed);
    const auto by_example = [n, answers](const torch::Tensor& x) {
      return x.view({n, answers, x.size(1), x.size(2), x.size(3)});
    };
    out.given = by_example(filled.given).select(1, 0);
    out.truth = by_example(filled.truth).select(1, 0);
    out.answers = by_example(filled.answers[0]).unbind(1);
    // Answers that no pixel tells apart are one.
    const auto apart = (filled.answers[0] - out.answers[0].repeat_interleave(answers, 0)).abs();
    if (apart.max().item<double>() < 1 / 255.0) out.answers.resize(1);
    out.psnr = hidden_psnr(filled.answers[0], filled.truth, out.mask);
    const auto mean = mean_filling(context.run, context.data.train, out.truth, out.mask);
    out.psnr_of_mean_fill = hidden_psnr(mean.images, out.truth, out.mask);
    return out;
  } catch (const Error& error) {
    const auto cause = error.cause();
    if (cause != Cause::kConfig && cause != Cause::kData && cause != Cause::kDiverged) throw;
    return std::nullopt;
  }
}

// [n, C, H, W], the hidden part by the network without a code of a model that has one.
torch::Tensor guessed(const ReportContext& context, const Dataset& some, CompletesPart& part) {
  Loader loader(some, context.run.scaling, {some.size(), false, 0, context.run.device()});
  const auto batch = loader.batch(0, 0);
  const auto known = part.known();
  return (batch.x * known + torch::sigmoid(part.guess(batch)) * (1 - known)).to(torch::kCPU);
}

void write(ReportContext& context) {
  const auto& example = context.run.example();
  if (context.able<Completes>() == nullptr || example.modality != Modality::kImage ||
      context.shown.size() == 0)
    return;
  const auto extent = extent_of(*context.run.model);
  const FewSteps few(*context.run.model);
  const auto some = context.shown.first(extent.examples);
  const auto found = completed(context, some, extent.answers);
  if (!found) return;
  auto* part = part_of(*context.run.model);
  std::vector<torch::Tensor> columns = {found->given};
  if (part != nullptr) columns.push_back(guessed(context, some, *part));
  columns.insert(columns.end(), found->answers.begin(), found->answers.end());
  columns.push_back(found->truth);
  GridOptions grid;
  grid.columns = static_cast<int64_t>(columns.size());
  const auto rows = torch::stack(columns, 1).flatten(0, 1);
  const std::string guess = part == nullptr ? "" : "the one guess of a net without a code, ";
  const std::string answers =
      found->answers.size() == 1 ? "its one answer" : std::to_string(extent.answers) + " answers";
  context.page.section("Completed");
  context.page.image(
      encode_png(image_grid(rows, grid)),
      "Examples of the " + context.part + " part. From the left: what the model is given, " +
          guess + answers +
          ", and what it was. PSNR of the hidden pixels: " + significant(found->psnr, 4) +
          " dB, the mean over these answers; filled with the mean of the training "
          "examples " +
          significant(found->psnr_of_mean_fill, 4) + " dB." + few.said(),
      example.shape[1] <= 32 ? 2 : 1);
}

}  // namespace

extern const Section completion;
const Section completion = {30, &write};

}  // namespace figment::sections
