// Samples with labels, by models that are told the class, written as a data set that figment reads.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "figment/apply/open_run.h"

namespace figment {

// Throws Error(kConfig) naming `verb` when the model does not sample or is not told the class.
void need_labelled_samples(const LoadedRun& run, const char* verb);

// Samples of the classes `label` [n] int64 in the model's numbers, [n, shape...] float32 on the
// CPU. The i-th sample of a class is a function of (seed, class, i), whatever else is drawn.
torch::Tensor sample_of_classes(const LoadedRun& run, const torch::Tensor& label,
                                std::uint64_t seed, double temperature = 1);

// Labels of `per_class` examples of each class: 0, 0, ..., 1, 1, ... [classes * per_class] int64.
torch::Tensor labels_of_each(int64_t classes, int64_t per_class);

// Names of folders for classes: themselves, but for what a file system would mind ("a/b" becomes
// "a_b", ".x" becomes "_x"), each different.
std::vector<std::string> folder_names(const std::vector<std::string>& classes);

// Writes images uint8 [n, C, H, W] as FOLDER/CLASS/000001.png, counted within each class. Throws
// Error(kConfig) when the folder holds anything already.
void write_image_folder(const std::filesystem::path& folder, const torch::Tensor& images,
                        const torch::Tensor& label, const std::vector<std::string>& classes);

// Rows [n, d] float32 as CSV with the names `columns` (or x_1, x_2, ... where there are not d of
// them) and the class by its name in a last column "label".
std::string labelled_csv(const torch::Tensor& rows, const torch::Tensor& label,
                         const std::vector<std::string>& classes,
                         const std::vector<std::string>& columns);

}  // namespace figment
