#include "figment/train/idle_threads.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

namespace figment {
namespace {

TEST(IdleThreads, ReadsProcessorTime) {
  ProcessorTime time;
  ASSERT_TRUE(read_processor_time("cpu  100 20 30 4000 5 6 7 8 0 0", 100, time));
  EXPECT_DOUBLE_EQ(time.all, 1.71);  // all but idle and waiting for a disk
  EXPECT_TRUE(read_processor_time("cpu  1 2 3 4", 100, time));
  EXPECT_FALSE(read_processor_time("cpu0 1 2 3 4", 100, time));
  EXPECT_FALSE(read_processor_time("", 100, time));
  EXPECT_FALSE(read_processor_time("cpu  many", 100, time));
}

TEST(IdleThreads, CountsTheCoresOfOthers) {
  EXPECT_DOUBLE_EQ(foreign_cores({10, 5}, {10.4, 5.2}, 0.2), 1);
  EXPECT_DOUBLE_EQ(foreign_cores({10, 5}, {10.2, 5.3}, 0.2), 0);  // rounding of ticks
  EXPECT_DOUBLE_EQ(foreign_cores({10, 5}, {11, 5}, 0), 0);
}

double own_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Processor time that goes in a fifth of a second after a parallel loop, in which nothing is done.
double wasted() {
  at::parallel_for(0, 64, 1, [](int64_t, int64_t) {});
  const auto before = own_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  return own_seconds() - before;
}

// Run by the test below in a process whose threads may spin for ever.
TEST(IdleThreads, DISABLED_SleepWhileTold) {
  at::set_num_threads(2);
  const auto spinning = wasted();
  double asleep = 0;
  {
    const SleepingThreads sleeping;
    wasted();  // the worker that spins already does so until its next loop
    asleep = wasted();
  }
  const auto again = wasted();
  if (spinning < 0.02) std::exit(2);  // another OpenMP than libgomp, or one core
  std::exit(asleep < 0.3 * spinning && asleep < 0.3 * again ? 0 : 1);
}

TEST(IdleThreads, SleepWhileTold) {
  const auto child = fork();
  if (child == 0) {
    setenv("OMP_WAIT_POLICY", "passive", 1);
    setenv("GOMP_SPINCOUNT", "30000000000", 1);
    setenv("OMP_NUM_THREADS", "2", 1);
    execl("/proc/self/exe", "train_test", "--gtest_also_run_disabled_tests",
          "--gtest_filter=IdleThreads.DISABLED_SleepWhileTold", nullptr);
    _exit(3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "threads do not spin here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// It begins and ends at once, whether threads may spin or not.
TEST(IdleThreads, ComeAndGo) {
  for (int i = 0; i < 3; ++i) const IdleThreads threads;
}

}  // namespace
}  // namespace figment
