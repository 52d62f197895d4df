// How many bits a code takes and how good what comes back is, beside PNG and JPEG of the same
// images.
#pragma once

#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// One way to keep images: at what rate and how well.
struct RatePoint {
  std::string name{};  // "code 6 bits", "jpeg 40"
  double bits = 0;     // per element of an example (pixel and channel), headers included
  double psnr = 0;     // decibels, mean over examples; infinite where nothing is lost
};

// Whether codes are all that the model needs to decode them: a file of codes holds neither the
// class, nor the attributes, nor the part of each example that some are given besides.
bool decodes_codes_alone(Model& model);
// Throws Error(kConfig) with `where` unless it does, by a decoder of these codes.
void need_codes_alone(Model& model, const std::string& where);

// The codes of `set`, quantised to each of `bits`, entropy-coded as `figment compress` writes them,
// and decoded again; the quantiser is fitted on the codes of `set` itself and part of the rate. The
// model's weights are not. For models that encode and decode codes alone.
std::vector<RatePoint> rate_of_codes(Model& model, const Scaling& scaling, const Dataset& set,
                                     const std::vector<int64_t>& bits);

// The images [n, C, H, W] uint8 as JPEG: all of them on one sheet, each in whole blocks of 8 x 8
// pixels of its own (so that a header is paid once and no block spans two images), for each of
// `qualities`.
std::vector<RatePoint> rate_of_jpeg(const torch::Tensor& images, const std::vector<int>& qualities);

// The same as PNG: "png", one sheet, without loss.
RatePoint rate_of_png(const torch::Tensor& images);

// Mean over examples of 10 log10(1 / mean squared error), for images in [0, 1] [n, ...].
double mean_psnr(const torch::Tensor& a, const torch::Tensor& b);

// The rate at which `curve`, ordered by rate, reaches `psnr`, interpolated linearly; NaN outside.
double rate_at(const std::vector<RatePoint>& curve, double psnr);

}  // namespace figment
