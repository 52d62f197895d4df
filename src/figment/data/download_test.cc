#include "figment/data/download.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>

#include "figment/core/error.h"
#include "figment/data/test_server.h"

namespace figment {
namespace {

using testing::bytes_of;
using testing::Folder;
using testing::put;
using testing::Server;
using testing::Variable;

constexpr std::size_t kSize = 200000;

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    std::mt19937 random(7);
    for (std::size_t i = 0; i < kSize; ++i) content_ += static_cast<char>(random());
    put(served_ / "file", content_);
    const auto sum = testing::output_of("sha256sum " + (served_ / "file").string());
    sha256_ = sum.substr(0, 64);
    server_ = std::make_unique<Server>(served_.path());
  }

  // A job that asks the mirrors "good", "cut" ... in turn, with short patience.
  Download job(const std::vector<std::string>& ways) const {
    Download job;
    for (const auto& way : ways) job.urls.push_back(server_->url(way, "file"));
    job.sha256 = sha256_;
    job.size = kSize;
    job.allow_local_http = true;
    job.pause = 0.05;
    job.stall_timeout = 1;
    return job;
  }

  // The error of a download that must fail.
  std::string failure(const Download& job, Cause cause = Cause::kData) const {
    try {
      download(job, to_);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), cause);
      EXPECT_FALSE(std::filesystem::exists(to_));
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  void expect_whole() const {
    EXPECT_TRUE(bytes_of(to_) == content_);
    EXPECT_FALSE(std::filesystem::exists(part_));
  }

  Folder served_;
  Folder here_;
  std::string content_;
  std::string sha256_;
  std::unique_ptr<Server> server_;
  std::filesystem::path to_ = here_ / "new/folder/file";
  std::filesystem::path part_ = here_ / "new/folder/file.part";
  Variable online_{"FIGMENT_OFFLINE", nullptr};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << (text)

TEST_F(DownloadTest, BringsTheWholeFileAndTellsProgress) {
  Download whole = job({"good"});
  std::vector<std::uint64_t> seen;
  whole.progress = [&](std::uint64_t got, std::uint64_t total) {
    seen.push_back(got);
    EXPECT_EQ(total, kSize);
  };
  download(whole, to_);
  expect_whole();
  EXPECT_EQ(sha256_of(to_), sha256_);
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), kSize);
  download(whole, to_);
  EXPECT_EQ(server_->requests().size(), 1u) << "a file that is there is not asked for again";
}

TEST_F(DownloadTest, ReplacesAFileThatIsAnother) {
  put(to_, "something else");
  download(job({"good"}), to_);
  expect_whole();
}

TEST_F(DownloadTest, NeedsNoSize) {
  Download unsized = job({"cut"});
  unsized.size = 0;
  download(unsized, to_);
  expect_whole();
}

TEST_F(DownloadTest, ResumesACutConnection) {
  download(job({"cut"}), to_);
  expect_whole();
  const std::vector<std::string> expected{"/cut/file -", "/cut/file bytes=100000-"};
  EXPECT_EQ(server_->requests(), expected);
}

TEST_F(DownloadTest, ResumesWhatAnEarlierProcessLeft) {
  put(part_, content_.substr(0, 70000));
  download(job({"good"}), to_);
  expect_whole();
  EXPECT_EQ(server_->requests(), std::vector<std::string>{"/good/file bytes=70000-"});
}

TEST_F(DownloadTest, TakesAPartThatIsWholeWithoutAsking) {
  put(part_, content_);
  download(job({"good"}), to_);
  expect_whole();
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(DownloadTest, StartsOverWhereRangeIsIgnored) {
  put(part_, std::string(70000, 'x'));
  download(job({"norange"}), to_);
  expect_whole();
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(DownloadTest, StartsOverWhereTheRangeIsAnother) {
  put(part_, content_.substr(0, 70000));
  download(job({"shifted"}), to_);
  expect_whole();
  const std::vector<std::string> expected{"/shifted/file bytes=70000-", "/shifted/file -"};
  EXPECT_EQ(server_->requests(), expected);
}

TEST_F(DownloadTest, StartsOverWhenThePartWasOfAnotherFile) {
  put(part_, std::string(70000, 'x'));
  download(job({"good"}), to_);
  expect_whole();
  EXPECT_EQ(server_->requests().size(), 2u);
  Download unsized = job({"good"});
  unsized.size = 0;
  std::filesystem::remove(to_);
  put(part_, std::string(kSize + 5, 'x'));  // beyond the end: the server answers 416
  download(unsized, to_);
  expect_whole();
}

TEST_F(DownloadTest, DiscardsWrongContent) {
  const std::string message = failure(job({"wrong"}));
  EXPECT_HAS(message, "/wrong/file: wrong content, discarded: 200000 bytes with SHA-256 ");
  EXPECT_HAS(message, "expected " + sha256_);
  EXPECT_HAS(message, "put the file there by hand: " + to_.string());
  EXPECT_FALSE(std::filesystem::exists(part_));
  EXPECT_EQ(server_->requests().size(), 1u) << "a mirror with wrong content is not asked again";
}

TEST_F(DownloadTest, StopsBodiesBeyondTheCap) {
  EXPECT_HAS(failure(job({"long"})), "sends more than the 200000 bytes this file has");
  EXPECT_HAS(failure(job({"endless"})), "sends more than the 200000 bytes this file has");
  Download capped = job({"endless"});
  capped.size = 0;
  capped.limit = 300000;
  EXPECT_HAS(failure(capped), "sends more than the 300000 bytes allowed");
  EXPECT_FALSE(std::filesystem::exists(part_));
}

TEST_F(DownloadTest, TakesTheNextMirror) {
  download(job({"missing", "wrong", "busy", "good"}), to_);
  expect_whole();
  EXPECT_EQ(server_->requests().size(), 4u);
}

TEST_F(DownloadTest, AsksBusyServersAgainButNotForAMissingFile) {
  const std::string message = failure(job({"missing", "busy"}));
  EXPECT_HAS(message, "/missing/file: HTTP 404");
  EXPECT_HAS(message, "/busy/file: HTTP 503");
  EXPECT_EQ(server_->requests().size(), 4u);  // once, and in each of three rounds
}

TEST_F(DownloadTest, GivesUpOnAStalledServerAndKeepsThePart) {
  Download stalled = job({"stall"});
  stalled.rounds = 1;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_HAS(failure(stalled), "Operation too slow");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(std::filesystem::file_size(part_), 100u);
}

TEST_F(DownloadTest, StopsWhenInterrupted) {
  Download slow = job({"slow"});
  std::uint64_t so_far = 0;
  slow.progress = [&](std::uint64_t got, std::uint64_t) { so_far = got; };
  slow.interrupted = [&] { return so_far > 0; };
  EXPECT_HAS(failure(slow, Cause::kRun), "interrupted");
  EXPECT_GT(std::filesystem::file_size(part_), 0u);
  download(job({"good"}), to_);
  expect_whole();
  EXPECT_HAS(server_->requests().back(), "bytes=");
}

TEST_F(DownloadTest, LetsExceptionsOfCallbacksThrough) {
  Download throwing = job({"good"});
  throwing.progress = [](std::uint64_t, std::uint64_t) { throw std::out_of_range("mine"); };
  EXPECT_THROW(download(throwing, to_), std::out_of_range);
}

TEST_F(DownloadTest, RefusesPlainHttp) {
  Download plain = job({"good"});
  plain.allow_local_http = false;
  EXPECT_HAS(failure(plain), "expected an address that begins with https://");
  plain.allow_local_http = true;
  plain.urls = {"http://example.org/file"};
  EXPECT_HAS(failure(plain), "expected an address that begins with https://");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(DownloadTest, RefusesARedirectToPlainHttp) {
  EXPECT_HAS(failure(job({"redirect"})), "rotocol");  // libcurl's word: Protocol "http" ...
  EXPECT_EQ(server_->requests(), std::vector<std::string>{"/redirect/file -"});
}

TEST_F(DownloadTest, SaysWhatToDoWithoutNetwork) {
  Download unreachable = job({});
  unreachable.urls = {"https://127.0.0.1:1/file", "https://127.0.0.1:1/copy"};
  const std::string message = failure(unreachable);
  EXPECT_HAS(message,
             "[file] could not be downloaded: https://127.0.0.1:1/file: Failed to connect");
  EXPECT_HAS(message, "https://127.0.0.1:1/copy: Failed to connect");
  EXPECT_HAS(message, to_.string() + " (200000 bytes, SHA-256 " + sha256_ + ")");
}

TEST_F(DownloadTest, StaysOffTheNetworkWhenTold) {
  const Variable offline_now("FIGMENT_OFFLINE", "1");
  EXPECT_HAS(failure(job({"good"})), "FIGMENT_OFFLINE forbids downloading it");
  EXPECT_TRUE(server_->requests().empty());
  put(to_, content_);
  download(job({"good"}), to_);  // there already: nothing to forbid
  const Variable online_again("FIGMENT_OFFLINE", "0");
  EXPECT_FALSE(offline());
}

TEST_F(DownloadTest, SaysWhenItCannotWrite) {
  put(here_ / "new", "a file where a folder should be");
  EXPECT_HAS(failure(job({"good"}), Cause::kIo), "could not be created");
  std::filesystem::remove(here_ / "new");
  std::filesystem::create_directories(part_);
  EXPECT_HAS(failure(job({"good"}), Cause::kIo), "could not be opened for writing");
}

// Writes no further than a limit of the process, which Linux reports as a full disk would be.
TEST_F(DownloadTest, SaysWhenTheDiskIsFull) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{50000, 50000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      download(job({"good"}), to_);
    } catch (const Error& error) {
      ::_exit(error.cause() == Cause::kIo && has(error.what(), "could not be written") ? 0 : 1);
    }
    ::_exit(2);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  download(job({"good"}), to_);
  expect_whole();
}

TEST_F(DownloadTest, FollowsNoSymbolicLink) {
  put(here_ / "precious", "keep");
  std::filesystem::create_directories(part_.parent_path());
  std::filesystem::create_symlink(here_ / "precious", part_);
  EXPECT_HAS(failure(job({"good"}), Cause::kIo), "could not be opened for writing");
  EXPECT_EQ(bytes_of(here_ / "precious"), "keep");
}

pid_t download_in_child(const Download& job, const std::filesystem::path& to) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    download(job, to);
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

TEST_F(DownloadTest, ProcessesTakeTurns) {
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) children.push_back(download_in_child(job({"slow"}), to_));
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  expect_whole();
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(DownloadTest, GoesOnAfterAKill) {
  const pid_t child = download_in_child(job({"slow"}), to_);
  for (int i = 0; i < 200; ++i) {
    std::error_code error;
    const auto size = std::filesystem::file_size(part_, error);
    if (!error && size > 0) break;
    ::usleep(10000);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(std::filesystem::exists(to_));
  ASSERT_GT(std::filesystem::file_size(part_), 0u);
  download(job({"good"}), to_);
  expect_whole();
  EXPECT_HAS(server_->requests().back(), "/good/file bytes=");
}

}  // namespace
}  // namespace figment
