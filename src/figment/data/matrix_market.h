// Matrix Market coordinate files (.mtx): sparse tables of counts, such as documents x words.
// R. F. Boisvert, R. Pozo, K. A. Remington, "The Matrix Market exchange formats: initial design",
// NISTIR 5935, 1996.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Whether the first bytes of a file are the banner of the format, "%%MatrixMarket".
bool is_matrix_market(std::string_view head);

// A general coordinate matrix of integers, real numbers or a pattern (its entries are 1) as dense
// float32 [rows, columns]. Throws Error(kData) with file and line for another banner or kind of
// matrix, a size line or entry that is not what it should be, an index outside 1..rows or
// 1..columns, a number that is not finite in float32, an entry given twice, more or fewer entries
// than the size line says, and a matrix of more than options.max_bytes.
torch::Tensor decode_matrix_market(std::string_view text, const std::string& where,
                                   const ReadOptions& options = {});
// Its rows as vectors.
Dataset read_matrix_market(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace figment
