// How a training tells a person where it is: one line rewritten on a terminal, plain lines
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace figment {

class Progress {
 public:
  using Values = std::vector<std::pair<std::string, double>>;

  // Writes to stderr unless `quiet`; every whole line also goes to `log`.
  Progress(bool quiet, std::function<void(const std::string&)> log);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // A stage of `steps` steps begins, of which `done` were done by an earlier process.
  void begin(const std::string& stage, int64_t done, int64_t steps);
  // After each step: `examples` were learned from. Cheap; redraws ten times a second at most.
  void step(int64_t step, int64_t examples);
  // The newest values, for the line.
  void values(const Values& values) { values_ = values; }
  // An epoch is over: a line that stays.
  void epoch(int64_t epoch, int64_t epochs, const Values& values);
  // A sentence that stays.
  void say(const std::string& sentence);
  // Examples a second since begin().
  double rate() const;

 private:
  void clear_line();
  void draw();
  double elapsed() const;

  bool quiet_, terminal_;
  std::function<void(const std::string&)> log_;
  std::string stage_;
  int64_t first_ = 0, step_ = 0, steps_ = 0, examples_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_;
  Values values_;
  bool drawn_line_ = false;
};

// "loss 105.2  kl 24.91": four significant digits, as wide as needed.
std::string values_text(const Progress::Values& values);

}  // namespace figment
