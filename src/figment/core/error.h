// One error type for everything that input, files or machines can do wrong.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace figment {

// What went wrong, by cause; each cause has one exit code of the command line.
enum class Cause {
  kRun,         // 1   anything else that a run can meet
  kConfig,      // 2   usage or configuration
  kData,        // 3   a data set that is missing, malformed, truncated or unfit
  kCheckpoint,  // 4   a checkpoint or run folder that is missing, damaged or of another model
  kDiverged,    // 5   a loss or gradient that is not finite
  kLocked,      // 6   another process works in the run folder
  kDevice,      // 7   the device or its memory
  kIo,          // 74  reading or writing failed (full disk, no permission)
};

int exit_code(Cause cause);

// A sentence "[where] expected A, got B; what to do". Thrown by the library, caught once in main.
class Error : public std::runtime_error {
 public:
  Error(Cause cause, std::string_view where, std::string_view sentence);
  Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

// Joins the parts with <<. `where` is a file, "file: offset 12", a config key, or a verb.
template <class... Parts>
[[noreturn]] void fail(Cause cause, std::string_view where, const Parts&... parts) {
  std::ostringstream sentence;
  (sentence << ... << parts);
  throw Error(cause, where, sentence.str());
}

// For our own mistakes only; never reachable by input. Aborts with file and line.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
#define FIGMENT_CHECK(condition) \
  ((condition) ? void(0) : ::figment::check_failed(#condition, __FILE__, __LINE__))

}  // namespace figment
