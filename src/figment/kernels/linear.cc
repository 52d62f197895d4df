// Bias and nonlinearity, fused.
#include "figment/kernels/linear.h"

#include <algorithm>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// Columns whose sums a loop over rows holds in registers.
constexpr std::int64_t kLanes = 64;

// Rows summed before their sum joins the total, so that the error of a sum over very many rows
// grows with its square root rather than with their number.
constexpr std::int64_t kRun = 256;

using namespace curves;

template <class F, class T>
FIGMENT_INLINE void in_place(const T* __restrict bias, T* __restrict z, const Block& block) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    T* __restrict row = z + r * block.stride;
    if (bias != nullptr)
      for (std::int64_t c = 0; c < block.columns; ++c) row[c] = F::value(row[c] + bias[c]);
    else
      for (std::int64_t c = 0; c < block.columns; ++c) row[c] = F::value(row[c]);
  }
}

template <class F, class T>
FIGMENT_INLINE void beside(const T* __restrict bias, T* __restrict z, T* __restrict y,
                           const Block& block) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    T* __restrict row = z + r * block.stride;
    T* __restrict out = y + r * block.stride;
    if (bias != nullptr)
      for (std::int64_t c = 0; c < block.columns; ++c) row[c] += bias[c];
    for (std::int64_t c = 0; c < block.columns; ++c) out[c] = F::value(row[c]);
  }
}

template <class T>
FIGMENT_INLINE void forward(Curve curve, const T* bias, T* z, T* y, const Block& block) {
  switch (curve) {
    case Curve::kNone:
      return in_place<None>(bias, z, block);
    case Curve::kRelu:
      return in_place<Relu>(bias, z, block);
    case Curve::kLeakyRelu:
      return in_place<LeakyRelu>(bias, z, block);
    case Curve::kTanh:
      return in_place<Tanh>(bias, z, block);
    case Curve::kSigmoid:
      return in_place<Sigmoid>(bias, z, block);
    case Curve::kSilu:
      return beside<Silu>(bias, z, y, block);
  }
}

template <class F, class T>
FIGMENT_INLINE void slopes(const T* __restrict g, const T* __restrict kept, T* __restrict out,
                           std::int64_t n) {
  for (std::int64_t c = 0; c < n; ++c) out[c] = F::back(g[c], kept[c]);
}

// Of `count` columns, row by row; the sums of kLanes columns, which kFull says these are, stay in
// registers.
template <class F, bool kBend, bool kFull, class T>
FIGMENT_INLINE void lanes(const T* __restrict of_y, const T* __restrict kept, T* __restrict of_z,
                          T* __restrict of_bias, const Block& block, std::int64_t count) {
  const auto width = kFull ? kLanes : count;
  T total[kLanes] = {};
  for (std::int64_t from = 0; from < block.rows; from += kRun) {
    const auto to = std::min(block.rows, from + kRun);
    T sum[kLanes] = {};
    for (std::int64_t r = from; r < to; ++r) {
      const auto at = r * block.stride;
      for (std::int64_t c = 0; c < width; ++c) {
        T here = of_y[at + c];
        if constexpr (kBend) {
          here = F::back(here, kept[at + c]);
          of_z[at + c] = here;
        }
        sum[c] += here;
      }
    }
    for (std::int64_t c = 0; c < width; ++c) total[c] += sum[c];
  }
  for (std::int64_t c = 0; c < width; ++c) of_bias[c] = total[c];
}

template <class F, bool kBend, class T>
FIGMENT_INLINE void bent(const T* of_y, const T* kept, T* of_z, T* of_bias, const Block& block) {
  if (of_bias == nullptr) {
    if constexpr (kBend)
      for (std::int64_t r = 0; r < block.rows; ++r)
        slopes<F>(of_y + r * block.stride, kept + r * block.stride, of_z + r * block.stride,
                  block.columns);
    return;
  }
  const auto whole = block.columns / kLanes * kLanes;
  const auto from = [&](auto* all, std::int64_t c) { return kBend ? all + c : all; };
  for (std::int64_t c = 0; c < whole; c += kLanes)
    lanes<F, kBend, true>(of_y + c, from(kept, c), from(of_z, c), of_bias + c, block, kLanes);
  if (whole < block.columns)
    lanes<F, kBend, false>(of_y + whole, from(kept, whole), from(of_z, whole), of_bias + whole,
                           block, block.columns - whole);
}

template <class T>
FIGMENT_INLINE void backward(Curve curve, const T* of_y, const T* kept, T* of_z, T* of_bias,
                             const Block& block) {
  switch (curve) {
    case Curve::kNone:
      return bent<None, false>(of_y, kept, of_z, of_bias, block);
    case Curve::kRelu:
      return bent<Relu, true>(of_y, kept, of_z, of_bias, block);
    case Curve::kLeakyRelu:
      return bent<LeakyRelu, true>(of_y, kept, of_z, of_bias, block);
    case Curve::kTanh:
      return bent<Tanh, true>(of_y, kept, of_z, of_bias, block);
    case Curve::kSigmoid:
      return bent<Sigmoid, true>(of_y, kept, of_z, of_bias, block);
    case Curve::kSilu:
      return bent<Silu, true>(of_y, kept, of_z, of_bias, block);
  }
}

FIGMENT_CLONES
void forward_floats(Curve curve, const float* bias, float* z, float* y, const Block& block) {
  forward(curve, bias, z, y, block);
}

FIGMENT_CLONES
void backward_floats(Curve curve, const float* of_y, const float* kept, float* of_z, float* of_bias,
                     const Block& block) {
  backward(curve, of_y, kept, of_z, of_bias, block);
}

}  // namespace

void bias_curve(Curve curve, const float* bias, float* z, float* y, const Block& block) {
  forward_floats(curve, bias, z, y, block);
}
void bias_curve(Curve curve, const double* bias, double* z, double* y, const Block& block) {
  forward(curve, bias, z, y, block);
}

void bias_curve_backward(Curve curve, const float* of_y, const float* kept, float* of_z,
                         float* of_bias, const Block& block) {
  backward_floats(curve, of_y, kept, of_z, of_bias, block);
}
void bias_curve_backward(Curve curve, const double* of_y, const double* kept, double* of_z,
                         double* of_bias, const Block& block) {
  backward(curve, of_y, kept, of_z, of_bias, block);
}

}  // namespace figment
