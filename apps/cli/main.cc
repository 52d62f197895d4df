// The program `figment`: a launcher that links no LibTorch, so that help and usage errors are
// instant. It prepares the process (threads that wait passively, denormals to zero, an allocator
// that keeps its memory), then loads the engine with its libraries and hands over.
#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "engine.h"
#include "figment/core/cores.h"
#include "figment/core/error.h"
#include "options.h"

namespace {

// Each of these must be in place before LibTorch and its thread pools are loaded.
void prepare_process(const figment::cli::Options& options) {
  // Idle workers sleep, or spin for some milliseconds: the engine's IdleThreads says which, as the
  // machine is busy or not. Who sets the policy himself keeps it.
  if (getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "1000000", 0);
  setenv("OMP_WAIT_POLICY", "passive", 0);
  const auto threads = options.threads > 0 ? options.threads : figment::available_cores();
  setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);
#if defined(__x86_64__)
  // Flush denormals to zero, as results and as operands: threads made later inherit it.
  _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
  // Large tensors come and go at every step: keep their memory instead of mapping it anew.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

std::string folder_of_program() {
  char path[PATH_MAX];
  const auto length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return ".";
  const std::string whole(path, static_cast<std::size_t>(length));
  return whole.substr(0, whole.rfind('/'));
}

// What the engine needs, as it was found at build time, the deepest first.
constexpr const char* kLibraries[] = {
#include "engine_libraries.inc"
    nullptr};

// Loads them one after the other. The loader looks a symbol up in one library after the other, from
// the one that was asked for on down: with the engine first that is some three hundred of them for
// each of the hundred thousand symbols of the deepest, which alone takes 0.3 s. One that is missing
// here is no loss: the engine brings what it needs.
void load_libraries() {
  for (const auto* const* name = kLibraries; *name != nullptr; ++name) dlopen(*name, RTLD_LAZY);
}

void* load_engine() {
  const auto folder = folder_of_program();
  std::string problems;
  for (const auto& path :
       {folder + "/" + FIGMENT_ENGINE, folder + "/../lib/figment/" FIGMENT_ENGINE,
        folder + "/../" FIGMENT_LIBDIR "/figment/" FIGMENT_ENGINE}) {
    if (access(path.c_str(), R_OK) != 0) continue;
    if (void* engine = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL)) return engine;
    problems += std::string("\n  ") + dlerror();
  }
  std::fprintf(
      stderr, "figment: [engine] expected %s beside the program or under ../lib/figment, %s%s\n",
      FIGMENT_ENGINE,
      problems.empty() ? "found none; build or install figment anew" : "but it does not load:",
      problems.c_str());
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  figment::cli::Options options;
  switch (figment::cli::parse(argc, argv, options)) {
    case figment::cli::Parsed::kDone:
      if (std::cout.flush()) return 0;
      std::fputs("figment: [stdout] cannot write the output: is the disk full?\n", stderr);
      return figment::exit_code(figment::Cause::kIo);
    case figment::cli::Parsed::kWrong:
      return 2;
    case figment::cli::Parsed::kRun:
      break;
  }
  prepare_process(options);
  load_libraries();
  void* engine = load_engine();
  if (engine == nullptr) return 1;
  const auto run = reinterpret_cast<figment::cli::EngineRun*>(dlsym(engine, "figment_engine_run"));
  if (run == nullptr) {
    std::fprintf(stderr, "figment: [engine] %s\n", dlerror());
    return 1;
  }
  const int code = run(&options);
  std::fflush(stdout);
  std::fflush(stderr);
  // Nothing is left to do: unloading three hundred libraries in order would only take time.
  _exit(code);
}
