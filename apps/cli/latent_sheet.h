// What the verbs of the latent space share: which examples were asked for, and how rows of decoded
// examples are written.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "figment/apply/code_space.h"
#include "figment/apply/open_run.h"
#include "options.h"

namespace figment::cli {

// Throws Error(kConfig) unless options.out is a .png, for models of images, or a .npy.
void need_sheet(const Options& options, const LoadedRun& run, const char* example);

// Writes layers, each [n, shape...] in the model's numbers, to options.out: as a .png where image i
// of each layer stands above that of the next, `columns` of them a row; as a .npy
// [layers, n, shape...] in the data's numbers. Says on stderr that `what` was written.
void write_sheet(const Options& options, const LoadedRun& run,
                 const std::vector<torch::Tensor>& layers, int64_t columns,
                 const std::string& what);

// The examples of `part` that `wanted` numbers, from 0. Throws Error(kData) with `option` for one
// that is not there.
Dataset examples_at(const Dataset& part, const std::vector<std::int64_t>& wanted,
                    const char* option, const std::string& split);

}  // namespace figment::cli
