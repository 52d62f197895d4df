// Sets of handwritten-looking digits.
#include "figment/data/digits.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/handwriting.h"

namespace figment {
namespace {

enum class Part : std::uint64_t { kTrain = 0, kTest = 1 };

// Pictures [first, last) of a part, written to x and label from their beginnings.
void write_range(const DigitsOptions& options, Part part, int64_t first, int64_t last,
                 std::uint8_t* x, int64_t* label) {
  const auto seed = mix(options.seed, static_cast<std::uint64_t>(part));
  const auto pixels = options.image_size * options.image_size;
  DigitSheet sheet(options.image_size);
  for (auto i = first; i < last; ++i) {
    // Blocks of ten hold every digit once, which balances the set whatever its size.
    if (i % 10 == 0 || i == first) {
      const auto order = permutation(10, seed, static_cast<std::uint64_t>(i / 10));
      const auto block = i - i % 10;
      for (auto j = i; j < std::min(block + 10, last); ++j)
        label[j] = order[static_cast<std::size_t>(j - block)];
    }
    Philox random(seed, static_cast<std::uint64_t>(i));
    sheet.write(static_cast<int>(label[i]), random, x + i * pixels);
  }
}

Dataset make(const DigitsOptions& options, Part part, int64_t n) {
  Dataset set;
  set.name = "digits";
  set.spec.modality = Modality::kImage;
  set.spec.shape = {1, options.image_size, options.image_size};
  for (int digit = 0; digit < 10; ++digit) set.spec.classes.push_back(std::to_string(digit));
  set.x = torch::empty({n, 1, options.image_size, options.image_size}, torch::kUInt8);
  set.label = torch::empty({n}, torch::kInt64);
  auto* const x = set.x.data_ptr<std::uint8_t>();
  auto* const label = set.label.data_ptr<int64_t>();
  // Threads of our own: at::parallel_for is serial where the compiler has no OpenMP.
  const int64_t wanted = std::min<int64_t>(at::get_num_threads(), (n + 255) / 256);
  const int64_t share = (n + wanted - 1) / wanted;
  std::vector<std::thread> helpers;
  for (int64_t first = share; first < n; first += share)
    helpers.emplace_back(write_range, std::cref(options), part, first, std::min(first + share, n),
                         x, label);
  write_range(options, part, 0, std::min(share, n), x, label);
  for (auto& helper : helpers) helper.join();
  return set;
}

void expect_within(const char* key, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high)
    fail(Cause::kConfig, key, "expected ", low, " to ", high, " for the digits, got ", value);
}

}  // namespace

Source digits(const DigitsOptions& options) {
  // Above this a set would not fit any memory; it also keeps n * size * size from overflowing.
  constexpr int64_t kMost = 100000000;
  expect_within("image_size", options.image_size, 8, 1024);
  expect_within("n_train", options.n_train, 1, kMost);
  expect_within("n_test", options.n_test, 0, kMost);
  Source source;
  source.train = make(options, Part::kTrain, options.n_train);
  if (options.n_test > 0) source.test = make(options, Part::kTest, options.n_test);
  return source;
}

}  // namespace figment
