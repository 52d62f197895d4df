// From which scores either side still learns, by the loss it plays: GAN is Goodfellow et al.,
// "Generative adversarial nets", 2014; LSGAN Mao et al., "Least squares generative adversarial
// networks", 2017.
#include <cmath>
#include <string>
#include <vector>

#include "figment/apply/section.h"
#include "figment/model/discriminates.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kPoints = 121;
constexpr double kReach = 6;    // of scores
constexpr double kFlat = 0.05;  // of the steepest slope: below it an end saturates
constexpr double kTop = 8;      // losses above it are not drawn

using LossOf = torch::Tensor (*)(AdversarialLoss, const torch::Tensor&);

// A loss over the scores, and |its slope|.
struct Learned {
  Series loss, slope;
};

// By autograd, one score at a time, so that the curves are those of the code.
template <class F>
Learned learned_by(const std::string& name, F&& loss) {
  const torch::AutoGradMode with_graph(true);
  const auto scores = torch::linspace(-kReach, kReach, kPoints, torch::kDouble).requires_grad_();
  std::vector<torch::Tensor> each;
  for (int64_t i = 0; i < kPoints; ++i) each.push_back(loss(scores.slice(0, i, i + 1)));
  const auto values = torch::stack(each);
  const auto slope = torch::autograd::grad({values.sum()}, {scores})[0].abs();
  const double least = kFlat * slope.max().item<double>();
  const bool left = slope[0].item<double>() < least, right = slope[-1].item<double>() < least;
  Learned out;
  out.slope.name = name + (left && right ? ", flat at both ends"
                           : left        ? ", flat on the left"
                           : right       ? ", flat on the right"
                                         : "");
  out.loss.name = out.slope.name;
  for (int64_t i = 0; i < kPoints; ++i) {
    const auto x = scores[i].item<double>();
    const auto y = values[i].item<double>();
    out.loss.x.push_back(x);
    out.loss.y.push_back(y <= kTop ? y : NAN);
    out.slope.x.push_back(x);
    out.slope.y.push_back(slope[i].item<double>());
  }
  return out;
}

// All games, `same` being one whose curve is another's here, and the squares of D = s(score) in the
// place of the score: LSGAN eq. 2 of a discriminator that ends in a logistic function.
std::vector<Learned> all_of(LossOf loss, AdversarialLoss same, double label) {
  std::vector<Learned> out;
  for (const auto& entry : enum_names(AdversarialLoss{}))
    if (entry.value != same)
      out.push_back(learned_by(
          entry.name, [&](const torch::Tensor& score) { return loss(entry.value, score); }));
  out.push_back(learned_by("squares of D", [&](const torch::Tensor& score) {
    return 0.5 * (torch::sigmoid(score) - label).square().mean();
  }));
  return out;
}

void draw(ReportContext& context, const std::string& whose, const std::vector<Learned>& all,
          const std::string& caption) {
  LinePlot losses, slopes;
  const std::string of = "score of a made example";
  losses.frame = {whose + " loss", of, "loss", 490, 360};
  slopes.frame = {"Its slope", of, "absolute", 490, 360};
  for (const auto& one : all) {
    losses.series.push_back(one.loss);
    slopes.series.push_back(one.slope);
  }
  context.page.plot(line_plot(losses), caption);
  context.page.plot(line_plot(slopes));
}

void write(ReportContext& context) {
  const auto* able = context.able<Discriminates>();
  if (able == nullptr) return;
  context.page.section("Where either side learns");
  context.page.paragraph(
      "By the score of a made example, high where it is taken for true. Where a loss is flat it "
      "saturates: nothing is learned from such an example. This run plays " +
      std::string(name_of_enum(able->game())) + ".");
  draw(context, "The generator's", all_of(&loss_of_fooling, AdversarialLoss::kHinge, 1),
       "It learns on the left, where the discriminator is sure: there minimax, log(1 - D), is flat "
       "(GAN eq. 1), and non_saturating, -log D, is not (GAN section 3). Of least_squares (LSGAN "
       "eq. 2) also what lies above 1 is pulled back; squares of D = s(score) would be flat at "
       "both ends. hinge is as wasserstein.");
  draw(context, "The discriminator's", all_of(&loss_of_made, AdversarialLoss::kMinimax, 0),
       "It is wrong on the right, and there only squares of D are flat; on the left it may be, "
       "where nothing is left to learn. That of a true example is the mirror image, of "
       "least_squares about 1/2. minimax is as non_saturating.");
}

}  // namespace

extern const Section saturation;
const Section saturation = {306, &write};

}  // namespace figment::sections
