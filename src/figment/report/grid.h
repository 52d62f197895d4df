// Many small images laid out as one, pixel for pixel.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace figment {

struct GridOptions {
  int64_t columns = 0;       // images a row; 0: about square
  int64_t gap = 2;           // pixels of background between images and around them
  int64_t scale = 1;         // each pixel becomes scale x scale pixels
  uint8_t background = 255;  // grey level of gaps and of places without an image
};

// Images of [0, 1] (any floating type) as uint8: rounded, cut to the range, NaN as 0. uint8 as it
// is.
torch::Tensor to_uint8(const torch::Tensor& images);

// `images` [n, C, H, W], uint8 or float in [0, 1], C = 1 or 3, n >= 1, row by row -> uint8
// [C, rows * (H * scale + gap) + gap, columns * (W * scale + gap) + gap], on the CPU.
torch::Tensor image_grid(const torch::Tensor& images, const GridOptions& options = {});

// The same for several tensors of as many images: image i of layers[0] stands right above image i
// of layers[1], and so on (originals above reconstructions), with a wider gap below each such
// group. Grey layers become colour where another layer is colour.
torch::Tensor layered_grid(const std::vector<torch::Tensor>& layers,
                           const GridOptions& options = {});

}  // namespace figment
