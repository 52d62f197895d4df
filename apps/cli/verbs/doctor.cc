// figment doctor: what this machine offers, and what on it slows a training or breaks one.
#include <iostream>

#include "figment/core/cores.h"
#include "figment/core/counted.h"
#include "figment/data/named.h"
#include "figment/kernels/product.h"
#include "figment/train/device.h"
#include "figment/train/environment.h"
#include "figment/train/speed.h"
#include "figment/train/version.h"
#include "verb.h"

namespace figment::cli {
int verb_doctor(const Options& options) {
  const auto cores = available_cores();
  const auto threads = set_threads(0);
  const auto rate = matrix_product_rate() / 1e9;
  const auto lowered = matrix_product_rate(Precision::kBfloat16) / 1e9;
  const auto surroundings = environment();
  const auto &blas = surroundings.blas, &omp = surroundings.openmp;
  const auto advice = advice_for(surroundings);
  nlohmann::json sets = nlohmann::json::object();
  for (const auto& set : list_named()) sets[set.name] = set.status();
  nlohmann::json document = {{"figment", version()},
                             {"libtorch", libtorch_version()},
                             {"cores", cores},
                             {"threads", threads},
                             {"blas", blas},
                             {"openmp", omp},
                             {"wait_policy", surroundings.wait_policy},
                             {"openblas_core", surroundings.openblas_core},
                             {"onednn", multiplies()},
                             {"matrix_product_gflops", rate},
                             {"matrix_product_gflops_bfloat16", lowered},
                             {"cuda_devices", torch::cuda::device_count()},
                             {"data", sets},
                             {"advice", advice}};
  if (options.json) {
    print_json(options, document);
    return 0;
  }
  std::cout << "figment " << version() << " on LibTorch " << libtorch_version() << "\n"
            << "cores      " << cores << " to use, " << counted(threads, "thread") << "\n";
  for (const auto& path : blas) std::cout << "BLAS       " << path << "\n";
  if (const auto& core = surroundings.openblas_core; !core.empty())
    std::cout << "BLAS       kernels for " << core << "\n";
  std::cout << "oneDNN     "
            << (multiplies()
                    ? "multiplies for linear layers, LSTMs and convolutions"
                    : "not built in: linear layers, LSTMs and convolutions are slower than need be")
            << "\n";
  for (const auto& path : omp) std::cout << "OpenMP     " << path << "\n";
  std::cout << "product    " << static_cast<int>(rate) << " GFLOP/s (1024 x 1024 float), "
            << static_cast<int>(lowered) << " with train.precision=bfloat16\n"
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
