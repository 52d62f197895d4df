// Handwritten-looking digits that figment draws itself: a stand-in for MNIST that needs no
// download.
#pragma once

#include <cstdint>

#include "figment/data/dataset.h"

namespace figment {

struct DigitsOptions {
  std::uint64_t seed = 0;
  int64_t image_size = 28;  // height and width in pixels, 8 to 1024
  int64_t n_train = 60000;  // at least 1
  int64_t n_test = 10000;   // 0: no test set
};

// Labelled grey images, uint8 [n, 1, size, size], ink 255 on paper 0, ten classes "0" ... "9". Each
// digit is drawn from strokes in one of several styles with its own proportions, slant, bends and
// pen, fits a box of 20/28 of the picture and has its centre of mass in the middle, like MNIST.
//
// Picture i is a function of (seed, image_size, set, i) alone: not of n, nor of the number of
// threads. The training and the test set never share a stream of random numbers. Every ten
// successive pictures from a multiple of ten hold each digit once, in random order. Uses as many
// threads as ATen.
//
// Throws Error(kConfig) for options out of range.
Source digits(const DigitsOptions& options = {});

}  // namespace figment
