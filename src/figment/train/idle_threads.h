// How the threads of a parallel loop wait for one another. One that spins is there at once when the
// next loop begins, which on a machine that is otherwise idle makes a small step 1.6 times as fast;
// one that sleeps leaves its core to others, without which a busy machine slows it several times.
// GNU's OpenMP takes one or the other for good; IdleThreads changes over as the machine's load
// does.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace figment {

// Seconds of processor time since some moment, of all cores together.
struct ProcessorTime {
  double all = 0;  // by anybody; time that a host took from this virtual machine counts
  double own = 0;  // by this process
};

// From the first line of /proc/stat, "cpu  user nice system idle iowait irq softirq steal ...", in
// ticks of which there are `ticks` in a second. False when the text is not such a line.
bool read_processor_time(const std::string& line, double ticks, ProcessorTime& out);

// Cores that others kept busy between the two, `seconds` apart; not below 0.
double foreign_cores(const ProcessorTime& before, const ProcessorTime& after, double seconds);

// While it lives, lets the threads spin for as long as GOMP_SPINCOUNT says (see man libgomp) when
// the machine has a core for each, and sleep otherwise. It has an effect where the process was
// started with OMP_WAIT_POLICY=passive and a GOMP_SPINCOUNT, as the program figment does for
// itself; and where /proc/stat can be read and LibTorch runs on libgomp. Numbers do not depend on
// it. Make one, before the first training.
class IdleThreads {
 public:
  IdleThreads();
  ~IdleThreads();
  IdleThreads(const IdleThreads&) = delete;
  IdleThreads& operator=(const IdleThreads&) = delete;

 private:
  void watch();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// Makes libgomp's threads sleep while it lives: it holds a second team, which does nothing, so that
// there are more threads than cores. libgomp then takes the short spin count, which under
// OMP_WAIT_POLICY=passive is 0.
class SleepingThreads {
 public:
  SleepingThreads();
  ~SleepingThreads();
  SleepingThreads(const SleepingThreads&) = delete;
  SleepingThreads& operator=(const SleepingThreads&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ready_ = false, over_ = false;
  std::thread thread_;
};

}  // namespace figment
