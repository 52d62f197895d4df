// Every map is a sandwich M x M' of small matrices known at compile time, over eight channels at
// once.
#include "figment/kernels/winograd.h"

#include <utility>
#include <vector>

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

constexpr int kTile = WinogradShape::kTile;

// The matrices of the algorithm for three taps: points 0, 1, -1, 2, -2 and infinity (Lavin & Gray,
// section 4.3), and for two: 0, 1, -1, 2 and infinity.
template <int kTaps>
struct Algorithm;

template <>
struct Algorithm<3> {
  static constexpr int kSide = 6;
  static constexpr double kInput[kSide][kSide] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0},
                                                  {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
                                                  {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
  static constexpr double kKernel[kSide][3] = {{1 / 4.0, 0, 0},
                                               {-1 / 6.0, -1 / 6.0, -1 / 6.0},
                                               {-1 / 6.0, 1 / 6.0, -1 / 6.0},
                                               {1 / 24.0, 1 / 12.0, 1 / 6.0},
                                               {1 / 24.0, -1 / 12.0, 1 / 6.0},
                                               {0, 0, 1}};
  static constexpr double kOutput[kTile][kSide] = {
      {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
};

template <>
struct Algorithm<2> {
  static constexpr int kSide = 5;
  static constexpr double kInput[kSide][kSide] = {
      {2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}};
  static constexpr double kKernel[kSide][2] = {
      {1 / 2.0, 0}, {-1 / 2.0, -1 / 2.0}, {-1 / 6.0, 1 / 6.0}, {1 / 6.0, 1 / 3.0}, {0, 1}};
  static constexpr double kOutput[kTile][kSide] = {
      {1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 0}, {0, 1, -1, 8, 1}};
};

template <int kTaps>
struct Input {
  static constexpr int kRows = Algorithm<kTaps>::kSide, kColumns = kRows;
  static constexpr double at(int i, int j) { return Algorithm<kTaps>::kInput[i][j]; }
};
template <int kTaps>
struct Kernel {
  static constexpr int kRows = Algorithm<kTaps>::kSide, kColumns = kTaps;
  static constexpr double at(int i, int j) { return Algorithm<kTaps>::kKernel[i][j]; }
};
template <int kTaps>
struct Output {
  static constexpr int kRows = kTile, kColumns = Algorithm<kTaps>::kSide;
  static constexpr double at(int i, int j) { return Algorithm<kTaps>::kOutput[i][j]; }
};
template <class M>
struct Transposed {
  static constexpr int kRows = M::kColumns, kColumns = M::kRows;
  static constexpr double at(int i, int j) { return M::at(j, i); }
};

template <class M, int kI>
constexpr int first_in_row() {
  int j = 0;
  while (M::at(kI, j) == 0) ++j;
  return j;
}

// V is a number or several, T that number's type.
template <class T, class M, int kI, int kJ, class V>
FIGMENT_INLINE void add_term(const V& x, V& sum) {
  constexpr double m = M::at(kI, kJ);
  if constexpr (m == 0) {
    return;
  } else if constexpr (kJ == first_in_row<M, kI>()) {
    if constexpr (m == 1)
      sum = x;
    else
      sum = static_cast<T>(m) * x;
  } else if constexpr (m == 1) {
    sum += x;
  } else if constexpr (m == -1) {
    sum -= x;
  } else {
    sum += static_cast<T>(m) * x;
  }
}

template <class T, class M, int kI, class V, int... kJ>
FIGMENT_INLINE void row_sum(const V* x, std::int64_t step, V& sum,
                            std::integer_sequence<int, kJ...>) {
  (add_term<T, M, kI, kJ>(x[kJ * step], sum), ...);
}

// y[i * step_y] = the sum over j of M(i, j) x[j * step_x]
template <class T, class M, class V, int... kI>
FIGMENT_INLINE void multiply(const V* x, std::int64_t step_x, V* y, std::int64_t step_y,
                             std::integer_sequence<int, kI...>) {
  (row_sum<T, M, kI>(x, step_x, y[kI * step_y], std::make_integer_sequence<int, M::kColumns>()),
   ...);
}

// M x M'
template <class T, class M, class V>
FIGMENT_INLINE void sandwich(const V (&x)[M::kColumns][M::kColumns], V (&y)[M::kRows][M::kRows]) {
  constexpr auto kAllRows = std::make_integer_sequence<int, M::kRows>();
  V half[M::kRows][M::kColumns];
  for (int j = 0; j < M::kColumns; ++j)
    multiply<T, M>(&x[0][j], M::kColumns, &half[0][j], M::kColumns, kAllRows);
  for (int i = 0; i < M::kRows; ++i) multiply<T, M>(&half[i][0], 1, &y[i][0], 1, kAllRows);
}

// Eight numbers, and the same where they lie anywhere: std::memcpy would be taken apart into halves
// before a clone for wider registers is made.
template <class T>
using Eight __attribute__((vector_size(8 * sizeof(T)))) = T;
template <class T>
using EightAnywhere __attribute__((vector_size(8 * sizeof(T)), aligned(alignof(T)), may_alias)) = T;

// V is T or eight of it.
template <class V, class T>
FIGMENT_INLINE void load(const T* from, V& to) {
  if constexpr (sizeof(V) == sizeof(T))
    to = *from;
  else
    to = *reinterpret_cast<const EightAnywhere<T>*>(from);
}
template <class V, class T>
FIGMENT_INLINE void store(const V& from, T* to) {
  if constexpr (sizeof(V) == sizeof(T))
    *to = from;
  else
    *reinterpret_cast<EightAnywhere<T>*>(to) = from;
}

// Numbers `c` and on of each of kColumns x kColumns pixels, through M, to those of kRows x kRows
// others, and `add` to them unless it is null.
template <class T, class V, class M, bool kAdds>
FIGMENT_INLINE void map_pixels(T* const (&from)[M::kColumns][M::kColumns],
                               T* const (&to)[M::kRows][M::kRows], std::int64_t c, const T* add) {
  V x[M::kColumns][M::kColumns], y[M::kRows][M::kRows];
  for (int i = 0; i < M::kColumns; ++i)
    for (int j = 0; j < M::kColumns; ++j) load(from[i][j] + c, x[i][j]);
  sandwich<T, M>(x, y);
  V more{};
  if (add != nullptr) load(add + c, more);
  for (int i = 0; i < M::kRows; ++i)
    for (int j = 0; j < M::kRows; ++j) {
      if constexpr (kAdds) load(to[i][j] + c, more);
      if (kAdds || add != nullptr) y[i][j] += more;
      store(y[i][j], to[i][j] + c);
    }
}

template <class M, bool kAdds, class T>
FIGMENT_INLINE void map_channels(T* const (&from)[M::kColumns][M::kColumns],
                                 T* const (&to)[M::kRows][M::kRows], std::int64_t channels,
                                 const T* add = nullptr) {
  std::int64_t c = 0;
  for (; c + 8 <= channels; c += 8) map_pixels<T, Eight<T>, M, kAdds>(from, to, c, add);
  for (; c < channels; ++c) map_pixels<T, T, M, kAdds>(from, to, c, add);
}

template <int kN, class T>
FIGMENT_INLINE void set_points(const Points<T>& points, std::int64_t offset, T* (&at)[kN][kN]) {
  for (int i = 0; i < kN; ++i)
    for (int j = 0; j < kN; ++j) at[i][j] = points.data + (i * kN + j) * points.stride + offset;
}

// The pixels of [height, width, channels] from (top, left) on, `step` apart; `outside` is in the
// place of those that are not there.
template <int kN, class T>
FIGMENT_INLINE void set_pixels(T* image, std::int64_t height, std::int64_t width,
                               std::int64_t channels, std::int64_t top, std::int64_t left,
                               std::int64_t step, T* outside, T* (&at)[kN][kN]) {
  for (int i = 0; i < kN; ++i)
    for (int j = 0; j < kN; ++j) {
      const auto row = top + i * step, column = left + j * step;
      const bool there = row >= 0 && row < height && column >= 0 && column < width;
      at[i][j] = there ? image + (row * width + column) * channels : outside;
    }
}

// A tile's image and the row and column of its first output.
struct Place {
  std::int64_t image, row, column;
};
FIGMENT_INLINE Place place_of(const WinogradShape& shape, std::int64_t tile) {
  const auto across = (shape.out_width + kTile - 1) / kTile, in_image = tile % shape.tiles();
  return {tile / shape.tiles(), in_image / across * kTile, in_image % across * kTile};
}

template <int kTaps, bool kBack, class T>
FIGMENT_INLINE void map_input(T* x, const WinogradShape& shape, std::int64_t images,
                              const Points<T>& points, T* outside) {
  using M = Input<kTaps>;
  constexpr int kSide = M::kRows;
  const auto stride = shape.stride;
  T *pixels[kSide][kSide], *at[kSide][kSide];
  for (std::int64_t tile = 0; tile < images * shape.tiles(); ++tile) {
    const auto place = place_of(shape, tile);
    T* image = x + place.image * shape.height * shape.width * shape.in;
    for (int phase = 0; phase < stride * stride; ++phase) {
      set_pixels<kSide>(image, shape.height, shape.width, shape.in,
                        place.row * stride + phase / stride - shape.padding,
                        place.column * stride + phase % stride - shape.padding, stride, outside,
                        pixels);
      set_points<kSide>(points, tile * shape.channels() + phase * shape.in, at);
      if constexpr (kBack)
        map_channels<Transposed<M>, true, T>(at, pixels, shape.in);
      else
        map_channels<M, false, T>(pixels, at, shape.in);
    }
  }
}

template <int kTaps, bool kBack, class T>
FIGMENT_INLINE void map_output(T* y, const WinogradShape& shape, std::int64_t images, const T* bias,
                               const Points<T>& points, T* outside) {
  using M = Output<kTaps>;
  T *pixels[kTile][kTile], *at[M::kColumns][M::kColumns];
  for (std::int64_t tile = 0; tile < images * shape.tiles(); ++tile) {
    const auto place = place_of(shape, tile);
    set_pixels<kTile>(y + place.image * shape.out_height * shape.out_width * shape.out,
                      shape.out_height, shape.out_width, shape.out, place.row, place.column, 1,
                      outside, pixels);
    set_points<M::kColumns>(points, tile * shape.out, at);
    if constexpr (kBack)
      map_channels<Transposed<M>, false, T>(pixels, at, shape.out);
    else
      map_channels<M, false, T>(at, pixels, shape.out, bias);
  }
}

template <int kTaps, bool kBack, class T>
FIGMENT_INLINE void map_kernel(T* w, const WinogradShape& shape, std::int64_t first,
                               std::int64_t last, const Points<T>& points) {
  using M = Kernel<kTaps>;
  T *taps[kTaps][kTaps], *at[M::kRows][M::kRows];
  for (auto channel = first; channel < last; ++channel) {
    const auto phase = channel / shape.in, c = channel % shape.in;
    for (std::int64_t i = 0; i < kTaps; ++i)
      for (std::int64_t j = 0; j < kTaps; ++j) {
        const auto row = i * shape.stride + phase / shape.stride;
        const auto column = j * shape.stride + phase % shape.stride;
        taps[i][j] = w + ((c * shape.side() + row) * shape.side() + column) * shape.out;
      }
    set_points<M::kRows>(points, channel * shape.out, at);
    if constexpr (kBack)
      map_channels<Transposed<M>, false, T>(at, taps, shape.out);
    else
      map_channels<M, false, T>(taps, at, shape.out);
  }
}

template <bool kBack, class T>
FIGMENT_INLINE void any_input(T* x, const WinogradShape& shape, std::int64_t images,
                              const Points<T>& points, T* outside) {
  if (shape.taps == 2)
    map_input<2, kBack, T>(x, shape, images, points, outside);
  else
    map_input<3, kBack, T>(x, shape, images, points, outside);
}
template <bool kBack, class T>
FIGMENT_INLINE void any_output(T* y, const WinogradShape& shape, std::int64_t images, const T* bias,
                               const Points<T>& points, T* outside) {
  if (shape.taps == 2)
    map_output<2, kBack, T>(y, shape, images, bias, points, outside);
  else
    map_output<3, kBack, T>(y, shape, images, bias, points, outside);
}
template <bool kBack, class T>
FIGMENT_INLINE void any_kernel(T* w, const WinogradShape& shape, std::int64_t first,
                               std::int64_t last, const Points<T>& points) {
  if (shape.taps == 2)
    map_kernel<2, kBack, T>(w, shape, first, last, points);
  else
    map_kernel<3, kBack, T>(w, shape, first, last, points);
}

FIGMENT_CLONES
void input_of(float* x, const WinogradShape& shape, std::int64_t images, bool back,
              const Points<float>& points, float* outside) {
  back ? any_input<true>(x, shape, images, points, outside)
       : any_input<false>(x, shape, images, points, outside);
}
void input_of(double* x, const WinogradShape& shape, std::int64_t images, bool back,
              const Points<double>& points, double* outside) {
  back ? any_input<true>(x, shape, images, points, outside)
       : any_input<false>(x, shape, images, points, outside);
}

FIGMENT_CLONES
void output_of(float* y, const WinogradShape& shape, std::int64_t images, bool back,
               const float* bias, const Points<float>& points, float* outside) {
  back ? any_output<true>(y, shape, images, bias, points, outside)
       : any_output<false>(y, shape, images, bias, points, outside);
}
void output_of(double* y, const WinogradShape& shape, std::int64_t images, bool back,
               const double* bias, const Points<double>& points, double* outside) {
  back ? any_output<true>(y, shape, images, bias, points, outside)
       : any_output<false>(y, shape, images, bias, points, outside);
}

FIGMENT_CLONES
void kernel_of(float* w, const WinogradShape& shape, std::int64_t first, std::int64_t last,
               bool back, const Points<float>& points) {
  back ? any_kernel<true>(w, shape, first, last, points)
       : any_kernel<false>(w, shape, first, last, points);
}
void kernel_of(double* w, const WinogradShape& shape, std::int64_t first, std::int64_t last,
               bool back, const Points<double>& points) {
  back ? any_kernel<true>(w, shape, first, last, points)
       : any_kernel<false>(w, shape, first, last, points);
}

// In the place of pixels that are not there: zeros to be read, or room to be written to.
template <class T>
std::vector<T> outside_of(std::int64_t channels) {
  return std::vector<T>(static_cast<std::size_t>(channels));
}

// The maps read one side and write the other; which is which is their `back`.
template <class T>
T* either_way(const T* x) {
  return const_cast<T*>(x);
}

}  // namespace

template <class T>
void winograd_input(const T* x, const WinogradShape& shape, std::int64_t images,
                    const Points<T>& points) {
  input_of(either_way(x), shape, images, false, points, outside_of<T>(shape.in).data());
}
template <class T>
void winograd_input_transposed(const Points<T>& points, const WinogradShape& shape,
                               std::int64_t images, T* x) {
  input_of(x, shape, images, true, points, outside_of<T>(shape.in).data());
}
template <class T>
void winograd_output(const Points<T>& points, const WinogradShape& shape, std::int64_t images,
                     const T* bias, T* y) {
  output_of(y, shape, images, false, bias, points, outside_of<T>(shape.out).data());
}
template <class T>
void winograd_output_transposed(const T* y, const WinogradShape& shape, std::int64_t images,
                                const Points<T>& points) {
  const T* none = nullptr;
  output_of(either_way(y), shape, images, true, none, points, outside_of<T>(shape.out).data());
}
template <class T>
void winograd_kernel(const T* w, const WinogradShape& shape, std::int64_t first, std::int64_t last,
                     const Points<T>& points) {
  kernel_of(either_way(w), shape, first, last, false, points);
}
template <class T>
void winograd_kernel_transposed(const Points<T>& points, const WinogradShape& shape,
                                std::int64_t first, std::int64_t last, T* w) {
  kernel_of(w, shape, first, last, true, points);
}

// Those that the header promises.
template void winograd_input(const float*, const WinogradShape&, std::int64_t,
                             const Points<float>&);
template void winograd_input_transposed(const Points<float>&, const WinogradShape&, std::int64_t,
                                        float*);
template void winograd_output(const Points<float>&, const WinogradShape&, std::int64_t,
                              const float*, float*);
template void winograd_output_transposed(const float*, const WinogradShape&, std::int64_t,
                                         const Points<float>&);
template void winograd_kernel(const float*, const WinogradShape&, std::int64_t, std::int64_t,
                              const Points<float>&);
template void winograd_kernel_transposed(const Points<float>&, const WinogradShape&, std::int64_t,
                                         std::int64_t, float*);
template void winograd_input(const double*, const WinogradShape&, std::int64_t,
                             const Points<double>&);
template void winograd_input_transposed(const Points<double>&, const WinogradShape&, std::int64_t,
                                        double*);
template void winograd_output(const Points<double>&, const WinogradShape&, std::int64_t,
                              const double*, double*);
template void winograd_output_transposed(const double*, const WinogradShape&, std::int64_t,
                                         const Points<double>&);
template void winograd_kernel(const double*, const WinogradShape&, std::int64_t, std::int64_t,
                              const Points<double>&);
template void winograd_kernel_transposed(const Points<double>&, const WinogradShape&, std::int64_t,
                                         std::int64_t, double*);

}  // namespace figment
