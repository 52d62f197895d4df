#include "figment/nn/row_network.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/nn/precision.h"

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

// One block, of which what lies between the layers is kept for the backward pass.
bool kept(int64_t rows) { return rows <= kBlock; }

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

void compute(const Layers& layers, const Tensor& x, std::vector<Tensor>& hidden) {
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    torch::addmm_out(hidden[i], layers.biases[i], i == 0 ? x : hidden[i - 1],
                     layers.weights[i].t());
    hidden[i].relu_();
  }
}

// Calls work(block, first row, rows, hidden) for each block; `hidden` is its share of `all`, or
// when that is empty a room that the blocks of one thread use in turn.
template <class F>
void over_blocks(const Layers& layers, int64_t rows, const std::vector<Tensor>& all, F&& work) {
  const auto blocks = (rows + kBlock - 1) / kBlock;
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // each thread has a mode of its own
    const auto own = all.empty() ? room(layers, std::min(kBlock, rows)) : std::vector<Tensor>();
    for (auto block = begin; block < end; ++block) {
      const auto first = block * kBlock, n = std::min(kBlock, rows - first);
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
                  auto to = y.narrow(0, first, rows);
                  if (layers.biases.size() == n)
                    torch::addmm_out(to, layers.biases.back(), into, last.t());
                  else
                    torch::mm_out(to, into, last.t());
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
    const auto blocks = (x.size(0) + kBlock - 1) / kBlock;
    variable_list sums;
    for (const auto* group : {&layers.weights, &layers.biases})
      for (const auto& value : *group) {
        auto sizes = value.sizes().vec();
        sizes.insert(sizes.begin(), blocks);
        sums.push_back(torch::empty(sizes, value.options()));
      }
    over_blocks(layers, x.size(0), all,
                [&](int64_t index, int64_t first, int64_t rows, std::vector<Tensor>& hidden) {
                  const auto block = x.narrow(0, first, rows);
                  if (all.empty()) compute(layers, block, hidden);
                  auto g = of_y.narrow(0, first, rows);
                  for (auto i = n; i-- > 0;) {
                    const auto& into = i == 0 ? block : hidden[i - 1];
                    auto of_weight = sums[i].select(0, index);
                    torch::mm_out(of_weight, g.t(), into);
                    if (i < layers.biases.size()) {
                      auto of_bias = sums[n + i].select(0, index);
                      torch::sum_out(of_bias, g, {0});
                    }
                    if (i > 0) {
                      g = torch::threshold_backward(g.mm(layers.weights[i]), into, 0);
                    } else if (of_x.defined()) {
                      auto to = of_x.narrow(0, first, rows);
                      torch::mm_out(to, g, layers.weights[0]);
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
      if (bias.defined()) values.push_back(bias);
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
