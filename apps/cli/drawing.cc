#include "drawing.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "figment/apply/sampler_choice.h"
#include "figment/model/stepwise.h"

namespace figment::cli {
namespace {

// One line rewritten, ten times a second at most, and wiped when the number asked for is drawn.
class DrawingLine {
 public:
  explicit DrawingLine(std::int64_t all) : all_(all) {}
  void operator()(std::int64_t n, std::int64_t step, std::int64_t steps) {
    if (step == steps) done_ += n;
    const bool over = all_ > 0 ? done_ >= all_ : step == steps;
    const auto now = std::chrono::steady_clock::now();
    if (!over && now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    if (over) {
      std::fprintf(stderr, "\r\x1b[K");
      return;
    }
    const auto of = all_ > 0 ? " of " + std::to_string(all_) : std::string();
    std::fprintf(stderr, "\r\x1b[Kdrawn %lld%s, step %lld of %lld of the next %lld",
                 static_cast<long long>(done_), of.c_str(), static_cast<long long>(step),
                 static_cast<long long>(steps), static_cast<long long>(n));
  }

 private:
  std::int64_t all_, done_ = 0;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace

void prepare_drawing(const LoadedRun& run, const Options& options, std::int64_t n) {
  choose_sampler(run, {options.sampler, options.steps, options.eta, options.guidance});
  auto* able = dynamic_cast<Stepwise*>(run.model.get());
  if (able != nullptr && isatty(STDERR_FILENO) != 0) able->watch_steps(DrawingLine(n));
}

}  // namespace figment::cli
