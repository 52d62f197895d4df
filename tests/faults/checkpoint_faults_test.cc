// The promises of train/checkpoint.h under kill -9, a full disk, and every call that can fail.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "content.h"
#include "figment/core/testing.h"
#include "figment/train/checkpoint.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
using faults::content_of;
using testing::in_memory;
using testing::names_in;
using testing::Outcome;
using testing::outcome_in_child;
using testing::outcome_of;
using testing::ScratchFolder;

// The driver as a process whose stdout (and, if asked for, stderr) is read through a pipe.
class Driver {
 public:
  Driver(const fs::path& folder, int64_t first, int64_t last, const std::string& variant,
         const std::string& fault = "") {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    const std::string from = std::to_string(first), to = std::to_string(last);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], 1);
      if (!fault.empty()) {
        ::dup2(ends[1], 2);
        ::setenv("LD_PRELOAD", FIGMENT_FAILING_IO, 1);
        ::setenv("FIGMENT_FAULT", fault.c_str(), 1);
      }
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl(FIGMENT_CHECKPOINT_DRIVER, "checkpoint_driver", folder.c_str(), from.c_str(),
              to.c_str(), variant.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Driver() {
    if (child_ > 0) finish();
    ::close(output_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void kill() const { ::kill(child_, SIGKILL); }

  // Waits; the message is all that the driver said.
  Outcome finish() {
    Outcome outcome;
    char text[4096];
    for (ssize_t got; (got = ::read(output_, text, sizeof text)) > 0;) {
      outcome.message.append(text, static_cast<std::size_t>(got));
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

 private:
  pid_t child_ = -1;
  int output_ = -1;
};

// The last number in "1\n2\n3\n", or `before`.
int64_t last_acknowledged(const std::string& said, int64_t before) {
  if (said.empty()) return before;
  const auto line = said.find_last_of('\n', said.size() - 2);
  return std::stoll(said.substr(line == std::string::npos ? 0 : line + 1));
}

int64_t step_in(const fs::path& folder) { return std::stoll(folder.filename().string().substr(5)); }

// What must hold however the driver ended, when `acknowledged` was the last step it told of: `last`
// names a whole step, no older; and so is the newest whole one. Contents are one of the variants'.
void expect_promises_kept(const fs::path& folder, int64_t acknowledged) {
  const auto last = pointed(folder, "last");
  ASSERT_TRUE(last.has_value());
  std::string warned;
  const auto newest = newest_whole(folder, [&](const std::string& text) { warned += text; });
  ASSERT_TRUE(newest.has_value()) << warned;
  EXPECT_EQ(warned, "");
  for (const auto& found : {*last, *newest}) {
    EXPECT_GE(step_in(found), acknowledged);
    CheckpointFiles content;
    ASSERT_EQ(outcome_of([&] { content = read_checkpoint(found); }).message, "");
    EXPECT_TRUE(content.files == content_of(step_in(found), "a").files ||
                content.files == content_of(step_in(found), "b").files);
  }
}

TEST(CheckpointFaults, FiftyKillsLoseNothingAcknowledged) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = scratch / "checkpoints";
  std::mt19937 random(7);
  int longest = 20000;  // microseconds before a kill
  ASSERT_EQ(Driver(folder, 1, 1, "a").finish().code, 0);
  int64_t acknowledged = 1;
  int killed_at_work = 0;
  for (int i = 0; i < 50; ++i) {
    Driver driver(folder, acknowledged + 1, 1'000'000, "a");
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, longest)(random)));
    driver.kill();
    const Outcome outcome = driver.finish();
    ASSERT_EQ(outcome.code, 128 + SIGKILL);
    killed_at_work += outcome.message.empty() ? 0 : 1;
    // A busy machine takes longer to begin.
    if (outcome.message.empty()) longest += longest / 5;
    acknowledged = last_acknowledged(outcome.message, acknowledged);
    expect_promises_kept(folder, acknowledged);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(killed_at_work, 10) << "the kills came too early to mean anything";
  // And it goes on, with nothing left lying about.
  ASSERT_EQ(Driver(folder, acknowledged + 1, acknowledged + 2, "a").finish().code, 0);
  EXPECT_EQ(names_in(folder).size(), 3u);
}

// Runs the driver on a folder of two good steps with the n-th call of a kind going wrong, for every
// n until there are no more such calls. Returns how many there were.
int walk(const std::string& call, const std::string& how, int64_t step, const std::string& variant,
         int expected_code) {
  for (int n = 1;; ++n) {
    const std::string fault = call + ":" + std::to_string(n) + ":" + how;
    SCOPED_TRACE(fault);
    ScratchFolder scratch(in_memory());
    const fs::path folder = scratch / "checkpoints";
    for (int64_t s = 1; s <= 2; ++s) write_checkpoint(folder, s, content_of(s, "a"));
    point(folder, "last", 2);
    const Outcome outcome = Driver(folder, step, step, variant, fault).finish();
    if (outcome.message.find("fault fired") == std::string::npos) {
      EXPECT_EQ(outcome.code, 0);
      return n - 1;
    }
    // Deleting what nobody needs may fail unsaid; everything else must be told.
    const bool told = outcome.message.find(std::to_string(step) + "\n") != std::string::npos;
    if (call != "unlink" || how == "KILL") {
      EXPECT_EQ(outcome.code, expected_code) << outcome.message;
    }
    expect_promises_kept(folder, told ? step : 2);
    // And it goes on from there as if nothing had been.
    EXPECT_EQ(Driver(folder, step, step, variant).finish().code, 0);
    const auto newest =
        newest_whole(folder, [](const std::string& text) { ADD_FAILURE() << text; });
    EXPECT_EQ(read_checkpoint(newest.value()).files, content_of(step, variant).files);
    EXPECT_EQ(names_in(folder).size(), 3u) << "a leftover";
    if (n > 100) return -1;
  }
}

TEST(CheckpointFaults, EveryCallMayFailOrBeTheLast) {
  // One new step: four files and a pointer are written; those five, the folder of the new step, and
  // its parent four times (made, renamed, pointed, pruned) are synced. Pruning deletes four files.
  for (const char* how : {"ENOSPC", "EIO"}) {
    EXPECT_EQ(walk("write", how, 3, "a", 74), 5);
    EXPECT_EQ(walk("fsync", how, 3, "a", 74), 10);
    EXPECT_EQ(walk("rename", how, 3, "a", 74), 3);
    EXPECT_EQ(walk("mkdir", how, 3, "a", 74), 2);
    EXPECT_GE(walk("unlink", how, 3, "a", 0), 4);
  }
  EXPECT_EQ(walk("write", "KILL", 3, "a", 128 + SIGKILL), 5);
  EXPECT_EQ(walk("fsync", "KILL", 3, "a", 128 + SIGKILL), 10);
  EXPECT_EQ(walk("rename", "KILL", 3, "a", 128 + SIGKILL), 3);
  EXPECT_EQ(walk("mkdir", "KILL", 3, "a", 128 + SIGKILL), 2);
  EXPECT_GE(walk("unlink", "KILL", 3, "a", 128 + SIGKILL), 4);
}

TEST(CheckpointFaults, SoItIsWhenAStepIsReplaced) {
  for (const char* call : {"write", "fsync", "rename", "exchange", "unlink"}) {
    // The first rename is the one that finds the name taken.
    EXPECT_GE(walk(call, "KILL", 2, "b", 128 + SIGKILL), 1);
    if (std::string(call) != "unlink") {
      EXPECT_GE(walk(call, "EIO", 2, "b", 74), 1);
    }
  }
}

TEST(CheckpointFaults, AStepIsReplacedWithoutExchangeToo) {
  EXPECT_EQ(walk("exchange", "EINVAL", 2, "b", 0), 1);
}

TEST(CheckpointFaults, InterruptedAndShortWritesAreFinished) {
  EXPECT_EQ(walk("write", "EINTR", 3, "a", 0), 5);
  EXPECT_EQ(walk("write", "SHORT", 3, "a", 0), 5);
  EXPECT_EQ(walk("fsync", "EINTR", 3, "a", 0), 10);
}

TEST(CheckpointFaults, AWriteThatTakesNothingOrLiesIsNoticed) {
  EXPECT_EQ(walk("write", "ZERO", 3, "a", 74), 5);
  EXPECT_EQ(walk("write", "FLIP", 3, "a", 74), 5);
}

TEST(CheckpointFaults, AFullDiskLeavesThePreviousStep) {
  ScratchFolder scratch(in_memory());
  const Outcome outcome = outcome_in_child([&] {
    if (!testing::mount_small_disk(scratch.path(), 1024)) fail(Cause::kRun, "", "no mount");
    const fs::path folder = scratch / "checkpoints";
    write_checkpoint(folder, 1, content_of(1, "a"));
    point(folder, "last", 1);
    const CheckpointFiles large{{{"model.safetensors", std::string(2 << 20, 'x')}}};
    const Outcome full = outcome_of([&] { write_checkpoint(folder, 2, large); });
    const auto newest = newest_whole(folder, [](const std::string&) {});
    if (newest != folder / "step_00000001" || pointed(folder, "last") != newest ||
        names_in(folder) != std::vector<std::string>{"last", "step_00000001"}) {
      fail(Cause::kRun, "", "the previous step is gone, or a leftover is there");
    }
    write_checkpoint(folder, 2, content_of(2, "a"));  // room again, at once
    read_checkpoint(folder / "step_00000002");
    fail(full.code == 74 ? Cause::kIo : Cause::kRun, "", full.message);
  });
  if (outcome.message == "no mount") GTEST_SKIP() << "mounting a small disk is not permitted here";
  EXPECT_EQ(outcome.code, 74) << outcome.message;
  EXPECT_NE(outcome.message.find("model.safetensors] cannot be written: No space left on device"),
            std::string::npos)
      << outcome.message;
}

}  // namespace
}  // namespace figment
