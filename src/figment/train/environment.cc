#include "figment/train/environment.h"

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace figment {
namespace {

// Paths of loaded libraries whose file name contains one of the words.
std::vector<std::string> loaded(const std::vector<std::string>& words) {
  std::set<std::string> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto slash = line.find('/');
    if (slash == std::string::npos) continue;
    const auto path = line.substr(slash);
    const auto name = path.substr(path.rfind('/') + 1);
    for (const auto& word : words)
      if (name.find(word) != std::string::npos) found.insert(path);
  }
  return {found.begin(), found.end()};
}

bool names(const std::string& path, const char* word) {
  return path.find(word) != std::string::npos;
}

std::string openblas_core() {
  const auto name =
      reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "" : name();
}

}  // namespace

Environment environment() {
  const auto* wait = std::getenv("OMP_WAIT_POLICY");
  return {loaded({"blas", "mkl", "blis"}), loaded({"gomp", "libomp", "libiomp"}),
          wait == nullptr ? "" : wait, openblas_core()};
}

std::vector<std::string> advice_for(const Environment& environment) {
  std::vector<std::string> advice;
  std::string fast;
  for (const auto& path : environment.blas)
    if (names(path, "openblas") || names(path, "mkl") || names(path, "blis")) fast = path;
  if (fast.empty() && !environment.blas.empty())
    advice.emplace_back(
        "matrix products run on the reference BLAS, many times slower than need be: "
        "install libopenblas0-openmp");
  if (names(fast, "pthread"))
    advice.emplace_back(
        "OpenBLAS has a thread pool of its own beside OpenMP's, and the two compete: "
        "libopenblas0-openmp shares one");
  if (environment.openmp.size() > 1)
    advice.emplace_back("more than one OpenMP runtime is loaded; their threads compete");
  if (environment.wait_policy != "passive")
    advice.emplace_back(
        "idle threads may spin: set OMP_WAIT_POLICY=passive before the program starts");
  return advice;
}

bool multiplies_bfloat16(std::istream& cpuinfo) {
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    // "flags" of x86, "Features" of ARM
    if (line.compare(0, 5, "flags") != 0 && line.compare(0, 8, "Features") != 0) continue;
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;)
      if (word == "avx512_bf16" || word == "amx_bf16" || word == "bf16") return true;
    return false;
  }
  return true;
}

}  // namespace figment
