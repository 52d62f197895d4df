#include "figment/core/error.h"

#include <cstdio>
#include <cstdlib>

namespace figment {

int exit_code(Cause cause) {
  switch (cause) {
    case Cause::kRun:
      return 1;
    case Cause::kConfig:
      return 2;
    case Cause::kData:
      return 3;
    case Cause::kCheckpoint:
      return 4;
    case Cause::kDiverged:
      return 5;
    case Cause::kLocked:
      return 6;
    case Cause::kDevice:
      return 7;
    case Cause::kIo:
      return 74;
  }
  return 1;
}

Error::Error(Cause cause, std::string_view where, std::string_view sentence)
    : std::runtime_error((where.empty() ? std::string() : "[" + std::string(where) + "] ") +
                         std::string(sentence)),
      cause_(cause) {}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "figment: internal check failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace figment
