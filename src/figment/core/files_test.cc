#include "figment/core/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <thread>

#include "figment/core/testing.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
using testing::become_nobody;
using testing::names_in;
using testing::Outcome;
using testing::outcome_in_child;
using testing::outcome_of;
using testing::ScratchFolder;
using testing::slurp;
using testing::spill;

using Names = std::vector<std::string>;

void expect_fails(const Outcome& outcome, int code, const std::string& words) {
  EXPECT_EQ(outcome.code, code) << outcome.message;
  EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
}

TEST(ReadFile, ReadsAllBytes) {
  ScratchFolder scratch;
  const std::string bytes = std::string("a\0b\n", 4) + std::string(3000000, 'x');
  spill(scratch / "some", bytes);
  EXPECT_TRUE(read_file(scratch / "some") == bytes);
  spill(scratch / "empty", "");
  EXPECT_EQ(read_file(scratch / "empty"), "");
}

TEST(ReadFile, RefusesWhatIsNoReadableFile) {
  ScratchFolder scratch;
  expect_fails(outcome_of([&] { read_file(scratch / "none"); }), 74,
               "/none] cannot be opened for reading: No such file or directory");
  expect_fails(outcome_of([&] { read_file(scratch.path()); }), 74, "expected a file, got a folder");
  expect_fails(outcome_of([&] { read_file("/dev/zero"); }), 74, "expected a file, got a device");
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  expect_fails(outcome_of([&] { read_file(scratch / "pipe"); }), 74, "expected a file, got a pipe");
  spill(scratch / "secret", "s");
  fs::permissions(scratch / "secret", fs::perms::none);
  expect_fails(outcome_in_child([&] {
                 become_nobody();
                 read_file(scratch / "secret");
               }),
               74, "Permission denied");
  expect_fails(outcome_of([&] { read_file(scratch / "none", 9, Cause::kData); }), 3, "/none]");
}

TEST(ReadFile, AllocatesNothingForAFileOverTheLimit) {
  ScratchFolder scratch;
  spill(scratch / "huge", "");
  fs::resize_file(scratch / "huge", 1ULL << 40);  // sparse
  expect_fails(outcome_of([&] { read_file(scratch / "huge"); }), 74,
               "expected at most 17179869184 bytes, got 1099511627776");
  spill(scratch / "small", "12345");
  EXPECT_EQ(read_file(scratch / "small", 5), "12345");
  expect_fails(outcome_of([&] { read_file(scratch / "small", 4); }), 74,
               "expected at most 4 bytes");
}

TEST(WriteDurably, WritesAndReplaces) {
  ScratchFolder scratch;
  write_durably(scratch / "file", "first");
  EXPECT_EQ(slurp(scratch / "file"), "first");
  const std::string large(5000001, 'z');
  write_durably(scratch / "file", large);
  EXPECT_TRUE(slurp(scratch / "file") == large);
  write_durably(scratch / "file", "");
  EXPECT_EQ(slurp(scratch / "file"), "");
  EXPECT_EQ(names_in(scratch.path()), Names{"file"});
}

TEST(WriteDurably, TakesARelativeNameAndALongOne) {
  ScratchFolder scratch;
  const std::string longest(255, 'n');
  write_durably(scratch / longest, "x");
  EXPECT_EQ(slurp(scratch / longest), "x");
  expect_fails(outcome_in_child([&] {
                 fs::current_path(scratch.path());
                 write_durably("here", "y");
                 fail(Cause::kRun, "", slurp("here"));
               }),
               1, "y");
}

TEST(WriteDurably, SaysWhyAPathCannotBeWritten) {
  ScratchFolder scratch;
  expect_fails(outcome_of([&] { write_durably(scratch / "none/file", "x"); }), 74,
               "none/file] cannot be created: No such file or directory");
  fs::create_directory(scratch / "folder");
  expect_fails(outcome_of([&] { write_durably(scratch / "folder", "x"); }), 74,
               "expected a file to write, got a folder");
  spill(scratch / "file", "x");
  expect_fails(outcome_of([&] { write_durably(scratch / "file/under", "x"); }), 74,
               "Not a directory");
  EXPECT_EQ(slurp(scratch / "file"), "x");
  EXPECT_EQ(names_in(scratch.path()), (Names{"file", "folder"}));
}

TEST(WriteDurably, KeepsTheOldFileWhenTheFolderIsReadOnly) {
  ScratchFolder scratch;
  spill(scratch / "file", "old");
  fs::permissions(scratch.path(), fs::perms(0555));
  expect_fails(outcome_in_child([&] {
                 become_nobody();
                 write_durably(scratch / "file", "new");
               }),
               74, "file] cannot be created: Permission denied");
  fs::permissions(scratch.path(), fs::perms(0755));
  EXPECT_EQ(slurp(scratch / "file"), "old");
  EXPECT_EQ(names_in(scratch.path()), Names{"file"});
}

TEST(WriteDurably, KeepsTheOldFileWhenTheDiskIsFull) {
  ScratchFolder scratch;
  const Outcome outcome = outcome_in_child([&] {
    if (!testing::mount_small_disk(scratch.path(), 1024)) fail(Cause::kRun, "", "no mount");
    write_durably(scratch / "file", "old");
    const auto inner =
        outcome_of([&] { write_durably(scratch / "file", std::string(2 << 20, 'x')); });
    if (slurp(scratch / "file") != "old" || names_in(scratch.path()) != Names{"file"}) {
      fail(Cause::kRun, "", "the old file is gone, or a leftover is there");
    }
    fail(inner.code == 74 ? Cause::kIo : Cause::kRun, "", inner.message);
  });
  if (outcome.message == "no mount") GTEST_SKIP() << "mounting a small disk is not permitted here";
  expect_fails(outcome, 74, "file] cannot be written: No space left on device");
}

// A limit on the size of files gives a real short write and then a failing one, with no privileges.
TEST(WriteDurably, KeepsTheOldFileWhenAWriteIsCutShort) {
  ScratchFolder scratch;
  spill(scratch / "file", "old");
  expect_fails(outcome_in_child([&] {
                 ::signal(SIGXFSZ, SIG_IGN);
                 const struct rlimit limit { 100000, 100000 };
                 ::setrlimit(RLIMIT_FSIZE, &limit);
                 write_durably(scratch / "file", std::string(100001, 'x'));
               }),
               74, "file] cannot be written: File too large");
  EXPECT_EQ(slurp(scratch / "file"), "old");
  EXPECT_EQ(names_in(scratch.path()), Names{"file"});
}

TEST(WriteDurably, SurvivesSignals) {
  ScratchFolder scratch;
  EXPECT_EQ(outcome_in_child([&] {
              struct sigaction action {};
              action.sa_handler = [](int) {};  // no SA_RESTART: calls return EINTR
              ::sigaction(SIGALRM, &action, nullptr);
              const struct itimerval often {
                {0, 200}, { 0, 200 }
              };
              ::setitimer(ITIMER_REAL, &often, nullptr);
              for (int i = 0; i < 20; ++i) {
                const std::string bytes(300000, static_cast<char>('a' + i));
                write_durably(scratch / "file", bytes);
                if (read_file(scratch / "file") != bytes) fail(Cause::kRun, "", "differs");
              }
            }).message,
            "");
}

TEST(WriteDurably, ManyThreadsDoNotDisturbOneAnother) {
  ScratchFolder scratch;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) write_durably(scratch / "file", std::string(1000, 'a' + t));
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string found = slurp(scratch / "file");
  EXPECT_EQ(found, std::string(1000, found.at(0)));
  EXPECT_EQ(names_in(scratch.path()), Names{"file"});
}

TEST(WriteNewFile, NeverOverwrites) {
  ScratchFolder scratch;
  write_new_file(scratch / "file", "one");
  expect_fails(outcome_of([&] { write_new_file(scratch / "file", "two"); }), 74, "File exists");
  EXPECT_EQ(slurp(scratch / "file"), "one");
}

TEST(Leftovers, AreKnownByTheirNameAndRemoved) {
  ScratchFolder scratch;
  const fs::path first = temporary_beside(scratch / "file");
  EXPECT_EQ(first.parent_path(), scratch.path());
  EXPECT_NE(temporary_beside(scratch / "file"), first);
  spill(first, "torn");
  spill(scratch / "file", "x");
  fs::create_directories(temporary_beside(scratch / "folder") / "inner");
  remove_leftovers(scratch.path());
  EXPECT_EQ(names_in(scratch.path()), Names{"file"});
  remove_leftovers(scratch / "none");
}

TEST(SyncFolder, NeedsAFolder) {
  ScratchFolder scratch;
  sync_folder(scratch.path());
  sync_folder("");
  spill(scratch / "file", "x");
  expect_fails(outcome_of([&] { sync_folder(scratch / "file"); }), 74, "Not a directory");
  expect_fails(outcome_of([&] { sync_folder(scratch / "none"); }), 74, "No such file");
}

// Values computed by a C program on XXH3_64bits; the first is also in xxHash's own sanity checks.
TEST(Checksum, IsXxh3) {
  EXPECT_EQ(checksum(""), "2d06800538d394c2");
  EXPECT_EQ(checksum("figment"), "8f90cf15580ae76b");
}

TEST(FolderLock, HoldsUntilItsEnd) {
  ScratchFolder scratch;
  {
    const FolderLock lock(scratch.path());
    expect_fails(outcome_of([&] { FolderLock second(scratch.path()); }), 6,
                 "in use by process " + std::to_string(::getpid()) + " on ");
    expect_fails(outcome_in_child([&] { FolderLock second(scratch.path()); }), 6,
                 "in use by process " + std::to_string(::getpid()) + " on ");
  }
  EXPECT_EQ(slurp(scratch / "lock"), "");
  EXPECT_EQ(outcome_in_child([&] { FolderLock again(scratch.path()); }).message, "");
}

TEST(FolderLock, IsFreeOnceItsHolderIsKilled) {
  ScratchFolder scratch;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(scratch.path());
    if (::write(ends[1], "1", 1) == 1) ::pause();
    ::_exit(0);
  }
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  expect_fails(outcome_of([&] { FolderLock lock(scratch.path()); }), 6,
               "process " + std::to_string(child) + " on ");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(outcome_of([&] { FolderLock lock(scratch.path()); }).message, "");
}

TEST(FolderLock, SaysWhyAFolderCannotBeLocked) {
  ScratchFolder scratch;
  expect_fails(outcome_of([&] { FolderLock lock(scratch / "none"); }), 74,
               "none/lock] cannot be opened to lock the folder: No such file or directory");
  fs::create_directory(scratch / "sealed");
  fs::permissions(scratch / "sealed", fs::perms(0555));
  expect_fails(outcome_in_child([&] {
                 become_nobody();
                 FolderLock lock(scratch / "sealed");
               }),
               74, "Permission denied");
  fs::create_directory(scratch / "lock");
  expect_fails(outcome_of([&] { FolderLock lock(scratch.path()); }), 74, "Is a directory");
}

}  // namespace
}  // namespace figment
