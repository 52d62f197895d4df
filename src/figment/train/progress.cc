#include "figment/train/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "figment/core/text.h"

namespace figment {
namespace {

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

}  // namespace

std::string values_text(const Progress::Values& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.4g", value);
    out += (out.empty() ? "" : "  ") + name + " " + buffer;
  }
  return out;
}

Progress::Progress(bool quiet, std::function<void(const std::string&)> log)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0), log_(std::move(log)) {}

Progress::~Progress() { clear_line(); }

void Progress::clear_line() {
  if (drawn_line_) std::fputs("\r\x1b[K", stderr);
  drawn_line_ = false;
}

double Progress::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

double Progress::rate() const { return static_cast<double>(examples_) / std::max(1e-9, elapsed()); }

void Progress::begin(const std::string& stage, int64_t done, int64_t steps) {
  stage_ = stage;
  first_ = step_ = done;
  steps_ = steps;
  examples_ = 0;
  start_ = std::chrono::steady_clock::now();
  values_.clear();
}

void Progress::step(int64_t step, int64_t examples) {
  step_ = step;
  examples_ += examples;
  if (quiet_ || !terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  draw();
}

void Progress::draw() {
  const auto done = static_cast<double>(step_ - first_);
  const double left = done > 0 ? elapsed() / done * static_cast<double>(steps_ - step_) : 0;
  const auto share = steps_ > 0 ? static_cast<double>(step_) / static_cast<double>(steps_) : 1.0;
  constexpr int kCells = 24;
  const int full = static_cast<int>(share * kCells);
  std::string bar;
  for (int i = 0; i < kCells; ++i) bar += i < full ? '=' : i == full ? '>' : ' ';
  char head[160];
  std::snprintf(head, sizeof head, "%s [%s] %3.0f%%  step %lld/%lld  %.0f examples/s  %s left  ",
                stage_.c_str(), bar.c_str(), share * 100, static_cast<long long>(step_),
                static_cast<long long>(steps_), rate(), duration(left).c_str());
  auto line = head + values_text(values_);
  const auto width = static_cast<std::size_t>(terminal_width() - 1);
  if (line.size() > width) line.resize(width);
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
  drawn_line_ = true;
}

void Progress::epoch(int64_t epoch, int64_t epochs, const Values& values) {
  char head[120];
  std::snprintf(head, sizeof head, "%s epoch %lld/%lld  step %lld  %.0f examples/s", stage_.c_str(),
                static_cast<long long>(epoch), static_cast<long long>(epochs),
                static_cast<long long>(step_), rate());
  say(head + std::string(values.empty() ? "" : "  ") + values_text(values));
}

void Progress::say(const std::string& sentence) {
  if (log_) log_(sentence);
  if (quiet_) return;
  clear_line();
  std::fprintf(stderr, "%s\n", sentence.c_str());
}

}  // namespace figment
