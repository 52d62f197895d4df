// What people do with a trained model, by ability: sample, reconstruct, encode, decode.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "figment/apply/open_run.h"

namespace figment {

struct SampleOptions {
  int64_t n = 64;
  std::uint64_t seed = 1;
  int64_t label = -1;  // the class asked for; -1: any
  double temperature = 1;
  int64_t batch_size = 256;  // the same seed gives the same samples whatever this is
  // Attributes asked for by name, each as so many deviations above its mean over the training set;
  // of yes or no 1 or 0. Those that are not named are drawn.
  std::vector<std::pair<std::string, double>> attributes{};
};

// n samples [n, shape...] in the model's numbers, float32 on the CPU.
torch::Tensor sample(const LoadedRun& run, const SampleOptions& options);
// The same from a model at hand.
torch::Tensor sample(Model& model, const SampleOptions& options);

// Calls use(batch, index of its first example) for a set in order, scaled for the model, in
// evaluation mode without gradients.
void for_each_batch(Model& model, const Scaling& scaling, const Dataset& set, int64_t batch_size,
                    const std::function<void(const Batch&, int64_t)>& use);

// Reconstructions [n, shape...] in the model's numbers, on the CPU.
torch::Tensor reconstruct(const LoadedRun& run, const Dataset& set);
// Codes [n, code_dim], on the CPU.
torch::Tensor encode(const LoadedRun& run, const Dataset& set);
torch::Tensor encode(Model& model, const Scaling& scaling, const Dataset& set);
// Examples [n, shape...] in the model's numbers from codes [n, code_dim], on the CPU; label [n] or
// undefined; attributes [n, a], undefined but for a model that is given them, which decodes under
// their means without. Throws Error(kData) when the codes have another width or a label is no
// class.
torch::Tensor decode(const LoadedRun& run, const torch::Tensor& codes,
                     const torch::Tensor& label = {}, const torch::Tensor& attributes = {});

// Model's numbers -> what is written out: images as uint8 [n, C, H, W] (rounded, cut to 0..255),
// others as float32 in the data's numbers; of words in tables, the one-hot inputs.
torch::Tensor to_output(const LoadedRun& run, const torch::Tensor& x);

// Throws Error(kData) with `where` when the examples are not of the kind the model was made for.
void check_example(const LoadedRun& run, const ExampleSpec& given, const std::string& where);

// The part of a run's own data: "train", "validation" or "test"; or `source` in its place, read
// with the run's options and encoded as the run's data were. Classes are numbered as the model
// knows them, further ones behind. Throws Error(kConfig) for another word, Error(kData) when the
// part is empty.
Dataset open_part(const LoadedRun& run, const std::string& part, const std::string& source = "",
                  const Watch& watch = {});

}  // namespace figment
