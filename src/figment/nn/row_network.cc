#include "figment/nn/row_network.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/linear.h"
#include "figment/nn/precision.h"
#include "figment/nn/product.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Rows of a block, which one thread takes through all layers. With a hundred units and float32 a
// layer's values are about 1 MiB: of 512 to 25,000 rows this was the fastest, and blocks of 64 took
// 1.3 times as long. The count of threads has no say, so that it does not change the sums.
constexpr int64_t kBlock = 2048;

// Few rows, of which what lies between the layers is kept for the backward pass.
bool kept(int64_t rows) { return rows <= kBlock; }

// Rows of a block: of few rows an eighth, but no less than is worth a thread's while.
int64_t block_of(int64_t rows) {
  constexpr int64_t kLeast = 128, kParts = 8;
  return kept(rows) ? std::max(kLeast, (rows + kParts - 1) / kParts) : kBlock;
}

int64_t blocks_of(int64_t rows) {
  const auto size = block_of(rows);
  return (rows + size - 1) / size;
}

struct Layers {
  std::vector<Tensor> weights, biases;  // the last bias may be missing
  std::size_t size() const { return weights.size(); }
};

Layers layers_of(const Tensor* values, std::size_t count, std::size_t depth) {
  return {{values, values + depth}, {values + depth, values + count}};
}

// Room for what the layers but the last make of so many rows.
std::vector<Tensor> room(const Layers& layers, int64_t rows) {
  std::vector<Tensor> values;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i)
    values.push_back(torch::empty({rows, layers.weights[i].size(0)}, layers.weights[i].options()));
  return values;
}

std::vector<Tensor> narrowed(const std::vector<Tensor>& values, int64_t first, int64_t rows) {
  std::vector<Tensor> out;
  out.reserve(values.size());
  for (const auto& value : values) out.push_back(value.narrow(0, first, rows));
  return out;
}

// to = f(x W^T + b)
void layer(const Tensor& to, const Tensor& x, const Tensor& weight, const Tensor& bias,
           Curve curve) {
  Product(to, x, weight.t()).compute();
  AT_DISPATCH_FLOATING_TYPES(to.scalar_type(), "row_network", [&] {
    auto* values = to.data_ptr<scalar_t>();
    bias_curve(curve, bias.defined() ? bias.data_ptr<scalar_t>() : nullptr, values, values,
               {to.size(0), to.size(1), to.size(1)});
  });
}

// The gradient before f from that after it, and `of_bias` its sum over the rows where it is
// defined.
Tensor bent(const Tensor& g, const Tensor& y, const Tensor& of_bias, Curve curve) {
  const bool same = curve == Curve::kNone;
  if (same && !of_bias.defined()) return g;
  const auto out = same ? g : torch::empty_like(g);
  AT_DISPATCH_FLOATING_TYPES(g.scalar_type(), "row_network", [&] {
    bias_curve_backward(curve, g.data_ptr<scalar_t>(), same ? nullptr : y.data_ptr<scalar_t>(),
                        same ? nullptr : out.data_ptr<scalar_t>(),
                        of_bias.defined() ? of_bias.data_ptr<scalar_t>() : nullptr,
                        {g.size(0), g.size(1), g.size(1)});
  });
  return out;
}

void compute(const Layers& layers, const Tensor& x, std::vector<Tensor>& hidden) {
  for (std::size_t i = 0; i < hidden.size(); ++i)
    layer(hidden[i], i == 0 ? x : hidden[i - 1], layers.weights[i], layers.biases[i], Curve::kRelu);
}

// Calls work(block, first row, rows, hidden) for each block; `hidden` is its share of `all`, or
// when that is empty a room that the blocks of one thread use in turn.
template <class F>
void over_blocks(const Layers& layers, int64_t rows, const std::vector<Tensor>& all, F&& work) {
  const auto size = block_of(rows), blocks = blocks_of(rows);
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // each thread has a mode of its own
    const auto own = all.empty() ? room(layers, std::min(size, rows)) : std::vector<Tensor>();
    for (auto block = begin; block < end; ++block) {
      const auto first = block * size, n = std::min(size, rows - first);
      auto hidden = all.empty() ? narrowed(own, 0, n) : narrowed(all, first, n);
      work(block, first, n, hidden);
    }
  });
}

class Rows : public torch::autograd::Function<Rows> {
 public:
  // values: the weights, then the biases
  static Variable forward(AutogradContext* context, const Variable& x, at::TensorList values,
                          int64_t depth) {
    const auto n = static_cast<std::size_t>(depth);
    const auto layers = layers_of(values.data(), values.size(), n);
    const auto& last = layers.weights.back();
    const auto y = torch::empty({x.size(0), last.size(0)}, x.options());
    const auto all = kept(x.size(0)) ? room(layers, x.size(0)) : std::vector<Tensor>();
    over_blocks(layers, x.size(0), all,
                [&](int64_t, int64_t first, int64_t rows, std::vector<Tensor>& hidden) {
                  const auto block = x.narrow(0, first, rows);
                  compute(layers, block, hidden);
                  const auto& into = n == 1 ? block : hidden.back();
                  const auto bias = layers.biases.size() == n ? layers.biases.back() : Tensor();
                  layer(y.narrow(0, first, rows), into, last, bias, Curve::kNone);
                });
    auto saved = values.vec();
    saved.push_back(x);
    saved.insert(saved.end(), all.begin(), all.end());
    context->save_for_backward(saved);
    context->saved_data["depth"] = depth;
    context->saved_data["values"] = static_cast<int64_t>(values.size());
    context->saved_data["of_x"] = x.requires_grad();
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto saved = context->get_saved_variables();
    const auto n = static_cast<std::size_t>(context->saved_data["depth"].toInt());
    const auto values = static_cast<std::size_t>(context->saved_data["values"].toInt());
    const auto layers = layers_of(saved.data(), values, n);
    const auto& x = saved[values];
    const std::vector<Tensor> all(saved.begin() + static_cast<std::ptrdiff_t>(values) + 1,
                                  saved.end());
    const auto of_y = gradients[0].contiguous();
    const auto of_x = context->saved_data["of_x"].toBool() ? torch::empty_like(x) : Tensor();
    // One for each block, summed afterwards: the same sum whatever the threads.
    const auto blocks = blocks_of(x.size(0));
    variable_list sums;
    for (const auto* group : {&layers.weights, &layers.biases})
      for (const auto& value : *group) {
        auto sizes = value.sizes().vec();
        sizes.insert(sizes.begin(), blocks);
        sums.push_back(torch::empty(sizes, value.options()));
      }
    over_blocks(
        layers, x.size(0), all,
        [&](int64_t index, int64_t first, int64_t rows, std::vector<Tensor>& hidden) {
          const auto block = x.narrow(0, first, rows);
          if (all.empty()) compute(layers, block, hidden);
          const auto of_bias = [&](std::size_t layer) {
            return layer < layers.biases.size() ? sums[n + layer].select(0, index) : Tensor();
          };
          auto g = bent(of_y.narrow(0, first, rows), Tensor(), of_bias(n - 1), Curve::kNone);
          for (auto i = n; i-- > 0;) {
            const auto& into = i == 0 ? block : hidden[i - 1];
            Product(sums[i].select(0, index), g.t(), into).compute();
            if (i > 0) {
              const auto of_into = torch::empty_like(into);
              Product(of_into, g, layers.weights[i]).compute();
              g = bent(of_into, into, of_bias(i - 1), Curve::kRelu);
            } else if (of_x.defined()) {
              Product(of_x.narrow(0, first, rows), g, layers.weights[0]).compute();
            }
          }
        });
    variable_list out = {of_x};
    for (const auto& sum : sums) out.push_back(sum.sum(0));
    out.emplace_back();  // of the depth
    return out;
  }
};

bool takes(const Tensor& x, const std::vector<Tensor>& weights) {
  return fast_paths() && x.device().is_cpu() && x.numel() > 0 &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble) &&
         weights.front().scalar_type() == x.scalar_type();
}

}  // namespace

Tensor row_network(const Tensor& input, const std::vector<Tensor>& weights,
                   const std::vector<Tensor>& biases) {
  FIGMENT_CHECK(!weights.empty() && biases.size() == weights.size());
  const auto x = in_full(input);
  if (takes(x, weights)) {
    variable_list values(weights.begin(), weights.end());
    for (const auto& bias : biases)
      if (bias.defined()) values.push_back(bias.contiguous());
    return Rows::apply(x.contiguous(), at::TensorList(values),
                       static_cast<int64_t>(weights.size()));
  }
  auto h = x;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    h = torch::linear(h, weights[i], biases[i]);
    if (i + 1 < weights.size()) h = torch::relu(h);
  }
  return h;
}

}  // namespace figment
