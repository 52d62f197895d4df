// How a generative adversarial network fills in what is hidden of an image.
#pragma once

#include "figment/core/config.h"

namespace figment::models {

// Settings of Gan::complete; training does not read them.
struct GanCompletionConfig {
  int64_t starts = 32;
  int64_t steps = 500;
  double learning_rate = 0.03;
  double prior = 0.1;
  double code_prior = 0.02;
  bool blend = true;

  static constexpr auto fields() {
    using C = GanCompletionConfig;
    return std::tuple{
        Field{
            "starts", &C::starts,
            "Random codes for each answer. The search begins at the one whose image is nearest to "
            "what is known, which costs as many images made.",
            Within{1, 100000}},
        Field{"steps", &C::steps,
              "Steps of descent from there to a code whose image fits what is known.",
              Within{1, 1000000}},
        Field{"learning_rate", &C::learning_rate,
              "Step size of that descent, by Adam; it falls to 0 along a cosine.", Above{0}},
        Field{"prior", &C::prior,
              "Weight of the loss of fooling the discriminator, beside the weighted absolute "
              "difference at the known pixels, summed.",
              AtLeast{0}},
        Field{"code_prior", &C::code_prior,
              "Weight of -log p(code), of a normal one; a uniform one is cut to its range.",
              AtLeast{0}},
        Field{"blend", &C::blend,
              "Whether the differences between neighbouring pixels are taken of the image found, "
              "rather than its pixels, so that no seam is left."}};
  }
};

}  // namespace figment::models
