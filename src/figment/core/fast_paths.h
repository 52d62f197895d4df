// One switch for everything that computes in a faster way than LibTorch's own operators.
#pragma once

namespace figment {

// Whether fast paths are taken. True, unless the environment has FIGMENT_FAST_PATHS=0 or a
// FastPathsScope says otherwise.
bool fast_paths();

// Turns all fast paths on or off while it lives: for tests, which hold one against the other.
class FastPathsScope {
 public:
  explicit FastPathsScope(bool on);
  ~FastPathsScope();
  FastPathsScope(const FastPathsScope&) = delete;
  FastPathsScope& operator=(const FastPathsScope&) = delete;

 private:
  bool before_;
};

}  // namespace figment
