// What in a process's surroundings decides how fast it computes: the BLAS and the thread pools that
// were loaded, and how idle threads wait.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace figment {

struct Environment {
  std::vector<std::string> blas{}, openmp{};  // paths of the loaded libraries
  std::string wait_policy{};                  // OMP_WAIT_POLICY as the process was started with
  std::string openblas_core{};  // the processor whose kernels OpenBLAS uses; "" without it
};

// Of this process. On systems without /proc no libraries are found.
Environment environment();

// What slows a training in such surroundings, and what to do, a sentence each. The program sees to
// what can be seen to before LibTorch is loaded; another that links figment hears of it.
std::vector<std::string> advice_for(const Environment& environment);

// Whether the processor that /proc/cpuinfo, read from its beginning, describes has instructions for
// matrix products in bfloat16; true where the text says nothing of its instructions.
bool multiplies_bfloat16(std::istream& cpuinfo);

}  // namespace figment
