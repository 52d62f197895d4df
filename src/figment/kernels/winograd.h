// The linear maps between maps of pixels and the points at which Winograd's convolution multiplies.
//
// Of a convolution y = x * w, tiles of 4 x 4 outputs are computed together. With r taps of the
// kernel along a side they need r + 3 inputs along a side, and (r + 3)^2 multiplications in place
// of 16 r^2 (Winograd, "Arithmetic complexity of computations", 1980; Lavin & Gray, "Fast
// algorithms for convolutional neural networks", 2016, equation 8):
//   Y = A' [(G g G') . (B' d B)] A,   d the inputs of a tile, g the kernel, Y its outputs.
// At each of the (r + 3)^2 points, the sum over channels is a product of two matrices, [tiles, in]
// by [in, out]. Here are the maps from and to the points, and their transposes, of which the
// gradients are made. A convolution of stride s and a kernel of side s r is one of stride 1 and r
// taps over the s^2 phases of its input, which count as channels.
#pragma once

#include <cstdint>

namespace figment {

// x is [images, height, width, in], y [images, out_height, out_width, out], channels side by side.
// The kernel's side is stride * taps, and 0s surround x.
struct WinogradShape {
  int taps = 3;    // 2 or 3
  int stride = 1;  // 1 or 2
  std::int64_t padding = 1;
  std::int64_t height = 0, width = 0, in = 0;
  std::int64_t out_height = 0, out_width = 0, out = 0;

  static constexpr std::int64_t kTile = 4;  // outputs of a tile along a side
  std::int64_t side() const { return std::int64_t{taps} * stride; }
  std::int64_t points() const { return (taps + kTile - 1) * (taps + kTile - 1); }
  std::int64_t channels() const { return stride * stride * in; }  // a phase after the other
  std::int64_t tiles() const {                                    // of an image
    return ((out_height + kTile - 1) / kTile) * ((out_width + kTile - 1) / kTile);
  }
};

// At a point `stride` numbers after the one before. Those that lie a power of two apart would meet
// in the same lines of the cache.
template <class T>
struct Points {
  T* data = nullptr;
  std::int64_t stride = 0;
};

// All for T float and double.

// x -> [points][images * tiles, channels]; and the transposed map, which adds to x.
template <class T>
void winograd_input(const T* x, const WinogradShape& shape, std::int64_t images,
                    const Points<T>& points);
template <class T>
void winograd_input_transposed(const Points<T>& points, const WinogradShape& shape,
                               std::int64_t images, T* x);

// [points][images * tiles, out] -> y, to which bias [out] is added unless it is null; and the
// transposed map (of that without a bias), whose points are overwritten.
template <class T>
void winograd_output(const Points<T>& points, const WinogradShape& shape, std::int64_t images,
                     const T* bias, T* y);
template <class T>
void winograd_output_transposed(const T* y, const WinogradShape& shape, std::int64_t images,
                                const Points<T>& points);

// The kernel w [in, side, side, out] -> [points][channels, out]; and the transposed map, by which w
// is overwritten. Channels `first` to `last` - 1 of `channels`.
template <class T>
void winograd_kernel(const T* w, const WinogradShape& shape, std::int64_t first, std::int64_t last,
                     const Points<T>& points);
template <class T>
void winograd_kernel_transposed(const Points<T>& points, const WinogradShape& shape,
                                std::int64_t first, std::int64_t last, T* w);

}  // namespace figment
