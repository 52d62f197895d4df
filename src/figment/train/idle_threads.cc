#include "figment/train/idle_threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

namespace figment {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr int kQuietLooks = 3;  // before threads spin
constexpr double kSlack = 0.3;  // of a core: /proc/stat counts in hundredths of a second

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

bool processor_time(ProcessorTime& out) {
  std::ifstream stat("/proc/stat");
  std::string line;
  rusage used{};
  if (!std::getline(stat, line) || getrusage(RUSAGE_SELF, &used) != 0) return false;
  if (!read_processor_time(line, static_cast<double>(sysconf(_SC_CLK_TCK)), out)) return false;
  out.own = seconds(used.ru_utime) + seconds(used.ru_stime);
  return true;
}

int cores_of_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

bool may_spin() {
  const auto* count = std::getenv("GOMP_SPINCOUNT");
  return count != nullptr && std::string(count) != "0";
}

}  // namespace

bool read_processor_time(const std::string& line, double ticks, ProcessorTime& out) {
  std::istringstream words(line);
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
  if (!(words >> name >> user >> nice >> system >> idle) || name != "cpu" || !(ticks > 0))
    return false;
  words >> waiting >> irq >> softirq >> stolen;  // old kernels have fewer
  out.all = (user + nice + system + irq + softirq + stolen) / ticks;
  return true;
}

double foreign_cores(const ProcessorTime& before, const ProcessorTime& after, double seconds) {
  if (!(seconds > 0)) return 0;
  return std::max(0.0, ((after.all - before.all) - (after.own - before.own)) / seconds);
}

SleepingThreads::SleepingThreads()
    : thread_([this] {
        const auto cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
        // Of this thread alone, unlike torch::set_num_threads.
        using SetThreads = void(int);
        if (auto* set = reinterpret_cast<SetThreads*>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")))
          set(cores);
        at::parallel_for(0, cores, 1, [](int64_t, int64_t) {});
        std::unique_lock lock(mutex_);
        ready_ = true;
        wake_.notify_all();
        wake_.wait(lock, [this] { return over_; });
      }) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return ready_; });
}

SleepingThreads::~SleepingThreads() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

IdleThreads::IdleThreads() {
  if (may_spin()) thread_ = std::thread([this] { watch(); });
}

IdleThreads::~IdleThreads() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void IdleThreads::watch() {
  // Asleep until the machine is known to be idle, and for good where that cannot be known.
  std::optional<SleepingThreads> sleeping(std::in_place);
  ProcessorTime before, after;
  bool known = processor_time(before);
  auto since = Clock::now();
  int quiet = 0;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLook, [this] { return over_; })) {
    if (!known) continue;
    known = processor_time(after);
    const auto now = Clock::now();
    const auto busy =
        foreign_cores(before, after, std::chrono::duration<double>(now - since).count());
    before = after;
    since = now;
    const bool room = known && cores_of_process() - busy >= at::get_num_threads() - kSlack;
    quiet = room ? quiet + 1 : 0;
    if (quiet >= kQuietLooks)
      sleeping.reset();
    else if (!room && !sleeping)
      sleeping.emplace();
  }
}

}  // namespace figment
