// The engine: from a verb to its function, and from an error to its sentence and exit code.
#include "engine.h"

#include <torch/torch.h>

#include <cstdio>
#include <iostream>
#include <new>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/train/idle_threads.h"
#include "verb.h"

namespace figment::cli {
namespace {

int tell(const char* sentence, int code) {
  std::cerr << "figment: " << sentence << "\n";
  return code;
}

int run(const Options& options) {
  for (const auto& verb : verbs()) {
    if (options.verb != verb.name) continue;
    const int code = verb.run(options);
    std::cout.flush();
    if (std::cout && std::fflush(stdout) == 0) return code;
    return tell("[stdout] cannot write the output: is the disk full?", exit_code(Cause::kIo));
  }
  return tell("[command line] this build has no such verb", exit_code(Cause::kConfig));
}

}  // namespace
}  // namespace figment::cli

extern "C" int figment_engine_run(const figment::cli::Options* options) {
  using figment::Cause;
  using figment::exit_code;
  using figment::cli::tell;
  try {
    const figment::IdleThreads threads;
    return figment::cli::run(*options);
  } catch (const figment::Error& error) {
    return tell(error.what(), exit_code(error.cause()));
  } catch (const std::bad_alloc&) {
    return tell("[memory] there is not enough; use a smaller train.batch_size, model or data.size",
                exit_code(Cause::kDevice));
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("out of memory") != std::string::npos ||
                        what.find("allocate memory") != std::string::npos;
    const auto first_line = what.substr(0, what.find('\n'));
    if (memory)
      return tell(("[memory] there is not enough (" + first_line +
                   "); use a smaller train.batch_size, model or data.size")
                      .c_str(),
                  exit_code(Cause::kDevice));
    return tell(("[LibTorch] " + first_line).c_str(), exit_code(Cause::kRun));
  } catch (const std::exception& error) {
    return tell(error.what(), exit_code(Cause::kRun));
  }
}
