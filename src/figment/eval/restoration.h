// Examples damaged as a model was trained to see them, and what it makes of them.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>

#include "figment/data/scaling.h"
#include "figment/eval/evaluate.h"
#include "figment/model/abilities.h"
#include "figment/model/model.h"

namespace figment {

struct Restoration {
  torch::Tensor clean, damaged, restored;  // [n, shape...] each, in the model's numbers, on the CPU
};

// Whether the model was trained on damaged examples: its corrupt() returns its argument itself when
// it was not.
bool knows_damage(Restores& able, const Model& model);
// Throws Error(kConfig) with `where` when it was not.
void need_damage(Restores& able, const Model& model, const std::string& where);

// Calls use() for the examples of a set in order, some at a time. The damage of example i follows
// from (seed, i). The model must have the ability Restores.
void for_each_restoration(Model& model, const Scaling& scaling, const Dataset& set,
                          std::uint64_t seed, const std::function<void(const Restoration&)>& use);

// What the model makes of examples damaged already: [n, shape...] in its numbers -> the same.
torch::Tensor restore(Model& model, const torch::Tensor& damaged);

// Means over examples of how near they are to the clean ones: of images the PSNR and, where they
// are large enough for it, the SSIM; of everything the summed squared error.
class Closeness {
 public:
  void add(const torch::Tensor& x, const torch::Tensor& clean);  // [n, shape...] each
  // "NAME_psnr", "NAME_ssim", "NAME_sse", what there is of them.
  Results results(const std::string& name) const;

 private:
  double psnr_ = 0, ssim_ = 0, sse_ = 0;  // sums
  double n_ = 0;
  bool has_psnr_ = false, has_ssim_ = false;
};

}  // namespace figment
