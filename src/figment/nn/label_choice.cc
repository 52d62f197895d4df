// The examples of lowest checksum in each class, kept while the data pass by.
#include "figment/nn/label_choice.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "figment/core/error.h"
#include "figment/core/files.h"

namespace figment {
namespace {

constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

int64_t checksum_of(const float* values, int64_t n) {
  const auto bytes = static_cast<std::size_t>(n) * sizeof(float);
  const auto hex = checksum({reinterpret_cast<const char*>(values), bytes});
  return static_cast<int64_t>(std::stoull(hex, nullptr, 16) >> 1);
}

// The checksum of each row of [n, ...] float32 on the CPU.
std::vector<int64_t> checksums_of(const torch::Tensor& rows) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const auto row = rows[i];
    out.push_back(checksum_of(row.data_ptr<float>(), row.numel()));
  }
  return out;
}

}  // namespace

LabelChoice::LabelChoice(int64_t count, int64_t classes, int64_t elements)
    : x(torch::zeros({count, elements})),
      label(torch::full({count}, -1, torch::kLong)),
      checksums(torch::full({count}, kHighest, torch::kLong)),
      classes_(classes) {}

std::pair<int64_t, int64_t> LabelChoice::rows_of(int64_t one) const {
  const auto share = size() / classes_, more = size() % classes_;
  const auto begin = one * share + std::min(one, more);
  return {begin, begin + share + (one < more ? 1 : 0)};
}

int64_t LabelChoice::found() const { return (label >= 0).sum().item<int64_t>(); }

void LabelChoice::offer(const torch::Tensor& examples, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const auto rows = examples.flatten(1).to(torch::kCPU, torch::kFloat).contiguous();
  const auto classes = labels.to(torch::kCPU);
  auto kept = checksums.to(torch::kCPU);
  auto* sums = kept.data_ptr<int64_t>();
  const auto all = checksums_of(rows);
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const auto one = classes[i].item<int64_t>();
    const auto sum = all[static_cast<std::size_t>(i)];
    const auto [begin, end] = rows_of(one);
    auto* highest = std::max_element(sums + begin, sums + end);
    if (begin == end || sum >= *highest) continue;
    if (std::find(sums + begin, sums + end, sum) != sums + end) continue;  // the same once more
    *highest = sum;
    x[highest - sums].copy_(rows[i]);
    label[highest - sums] = one;
  }
  checksums.copy_(kept);
}

torch::Tensor LabelChoice::has(const torch::Tensor& examples) const {
  const torch::NoGradGuard no_grad;
  const auto rows = examples.detach().flatten(1).to(torch::kCPU, torch::kFloat).contiguous();
  const auto sums = torch::tensor(checksums_of(rows), torch::kLong).to(checksums.device());
  // A place that no example was found for must not be taken for one.
  const auto same = (sums.unsqueeze(1) == checksums.unsqueeze(0)) & (label >= 0);  // [n, count]
  return same.any(1).to(examples.device());
}

void LabelChoice::conclude(const std::vector<std::string>& names) {
  const torch::NoGradGuard no_grad;
  for (int64_t one = 0; one < classes_; ++one) {
    const auto [begin, end] = rows_of(one);
    const auto n = end - begin;
    const auto have = (label.narrow(0, begin, n) >= 0).sum().item<int64_t>();
    if (have < n)
      fail(Cause::kData, "model.labelled", "expected ", n, " labelled examples of class '",
           names[static_cast<std::size_t>(one)], "' to train on, got ", have,
           "; lower model.labelled");
    const auto order = checksums.narrow(0, begin, n).argsort();
    for (auto* part : {&x, &checksums}) {
      auto rows = part->narrow(0, begin, n);
      rows.copy_(rows.index_select(0, order));
    }
  }
}

}  // namespace figment
