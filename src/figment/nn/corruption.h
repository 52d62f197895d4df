// Damage that a denoising model learns to undo.
// Vincent et al., "Extracting and composing robust features with denoising autoencoders", 2008;
// "Stacked denoising autoencoders", JMLR 2010, section 3.3. Windows of an image that are hidden:
// Pathak et al., "Context encoders: feature learning by inpainting", 2016, section 3.3.
#pragma once

#include <torch/torch.h>

#include <array>

#include "figment/core/config.h"
#include "figment/nn/noise.h"

namespace figment {

enum class Corruption { kNone, kGaussian, kSaltAndPepper, kMasking, kCentre, kBlock };
constexpr auto enum_names(Corruption) {
  return std::array{EnumName<Corruption>{"none", Corruption::kNone},
                    EnumName<Corruption>{"gaussian", Corruption::kGaussian},
                    EnumName<Corruption>{"salt_and_pepper", Corruption::kSaltAndPepper},
                    EnumName<Corruption>{"masking", Corruption::kMasking},
                    EnumName<Corruption>{"centre", Corruption::kCentre},
                    EnumName<Corruption>{"block", Corruption::kBlock}};
}

struct CorruptionConfig {
  Corruption kind = Corruption::kNone;
  double amount = 0.25;
  bool clip = false;

  static constexpr auto fields() {
    using C = CorruptionConfig;
    return std::tuple{
        Field{"kind", &C::kind,
              "Damage done to each example before the model sees it. none; gaussian: normal noise "
              "is added; salt_and_pepper: elements become the lowest or the highest value, each "
              "half of the time; masking: elements become 0; centre: a window in the middle is "
              "hidden; block: one anywhere."},
        Field{
            "amount", &C::amount,
            "gaussian: standard deviation, in the model's numbers (pixels are 0 to 1); "
            "salt_and_pepper, masking: share of the elements, in [0, 1]; centre, block: height and "
            "width of the window, as a share of those of the image.",
            AtLeast{0}},
        Field{"clip", &C::clip,
              "gaussian: cut what comes out to the lowest and highest value, as pixels stored in a "
              "file are; the noise is then no longer normal."}};
  }
  void check(const Problems::Scope& scope) const;
  bool any() const { return kind != Corruption::kNone; }
  // Whether it teaches to fill in what is not known, rather than to correct what is wrong.
  bool hides() const {
    return kind == Corruption::kMasking || kind == Corruption::kCentre ||
           kind == Corruption::kBlock;
  }
};

// The values that salt and pepper put in place of an element, and that `clip` cuts to.
struct Extremes {
  double low = 0, high = 1;
};
inline constexpr Extremes kPixels{0, 1};  // also of hidden units between 0 and 1
// Of standardised numbers, where no bounds are known: three standard deviations from the mean.
inline constexpr Extremes kStandardised{-3, 3};

// x [n, ...] damaged; x itself when there is nothing to do. Every element is hit by itself: of a
// colour image, one channel of a pixel and not the others. 0, which masking puts, is black for
// images and the mean for standardised numbers. A window is hidden by the middle between the
// extremes; of what is no image [n, C, H, W] it is a stretch of dimension 1.
//
// With LibTorch's generator, for a training step.
torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x,
                      const Extremes& extremes = kPixels);
// With noise that belongs to the examples, for everything else; x [noise.size(), ...].
torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x, Noise& noise,
                      const Extremes& extremes = kPixels);

// x with what is not known hidden as the damage of `config` hides it; known, 1 where x is known,
// must broadcast to it. Throws Error(kConfig) with "complete" for a damage that hides nothing.
torch::Tensor hide(const CorruptionConfig& config, const torch::Tensor& x,
                   const torch::Tensor& known, const Extremes& extremes = kPixels);

}  // namespace figment
