// figment doctor: what this machine offers, and what on it slows a training or breaks one.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "figment/data/named.h"
#include "figment/train/device.h"
#include "figment/train/speed.h"
#include "figment/train/version.h"
#include "verb.h"

namespace figment::cli {
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

}  // namespace

int verb_doctor(const Options& options) {
  const auto cores = available_cores();
  const auto threads = set_threads(0);
  const auto rate = matrix_product_rate() / 1e9;
  const auto blas = loaded({"blas", "mkl", "blis"});
  const auto omp = loaded({"gomp", "libomp", "libiomp"});
  const auto* wait = std::getenv("OMP_WAIT_POLICY");
  std::vector<std::string> advice;
  std::string fast;
  for (const auto& path : blas)
    if (path.find("openblas") != std::string::npos || path.find("mkl") != std::string::npos ||
        path.find("blis") != std::string::npos)
      fast = path;
  if (fast.empty() && !blas.empty())
    advice.push_back(
        "matrix products run on the reference BLAS, many times slower than need be: "
        "install libopenblas0-openmp");
  if (fast.find("pthread") != std::string::npos)
    advice.push_back(
        "OpenBLAS has a thread pool of its own beside OpenMP's, and the two compete: "
        "libopenblas0-openmp shares one");
  if (omp.size() > 1)
    advice.push_back("more than one OpenMP runtime is loaded; their threads compete");
  if (wait == nullptr || std::string(wait) != "passive")
    advice.push_back(
        "idle threads may spin: set OMP_WAIT_POLICY=passive before the program starts");
  nlohmann::json sets = nlohmann::json::object();
  for (const auto& set : list_named()) sets[set.name] = set.status();
  nlohmann::json document = {{"figment", version()},
                             {"libtorch", libtorch_version()},
                             {"cores", cores},
                             {"threads", threads},
                             {"blas", blas},
                             {"openmp", omp},
                             {"wait_policy", wait == nullptr ? "" : wait},
                             {"matrix_product_gflops", rate},
                             {"cuda_devices", torch::cuda::device_count()},
                             {"data", sets},
                             {"advice", advice}};
  if (options.json) {
    print_json(options, document);
    return 0;
  }
  std::cout << "figment " << version() << " on LibTorch " << libtorch_version() << "\n"
            << "cores      " << cores << " to use, " << threads << " threads\n";
  for (const auto& path : blas) std::cout << "BLAS       " << path << "\n";
  for (const auto& path : omp) std::cout << "OpenMP     " << path << "\n";
  std::cout << "product    " << static_cast<int>(rate) << " GFLOP/s (1024 x 1024 float)\n"
            << "CUDA       "
            << (torch::cuda::is_available()
                    ? std::to_string(torch::cuda::device_count()) + " devices"
                    : std::string("none that this LibTorch can use"))
            << "\n";
  for (const auto& [name, status] : sets.items())
    std::cout << "data       " << name << ": " << status.get<std::string>() << "\n";
  for (const auto& line : advice) std::cout << "advice     " << line << "\n";
  if (advice.empty()) std::cout << "nothing to mend\n";
  return 0;
}

}  // namespace figment::cli
