// For tests: the environment, put back at the end.
#pragma once

#include <cstdlib>
#include <string>

namespace figment::testing {

// A variable of the environment for as long as it lives; nullptr removes it.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* old = std::getenv(name);
    if (old) old_ = old;
    had_ = old != nullptr;
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { had_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_{};
  bool had_ = false;
};

}  // namespace figment::testing
