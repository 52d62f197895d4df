// Writes one digit the way one of many people would.
#pragma once

#include <cstdint>
#include <vector>

#include "figment/core/random.h"

namespace figment {

// The sheet that digits are written on; keeps its memory from one digit to the next.
class DigitSheet {
 public:
  // Pictures of size x size pixels. As in MNIST, the digit fits a box of 20/28 of that and its
  // centre of mass lies in the middle.
  explicit DigitSheet(std::int64_t size);

  // Writes `digit`, 0..9, in a hand drawn from `random`: style, proportions, slant, bends, pen.
  // Puts size * size grey levels at `out`, rows from the top, ink 255 on paper 0.
  void write(int digit, Philox& random, std::uint8_t* out);

 private:
  std::int64_t size_;
  std::vector<float> canvas_;
};

}  // namespace figment
