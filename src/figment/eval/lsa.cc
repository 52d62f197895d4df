#include "figment/eval/lsa.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {

bool holds_counts(const Dataset& set) {
  if (set.spec.modality != Modality::kVector || set.size() == 0) return false;
  // A few rows at a time: the set may be larger than memory.
  for (const auto& part : set.x.split(8192))
    if (part.min().item<float>() < 0 || !torch::equal(part, part.floor())) return false;
  return true;
}

torch::Tensor inverse_document_frequency(const torch::Tensor& counts) {
  const auto documents = (counts > 0).sum(0).to(torch::kDouble);  // [d]
  const auto n = static_cast<double>(counts.size(0));
  return torch::where(documents > 0, (n / documents.clamp_min(1)).log(),
                      torch::zeros_like(documents))
      .to(torch::kFloat);
}

torch::Tensor Lsa::encode(const torch::Tensor& counts) const {
  std::vector<torch::Tensor> codes;
  for (const auto& part : counts.split(8192)) codes.push_back((part.log1p() * weight).mm(axes));
  return torch::cat(codes);
}

Lsa fit_lsa(const torch::Tensor& counts, int64_t k) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(counts.dim() == 2 && k >= 1 && k <= std::min(counts.size(0), counts.size(1)));
  Lsa out;
  out.weight = inverse_document_frequency(counts);
  // The right singular vectors are the eigenvectors of X^T X, summed by pieces as for PCA.
  auto gram = torch::zeros({counts.size(1), counts.size(1)}, torch::kDouble);
  for (const auto& part : counts.split(8192)) {
    const auto weighted = part.log1p() * out.weight;
    gram += weighted.t().mm(weighted).to(torch::kDouble);
  }
  const auto [values, vectors] = torch::linalg_eigh(gram);  // ascending
  out.axes = vectors.narrow(1, vectors.size(1) - k, k).flip(1).to(torch::kFloat).contiguous();
  out.singular = values.narrow(0, values.size(0) - k, k).flip(0).clamp_min(0).sqrt();
  return out;
}

}  // namespace figment
