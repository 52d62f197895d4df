#include "figment/kernels/fixed_product.h"

#include <stdexcept>
#include <string>

#ifdef FIGMENT_ONEDNN
#include <dnnl.hpp>
#include <unordered_map>
#endif

namespace figment {

#ifdef FIGMENT_ONEDNN
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

dnnl::engine& processor() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

constexpr auto kFloat = memory::data_type::f32;

memory::desc described(const memory::dims& sizes, Tag tag) { return {sizes, kFloat, tag}; }

// The product as a convolution by a kernel of 1 x 1: the rows are the pixels of one image, whose
// channels lie side by side. dnnl_sgemm takes no matrix that was laid before.
dnnl::convolution_forward::primitive_desc convolution(const memory::desc& left,
                                                      const memory::desc& right,
                                                      const memory::desc& out) {
  dnnl::post_ops sums;
  sums.append_sum();
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(sums);
  constexpr auto kUse = dnnl::prop_kind::forward_inference;
  constexpr auto kWay = dnnl::algorithm::convolution_direct;
  const memory::dims stride{1, 1}, padding{0, 0};
#if DNNL_VERSION_MAJOR >= 3
  return {processor(), kUse, kWay, left, right, out, stride, padding, padding, attributes};
#else
  return {{kUse, kWay, left, right, out, stride, padding, padding}, attributes, processor()};
#endif
}

[[noreturn]] void refuse(const dnnl::error& error) {
  throw std::runtime_error("oneDNN could not multiply by a matrix again and again: " +
                           std::string(error.what()));
}

}  // namespace

struct FixedProduct::Parts {
  dnnl::stream stream{processor()};
  dnnl::convolution_forward product{};
  memory left{}, out{};
  std::unordered_map<int, memory> arguments{};  // these and the matrix
};

FixedProduct::FixedProduct(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                           const Factor& right)
    : parts_(std::make_unique<Parts>()) {
  auto& p = *parts_;
  try {
    // `right` as it lies, in the order columns, inner, 1, 1.
    const memory::dims sizes{columns, inner, 1, 1};
    const memory::dims strides =
        right.turned ? memory::dims{right.stride, 1, 1, 1} : memory::dims{1, right.stride, 1, 1};
    const auto left = described({1, inner, rows, 1}, Tag::nhwc);
    const auto out = described({1, columns, rows, 1}, Tag::nhwc);
    const auto chosen = convolution(left, described(sizes, Tag::any), out);
    p.product = dnnl::convolution_forward(chosen);
    p.left = memory(left, processor(), nullptr);
    p.out = memory(out, processor(), nullptr);
    memory laid(chosen.weights_desc(), processor());
    // It is read alone. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    memory given({sizes, kFloat, strides}, processor(), const_cast<float*>(right.data));
    dnnl::reorder(given, laid).execute(p.stream, given, laid);
    p.arguments = {{DNNL_ARG_SRC, p.left}, {DNNL_ARG_WEIGHTS, laid}, {DNNL_ARG_DST, p.out}};
  } catch (const dnnl::error& error) {
    refuse(error);
  }
}

void FixedProduct::add(const float* left, float* out) {
  auto& p = *parts_;
  try {
    // It is read alone. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    p.left.set_data_handle(const_cast<float*>(left));
    p.out.set_data_handle(out);
    p.product.execute(p.stream, p.arguments);
  } catch (const dnnl::error& error) {
    refuse(error);
  }
}
#else
struct FixedProduct::Parts {};

FixedProduct::FixedProduct(std::int64_t, std::int64_t, std::int64_t, const Factor&) {
  throw std::runtime_error("figment was built without oneDNN");
}

void FixedProduct::add(const float*, float*) {
  throw std::runtime_error("figment was built without oneDNN");
}
#endif

FixedProduct::~FixedProduct() = default;

}  // namespace figment
