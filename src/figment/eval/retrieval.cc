#include "figment/eval/retrieval.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "figment/core/error.h"
#include "figment/kernels/hamming.h"

namespace figment {
namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 27;  // of distances at a time

std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

// What each query came to, and the mean of all.
class Tally {
 public:
  Tally(int64_t references, int64_t queries)
      : queries_(queries), harmonic_(at(references + 1), 0.0) {
    for (const int64_t k : {1, 10, 100})
      if (k <= references) cutoffs_.push_back(k);
    for (int64_t i = 1; i <= references; ++i)
      harmonic_[at(i)] = harmonic_[at(i - 1)] + 1 / static_cast<double>(i);
    values_.resize(at(queries) * (cutoffs_.size() + 1));
  }
  Ranking ranking() const { return {cutoffs_, harmonic_}; }
  void put(int64_t query, const Ranking& ranking) {
    auto* value = values_.data() + at(query) * (cutoffs_.size() + 1);
    for (std::size_t i = 0; i < cutoffs_.size(); ++i) value[i] = ranking.precision(i);
    value[cutoffs_.size()] = ranking.average_precision();
  }
  RetrievalQuality mean() const {
    RetrievalQuality out;
    const auto width = cutoffs_.size() + 1;
    const auto mean_of = [&](std::size_t column) {
      double sum = 0;
      for (auto i = column; i < values_.size(); i += width) sum += values_[i];
      return sum / static_cast<double>(queries_);
    };
    for (std::size_t i = 0; i < cutoffs_.size(); ++i)
      out.precision.emplace_back(cutoffs_[i], mean_of(i));
    out.mean_average_precision = mean_of(cutoffs_.size());
    return out;
  }

 private:
  int64_t queries_;
  std::vector<int64_t> cutoffs_;
  std::vector<double> harmonic_;
  std::vector<double> values_;  // [queries, cutoffs + 1]
};

// Distances (not below 0, so that their bits rise with them) and relevance as numbers to sort, of
// all but `self`, which may be none (-1).
void rank_by_distance(const float* distance, const int64_t* label, int64_t n, int64_t self,
                      int64_t wanted, std::vector<std::uint64_t>& keys, Ranking& ranking) {
  keys.clear();
  for (int64_t i = 0; i < n; ++i) {
    if (i == self) continue;
    std::uint32_t bits = 0;
    std::memcpy(&bits, distance + i, sizeof bits);
    keys.push_back(static_cast<std::uint64_t>(bits) << 1 | (label[i] == wanted ? 1U : 0U));
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < keys.size();) {
    int64_t count = 0, relevant = 0;
    const auto here = keys[i] >> 1;
    for (; i < keys.size() && keys[i] >> 1 == here; ++i) {
      ++count;
      relevant += static_cast<int64_t>(keys[i] & 1);
    }
    ranking.add(count, relevant);
  }
}

}  // namespace

Ranking::Ranking(const std::vector<int64_t>& cutoffs, const std::vector<double>& harmonic)
    : cutoffs_(cutoffs), harmonic_(harmonic), found_(cutoffs.size(), 0.0) {}

void Ranking::add(int64_t count, int64_t relevant) {
  const auto t = static_cast<double>(count), r = static_cast<double>(relevant);
  for (std::size_t i = 0; i < cutoffs_.size(); ++i) {
    const auto room = std::clamp<int64_t>(cutoffs_[i] - seen_, 0, count);
    found_[i] += static_cast<double>(room) * r / t;
  }
  if (relevant > 0) {
    // The j-th of the group is relevant with probability r / t, and then (j - 1) (r - 1) / (t - 1)
    // of those before it in the group are: sum over j of r / t (R + 1 + that) / (s + j).
    const auto s = static_cast<double>(seen_);
    const auto inverse = harmonic_[at(seen_ + count)] - harmonic_[at(seen_)];  // sum 1 / (s + j)
    auto sum = (static_cast<double>(relevant_) + 1) * inverse;
    if (count > 1) sum += (r - 1) / (t - 1) * (t - (s + 1) * inverse);  // sum (j - 1) / (s + j)
    sum_ += r / t * sum;
  }
  seen_ += count;
  relevant_ += relevant;
}

double Ranking::precision(std::size_t i) const {
  return found_[i] / static_cast<double>(cutoffs_[i]);
}

double Ranking::average_precision() const {
  return relevant_ == 0 ? 0 : sum_ / static_cast<double>(relevant_);
}

RetrievalQuality retrieval_quality(const PackedBits& references,
                                   const torch::Tensor& reference_labels, const PackedBits& queries,
                                   const torch::Tensor& labels, bool exclude_self) {
  const auto n = references.size(), words = references.words.size(1);
  FIGMENT_CHECK(references.bits == queries.bits && reference_labels.size(0) == n);
  const auto reference_classes = reference_labels.contiguous(), classes = labels.contiguous();
  const auto* reference_class = reference_classes.data_ptr<int64_t>();
  const auto* wanted = classes.data_ptr<int64_t>();
  Tally tally(exclude_self ? n - 1 : n, queries.size());
  at::parallel_for(0, queries.size(), 8, [&](int64_t begin, int64_t end) {
    std::vector<std::uint16_t> distance(at(n));
    std::vector<int64_t> count(at(references.bits + 1)), relevant(count.size());
    for (int64_t q = begin; q < end; ++q) {
      hamming_distances(queries.row(q), references.row(0), n, words, distance.data());
      std::fill(count.begin(), count.end(), 0);
      std::fill(relevant.begin(), relevant.end(), 0);
      for (int64_t i = 0; i < n; ++i) {
        if (exclude_self && i == q) continue;
        ++count[distance[at(i)]];
        relevant[distance[at(i)]] += reference_class[i] == wanted[q] ? 1 : 0;
      }
      auto ranking = tally.ranking();
      for (std::size_t d = 0; d < count.size(); ++d)
        if (count[d] > 0) ranking.add(count[d], relevant[d]);
      tally.put(q, ranking);
    }
  });
  return tally.mean();
}

RetrievalQuality retrieval_quality(const torch::Tensor& references,
                                   const torch::Tensor& reference_labels,
                                   const torch::Tensor& queries, const torch::Tensor& labels,
                                   bool exclude_self) {
  torch::NoGradGuard no_grad;
  const auto n = references.size(0);
  FIGMENT_CHECK(references.size(1) == queries.size(1) && reference_labels.size(0) == n);
  const auto reference_classes = reference_labels.contiguous(), classes = labels.contiguous();
  // As in nearest(): centred, |q - r|^2 cancels least.
  const auto centre = references.mean(0, true);
  const auto r = references - centre, r_squares = r.square().sum(1).unsqueeze(0);
  Tally tally(exclude_self ? n - 1 : n, queries.size(0));
  const auto piece = std::max<int64_t>(1, kPieceBytes / (n * 4));
  for (int64_t first = 0; first < queries.size(0); first += piece) {
    const auto m = std::min(piece, queries.size(0) - first);
    const auto q = queries.narrow(0, first, m) - centre;
    const auto squares = torch::addmm(r_squares, q, r.t(), 1, -2)
                             .add_(q.square().sum(1, true))
                             .clamp_min_(0)
                             .contiguous();
    const auto* distance = squares.data_ptr<float>();
    at::parallel_for(0, m, 1, [&](int64_t begin, int64_t end) {
      std::vector<std::uint64_t> keys;
      keys.reserve(at(n));
      for (int64_t i = begin; i < end; ++i) {
        auto ranking = tally.ranking();
        rank_by_distance(distance + i * n, reference_classes.data_ptr<int64_t>(), n,
                         exclude_self ? first + i : -1, classes.data_ptr<int64_t>()[first + i],
                         keys, ranking);
        tally.put(first + i, ranking);
      }
    });
  }
  return tally.mean();
}

}  // namespace figment
