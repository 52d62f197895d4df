#include "figment/core/fast_paths.h"

#include <atomic>
#include <cstdlib>
#include <string>

namespace figment {
namespace {

std::atomic<bool>& state() {
  static std::atomic<bool> on = [] {
    const char* asked = std::getenv("FIGMENT_FAST_PATHS");
    return asked == nullptr || std::string(asked) != "0";
  }();
  return on;
}

}  // namespace

bool fast_paths() { return state().load(std::memory_order_relaxed); }

FastPathsScope::FastPathsScope(bool on) : before_(state().exchange(on)) {}
FastPathsScope::~FastPathsScope() { state() = before_; }

}  // namespace figment
