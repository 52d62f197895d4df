// Room for the examples of a set: in memory, or in a file where they would fill it.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// How many bytes of one set are held in memory: what FIGMENT_SET_MEMORY says, such as "500M" or
// "2G", else a quarter of the memory that this process may use. Throws Error(kConfig) when the
// variable says no number of bytes.
std::uint64_t set_memory();

// Whether a tensor takes more than that, so that room_for would have put it into a file.
bool is_large(const torch::Tensor& tensor);

// A tensor on the CPU whose contents are to be written. When it is large it lies in a file without
// a name in $TMPDIR, or else /var/tmp, that is mapped into memory: the system keeps of it what
// there is room for, and the file is gone with the tensor. Throws Error(kIo) naming the folder when
// the file cannot be made or the disk has no room for all of it.
torch::Tensor room_for(at::IntArrayRef sizes, torch::ScalarType type);

// The rows `index` [m] int64 of x, in that order, in a tensor of room_for.
torch::Tensor rows_of(const torch::Tensor& x, const torch::Tensor& index);

// The rows of a, then those of b, likewise.
torch::Tensor rows_joined(const torch::Tensor& a, const torch::Tensor& b);

// Asks the system to have the rows `index` of x at hand soon, without waiting for it. Does nothing
// for what is not large.
void expect_rows(const torch::Tensor& x, const torch::Tensor& index);

}  // namespace figment
