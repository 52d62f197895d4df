#include "figment/train/environment.h"

#include <gtest/gtest.h>

#include <sstream>

#include "figment/core/text.h"

namespace figment {
namespace {

TEST(Environment, HasNothingToSayOfOnePool) {
  EXPECT_TRUE(advice_for({{"/lib/libopenblas.so.0"}, {"/lib/libgomp.so.1"}, "passive"}).empty());
}

TEST(Environment, SaysWhatSlows) {
  const auto said = [](const Environment& environment) {
    return join(advice_for(environment), "|");
  };
  EXPECT_NE(said({{"/lib/libblas.so.3"}, {}, "passive"}).find("reference BLAS"), std::string::npos);
  EXPECT_NE(
      said({{"/lib/openblas-pthread/libopenblas.so.0"}, {}, "passive"}).find("pool of its own"),
      std::string::npos);
  EXPECT_NE(said({{"/lib/libmkl_rt.so"}, {"/a/libgomp.so", "/a/libomp.so"}, "passive"})
                .find("more than one OpenMP"),
            std::string::npos);
  EXPECT_NE(said({{"/lib/libopenblas.so.0"}, {}, ""}).find("OMP_WAIT_POLICY=passive"),
            std::string::npos);
}

TEST(Environment, KnowsProcessorsThatMultiplyBfloat16) {
  const auto multiplies = [](const std::string& text) {
    std::istringstream cpuinfo(text);
    return multiplies_bfloat16(cpuinfo);
  };
  EXPECT_TRUE(multiplies("processor\t: 0\nflags\t\t: fpu avx512_bf16 avx512f\n"));
  EXPECT_TRUE(multiplies("flags\t\t: fpu amx_bf16\n"));
  EXPECT_TRUE(multiplies("Features\t: fp asimd bf16\n"));
  EXPECT_FALSE(multiplies("model name\t: bf16\nflags\t\t: fpu avx2 fma\n\nflags : bf16\n"));
  EXPECT_TRUE(multiplies(""));
}

// LibTorch is linked into this test.
TEST(Environment, FindsWhatIsLoaded) {
  const auto found = environment();
  EXPECT_FALSE(found.openmp.empty());
  const bool openblas = join(found.blas, "|").find("openblas") != std::string::npos;
  EXPECT_EQ(!found.openblas_core.empty(), openblas) << found.openblas_core;
}

}  // namespace
}  // namespace figment
