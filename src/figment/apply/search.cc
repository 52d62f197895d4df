#include "figment/apply/search.h"

#include <algorithm>
#include <chrono>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/eval/lsa.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

}  // namespace

torch::Tensor hash(const LoadedRun& run, const Dataset& set) {
  auto& able = ability<Hashes>(run, &Abilities::hashes, "search");
  std::vector<torch::Tensor> parts;
  for_each_batch(*run.model, run.scaling, set, kBatch, [&](const Batch& batch, int64_t) {
    parts.push_back(able.hash(batch).to(torch::kCPU));
  });
  return torch::cat(parts);
}

SearchIndex::SearchIndex(const LoadedRun& run, const Dataset& examples)
    : run_(run), hashes_(run.family->abilities.hashes), size_(examples.size()) {
  if (hashes_) {
    bits_ = pack(hash(run, examples));
    width_ = bits_.bits;
    return;
  }
  ability<Encodes>(run, &Abilities::encodes, "search");
  codes_ = encode(run, examples).to(torch::kFloat);
  width_ = codes_.size(1);
}

SearchIndex::Found SearchIndex::find(const Dataset& queries, int64_t k,
                                     const torch::Tensor& own) const {
  if (own.defined() && size_ < 2)
    fail(Cause::kData, "search", "expected other examples than the query to search, got it alone");
  // One more where the query is to be left out.
  k = std::min(own.defined() ? k + 1 : k, size_);
  // All but the search is done before the clock starts.
  PackedBits bits;
  torch::Tensor codes;
  if (hashes_)
    bits = pack(hash(run_, queries));
  else
    codes = encode(run_, queries).to(torch::kFloat);
  const auto start = std::chrono::steady_clock::now();
  Found found;
  found.neighbours = hashes_ ? nearest(bits_, bits, k) : nearest(codes_, codes, k);
  if (own.defined()) found.neighbours = others_of(found.neighbours, own);
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return found;
}

double precision_of(const torch::Tensor& index, const Dataset& among, int64_t label) {
  return (among.label.index_select(0, index) == label).to(torch::kDouble).mean().item<double>();
}

std::string class_of(const Dataset& set, int64_t i) {
  if (!set.label.defined()) return "";
  const auto label = set.label[i].item<int64_t>();
  const auto& classes = set.spec.classes;
  return label < static_cast<int64_t>(classes.size()) ? classes[static_cast<std::size_t>(label)]
                                                      : std::to_string(label);
}

bool holds_documents(const Dataset& set) { return !set.columns.empty() && holds_counts(set); }

std::string top_words(const Dataset& set, int64_t i, const torch::Tensor& weight, int64_t n) {
  const auto value = set.x[i].log1p() * weight;
  const auto [sorted, order] = value.sort(/*stable=*/true, 0, /*descending=*/true);
  std::string out;
  for (int64_t j = 0; j < std::min(n, sorted.size(0)) && sorted[j].item<float>() > 0; ++j)
    out += (j == 0 ? "" : " ") + set.columns[static_cast<std::size_t>(order[j].item<int64_t>())];
  return out;
}

torch::Tensor found_images(const Scaling& scaling, const Dataset& queries, const Dataset& among,
                           const torch::Tensor& index) {
  std::vector<torch::Tensor> images;
  for (int64_t q = 0; q < queries.size(); ++q) {
    images.push_back(queries.x.narrow(0, q, 1));
    images.push_back(among.x.index_select(0, index[q]));
  }
  return scaling.to_model(torch::cat(images));
}

}  // namespace figment
