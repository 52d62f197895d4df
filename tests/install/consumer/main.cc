// Uses the installed library once with tensors and once without.
#include <cstdio>

#include "figment/core/error.h"
#include "figment/data/dataset.h"

int main() {
  figment::Dataset all;
  all.spec.shape = {1, 2, 2};
  all.x = torch::arange(12).reshape({3, 1, 2, 2});
  const auto two = all.select(torch::tensor({2, 0}));
  std::printf("%ld examples of %ld numbers, the first begins with %ld, exit code %d\n",
              long(two.size()), long(two.spec.elements()), two.x.flatten()[0].item<long>(),
              figment::exit_code(figment::Cause::kData));
}
