#include "figment/nn/winograd.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/product.h"
#include "figment/kernels/turn.h"
#include "figment/kernels/winograd.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Channels below which the maps to the points cost more than the multiplications they save.
constexpr int64_t kFewChannels = 16;
// Tiles that go through the algorithm together: as many as give products of a good size, and few
// enough that they stay in a core's cache, or, where all threads share them, in the processor's.
constexpr int64_t kTilesOfThread = 128, kTilesOfAll = 512;
// Numbers that one image may be at the points, 32 MiB of floats. What needs more, a large image of
// many channels, would go through memory several times, and take much of it.
constexpr int64_t kMostNumbers = int64_t{1} << 23;

WinogradShape shape_of(at::IntArrayRef x, at::IntArrayRef weight, const ConvolutionGeometry& g) {
  WinogradShape shape;
  shape.stride = static_cast<int>(g.stride);
  shape.taps = static_cast<int>(weight[2] / g.stride);
  shape.padding = g.padding;
  shape.in = x[1], shape.height = x[2], shape.width = x[3];
  shape.out = weight[0];
  shape.out_height = (x[2] + 2 * g.padding - weight[2]) / g.stride + 1;
  shape.out_width = (x[3] + 2 * g.padding - weight[3]) / g.stride + 1;
  return shape;
}

bool side_by_side(const Tensor& t) {
  return t.is_contiguous(at::MemoryFormat::ChannelsLast) && !t.is_contiguous();
}
Tensor dense(const Tensor& t) { return side_by_side(t) ? t : t.contiguous(); }

// Room for [points][rows, columns], an odd number of cache lines between points.
template <class T>
class Room {
 public:
  Room(const Tensor& like, int64_t points, int64_t rows, int64_t columns) : columns_(columns) {
    constexpr int64_t kLine = 64 / sizeof(T);
    const auto lines = (rows * columns + kLine - 1) / kLine;
    points_.stride = (lines | 1) * kLine;
    tensor_ = at::empty({points * points_.stride}, like.options());
    points_.data = tensor_.data_ptr<T>();
  }
  const Points<T>& points() const { return points_; }
  T* at(int64_t point) const { return points_.data + point * points_.stride; }
  int64_t columns() const { return columns_; }

 private:
  int64_t columns_;
  Tensor tensor_;
  Points<T> points_;
};

// out = left right, or more with `add`; of matrices at a point. In double for tests.
void multiply_at(int64_t rows, int64_t columns, int64_t inner, const Factor& left,
                 const Factor& right, float* out, bool add) {
  multiply(rows, columns, inner, left, right, out, columns, add);
}
struct DoubleFactor {
  const double* data = nullptr;
  int64_t stride = 0;
  bool turned = false;
};
void multiply_at(int64_t rows, int64_t columns, int64_t inner, const DoubleFactor& left,
                 const DoubleFactor& right, double* out, bool add) {
  const auto matrix = [](const DoubleFactor& f, int64_t r, int64_t c) {
    const std::vector<int64_t> steps = {f.turned ? 1 : f.stride, f.turned ? f.stride : 1};
    return at::from_blob(const_cast<double*>(f.data), {r, c}, steps, torch::kDouble);
  };
  auto to = at::from_blob(out, {rows, columns}, torch::kDouble);
  const auto sum = matrix(left, rows, inner).mm(matrix(right, inner, columns));
  add ? to.add_(sum) : to.copy_(sum);
}
template <class T>
using FactorOf = std::conditional_t<std::is_same_v<T, float>, Factor, DoubleFactor>;

// Some images of a tensor, channels side by side: itself, or a copy that is turned.
template <class T>
class Pixels {
 public:
  Pixels(const Tensor& tensor, int64_t most)
      : data_(tensor.data_ptr<T>()),
        channels_(tensor.size(1)),
        places_(tensor.size(2) * tensor.size(3)) {
    if (side_by_side(tensor)) return;
    copy_ = at::empty({most * channels_ * places_}, tensor.options());
  }

  T* read(int64_t first, int64_t count) const {
    T* from = data_ + first * channels_ * places_;
    if (!copy_.defined()) return from;
    for (int64_t i = 0; i < count; ++i)
      turn(from + i * channels_ * places_, channels_, places_,
           copy_.data_ptr<T>() + i * channels_ * places_);
    return copy_.data_ptr<T>();
  }
  // Room for what wrote() puts in its place.
  T* room(int64_t first) const {
    return copy_.defined() ? copy_.data_ptr<T>() : data_ + first * channels_ * places_;
  }
  void wrote(int64_t first, int64_t count) const {
    if (!copy_.defined()) return;
    for (int64_t i = 0; i < count; ++i)
      turn(copy_.data_ptr<T>() + i * channels_ * places_, places_, channels_,
           data_ + (first + i) * channels_ * places_);
  }
  int64_t numbers(int64_t count) const { return count * channels_ * places_; }

 private:
  T* data_;
  int64_t channels_, places_;
  Tensor copy_;
};

// Images whose tiles are about as many, and of a batch of several at most a quarter: for threads to
// share, whose number must not tell which they are.
int64_t images_at_once(const WinogradShape& shape, int64_t tiles, int64_t images) {
  return std::clamp<int64_t>(tiles / shape.tiles(), 1, std::max<int64_t>(1, (images + 3) / 4));
}

// Calls work(first, last) for images that are whole blocks, but for the last, in parallel.
template <class F>
void over_blocks(int64_t images, int64_t block, F&& work) {
  at::parallel_for(0, (images + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
    work(begin * block, std::min(images, end * block));
  });
}

// Says to those who count what is computed that y, or its gradient, was met by all of `weight`.
void record(const Tensor& y, const Tensor& weight) {
  RECORD_FUNCTION("figment::convolution", std::vector<c10::IValue>({y, weight}));
}

// weight [out, in, k, k] at the points: [channels, out]
template <class T>
Room<T> weight_points(const Tensor& weight, const WinogradShape& shape) {
  const auto dense = weight.contiguous();
  const auto turned = at::empty({dense.numel()}, dense.options());
  turn(dense.data_ptr<T>(), shape.out, dense.numel() / shape.out, turned.data_ptr<T>());
  Room<T> room(dense, shape.points(), shape.channels(), shape.out);
  at::parallel_for(0, shape.channels(), 8, [&](int64_t first, int64_t last) {
    winograd_kernel(turned.data_ptr<T>(), shape, first, last, room.points());
  });
  return room;
}

template <class T>
void convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const WinogradShape& shape,
              const Tensor& y) {
  const auto kernel = weight_points<T>(weight, shape);
  const auto block = images_at_once(shape, kTilesOfThread, x.size(0));
  const auto dense_bias = bias.contiguous();
  const auto* add = bias.numel() > 0 ? dense_bias.data_ptr<T>() : nullptr;
  over_blocks(x.size(0), block, [&](int64_t begin, int64_t end) {
    const Pixels<T> from(x, block), to(y, block);
    const Room<T> data(x, shape.points(), block * shape.tiles(), shape.channels());
    const Room<T> sums(x, shape.points(), block * shape.tiles(), shape.out);
    for (auto first = begin; first < end; first += block) {
      const auto count = std::min(block, end - first), tiles = count * shape.tiles();
      winograd_input(from.read(first, count), shape, count, data.points());
      for (int64_t p = 0; p < shape.points(); ++p)
        multiply_at(tiles, shape.out, shape.channels(),
                    FactorOf<T>{data.at(p), shape.channels(), false},
                    FactorOf<T>{kernel.at(p), shape.out, false}, sums.at(p), false);
      winograd_output(sums.points(), shape, count, add, to.room(first));
      to.wrote(first, count);
    }
  });
}

template <class T>
void transpose(const Tensor& y, const Tensor& weight, const WinogradShape& shape, const Tensor& x) {
  const auto kernel = weight_points<T>(weight, shape);
  const auto block = images_at_once(shape, kTilesOfThread, x.size(0));
  over_blocks(y.size(0), block, [&](int64_t begin, int64_t end) {
    const Pixels<T> from(y, block), to(x, block);
    const Room<T> given(y, shape.points(), block * shape.tiles(), shape.out);
    const Room<T> sums(y, shape.points(), block * shape.tiles(), shape.channels());
    for (auto first = begin; first < end; first += block) {
      const auto count = std::min(block, end - first), tiles = count * shape.tiles();
      winograd_output_transposed(from.read(first, count), shape, count, given.points());
      for (int64_t p = 0; p < shape.points(); ++p)
        multiply_at(tiles, shape.channels(), shape.out, FactorOf<T>{given.at(p), shape.out, false},
                    FactorOf<T>{kernel.at(p), shape.out, true}, sums.at(p), false);
      std::fill_n(to.room(first), to.numbers(count), T{0});
      winograd_input_transposed(sums.points(), shape, count, to.room(first));
      to.wrote(first, count);
    }
  });
}

// All threads bring a block to the points; then each multiplies at points of its own, so that every
// sum is taken in one order whatever the threads.
template <class T>
void differentiate(const Tensor& x, const Tensor& y, const WinogradShape& shape,
                   const Tensor& weight) {
  const auto block = std::min(x.size(0), std::max<int64_t>(1, kTilesOfAll / shape.tiles()));
  const Room<T> data(x, shape.points(), block * shape.tiles(), shape.channels());
  const Room<T> given(x, shape.points(), block * shape.tiles(), shape.out);
  const Room<T> kernel(x, shape.points(), shape.channels(), shape.out);
  for (int64_t begin = 0; begin < x.size(0); begin += block) {
    const auto images = std::min(block, x.size(0) - begin);
    const auto few = images_at_once(shape, kTilesOfThread / 4, images);
    over_blocks(images, few, [&](int64_t begin_part, int64_t end) {
      const Pixels<T> of_x(x, few), of_y(y, few);
      for (auto first = begin_part; first < end; first += few) {
        const auto count = std::min(few, end - first);
        const auto at = [&](const Room<T>& room) {
          return Points<T>{room.at(0) + first * shape.tiles() * room.columns(),
                           room.points().stride};
        };
        winograd_input(of_x.read(begin + first, count), shape, count, at(data));
        winograd_output_transposed(of_y.read(begin + first, count), shape, count, at(given));
      }
    });
    at::parallel_for(0, shape.points(), 1, [&](int64_t first, int64_t last) {
      for (auto p = first; p < last; ++p)
        multiply_at(shape.channels(), shape.out, images * shape.tiles(),
                    FactorOf<T>{data.at(p), shape.channels(), true},
                    FactorOf<T>{given.at(p), shape.out, false}, kernel.at(p), begin > 0);
    });
  }
  const auto turned = at::empty({weight.numel()}, weight.options());
  at::parallel_for(0, shape.channels(), 8, [&](int64_t first, int64_t last) {
    winograd_kernel_transposed(kernel.points(), shape, first, last, turned.data_ptr<T>());
  });
  turn(turned.data_ptr<T>(), weight.numel() / shape.out, shape.out, weight.data_ptr<T>());
}

Tensor like_of(const Tensor& t, at::IntArrayRef size) {
  return at::empty(size, t.options().memory_format(side_by_side(t) ? at::MemoryFormat::ChannelsLast
                                                                   : at::MemoryFormat::Contiguous));
}

// The three sums over x, y and weight, each of which the gradients of the others are.
Tensor forward_sum(const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const ConvolutionGeometry& geometry) {
  FIGMENT_CHECK(x.size(1) == weight.size(1));
  FIGMENT_CHECK(bias.numel() == 0 || bias.numel() == weight.size(0));
  const auto shape = shape_of(x.sizes(), weight.sizes(), geometry);
  const auto y = like_of(x, {x.size(0), shape.out, shape.out_height, shape.out_width});
  record(y, weight);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd",
                             [&] { convolve<scalar_t>(x, weight, bias, shape, y); });
  return y;
}

Tensor transposed_sum(const Tensor& y, const Tensor& weight, int64_t height, int64_t width,
                      const ConvolutionGeometry& geometry) {
  const auto x = like_of(y, {y.size(0), weight.size(1), height, width});
  const auto shape = shape_of(x.sizes(), weight.sizes(), geometry);
  FIGMENT_CHECK(y.size(1) == shape.out && y.size(2) == shape.out_height &&
                y.size(3) == shape.out_width);
  record(y, weight);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd",
                             [&] { transpose<scalar_t>(y, weight, shape, x); });
  return x;
}

Tensor weight_sum(const Tensor& x, const Tensor& y, int64_t side,
                  const ConvolutionGeometry& geometry) {
  const auto weight = at::empty({y.size(1), x.size(1), side, side}, x.options());
  record(y, weight);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd", [&] {
    differentiate<scalar_t>(x, y, shape_of(x.sizes(), weight.sizes(), geometry), weight);
  });
  return weight;
}

void keep(AutogradContext* context, const ConvolutionGeometry& geometry) {
  context->saved_data["stride"] = geometry.stride;
  context->saved_data["padding"] = geometry.padding;
}
ConvolutionGeometry kept(AutogradContext* context) {
  return {context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt()};
}

Tensor of_weight(const Tensor& x, const Tensor& y, int64_t side,
                 const ConvolutionGeometry& geometry);

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          const Variable& bias, const ConvolutionGeometry& geometry) {
    context->save_for_backward({x, weight});
    keep(context, geometry);
    return forward_sum(x, weight, bias, geometry);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &of_y = gradients[0];
    const auto geometry = kept(context);
    variable_list out(4);
    if (context->needs_input_grad(0))
      out[0] = winograd_transposed(of_y, weight, x.size(2), x.size(3), geometry);
    if (context->needs_input_grad(1)) out[1] = of_weight(x, of_y, weight.size(2), geometry);
    if (context->needs_input_grad(2)) out[2] = of_y.sum({0, 2, 3});
    return out;
  }
};

class Transpose : public torch::autograd::Function<Transpose> {
 public:
  static Variable forward(AutogradContext* context, const Variable& y, const Variable& weight,
                          int64_t height, int64_t width, const ConvolutionGeometry& geometry) {
    context->save_for_backward({y, weight});
    keep(context, geometry);
    return transposed_sum(y, weight, height, width, geometry);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &y = saved[0], &weight = saved[1], &of_x = gradients[0];
    const auto geometry = kept(context);
    variable_list out(5);
    if (context->needs_input_grad(0)) out[0] = winograd_convolution(of_x, weight, {}, geometry);
    if (context->needs_input_grad(1)) out[1] = of_weight(of_x, y, weight.size(2), geometry);
    return out;
  }
};

class WeightGradient : public torch::autograd::Function<WeightGradient> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& y,
                          int64_t side, const ConvolutionGeometry& geometry) {
    context->save_for_backward({x, y});
    keep(context, geometry);
    return weight_sum(x, y, side, geometry);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &y = saved[1], &weight = gradients[0];
    const auto geometry = kept(context);
    variable_list out(4);
    if (context->needs_input_grad(0))
      out[0] = winograd_transposed(y, weight, x.size(2), x.size(3), geometry);
    if (context->needs_input_grad(1)) out[1] = winograd_convolution(x, weight, {}, geometry);
    return out;
  }
};

Tensor of_weight(const Tensor& x, const Tensor& y, int64_t side,
                 const ConvolutionGeometry& geometry) {
  return WeightGradient::apply(dense(x), dense(y), side, geometry);
}

}  // namespace

bool winograd_takes(const Tensor& like, const Tensor& weight, at::IntArrayRef x_size,
                    const ConvolutionGeometry& geometry) {
  const bool computes =
      like.scalar_type() == torch::kDouble || (like.scalar_type() == torch::kFloat && multiplies());
  if (!fast_paths() || lowers_precision(like.device()) || !computes || !like.device().is_cpu() ||
      like.dim() != 4 || like.size(0) == 0 || weight.dim() != 4 ||
      weight.scalar_type() != like.scalar_type())
    return false;
  // Channels that do not fit are for LibTorch to refuse.
  if (x_size[1] != weight.size(1) || (like.size(1) != weight.size(0) && like.sizes() != x_size))
    return false;
  const auto side = geometry.stride == 1 ? 3 : 4;
  if (geometry.stride < 1 || geometry.stride > 2 || weight.size(2) != side ||
      weight.size(3) != side || std::min(weight.size(0), weight.size(1)) < kFewChannels ||
      std::min(x_size[2], x_size[3]) + 2 * geometry.padding < side)
    return false;
  const auto shape = shape_of(x_size, weight.sizes(), geometry);
  if (shape.points() * shape.tiles() * (shape.channels() + shape.out) > kMostNumbers) return false;
  // The multiplications it takes against those it replaces; tiles reach over the edges of small
  // maps.
  return 2 * shape.points() * shape.tiles() * geometry.stride * geometry.stride <
         shape.out_height * shape.out_width * side * side;
}

Tensor winograd_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                            const ConvolutionGeometry& geometry) {
  // LibTorch 1.13 takes no undefined tensors here.
  return Convolution::apply(dense(x), weight, bias.defined() ? bias : x.new_empty({0}), geometry);
}

Tensor winograd_transposed(const Tensor& y, const Tensor& weight, int64_t height, int64_t width,
                           const ConvolutionGeometry& geometry) {
  return Transpose::apply(dense(y), weight, height, width, geometry);
}

}  // namespace figment
