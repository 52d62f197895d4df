#include "figment/data/named.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "figment/core/error.h"
#include "figment/data/download.h"
#include "figment/data/file_lock.h"
#include "figment/data/test_server.h"

namespace figment {
namespace {

using testing::bytes_of;
using testing::Folder;
using testing::put;
using testing::Server;
using testing::Variable;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << (text)

std::string sum_of(const std::filesystem::path& file) {
  return testing::output_of("sha256sum " + file.string()).substr(0, 64);
}

TEST(Catalogue, IsWellFormed) {
  std::set<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(names.insert(entry.name).second);
    EXPECT_FALSE(entry.title.empty() || entry.source.empty() || entry.files.empty());
    EXPECT_TRUE(entry.members.empty() || entry.files.size() == 1);
    for (const CatalogueFile& file : entry.files) {
      EXPECT_EQ(file.sha256.size(), 64u);
      EXPECT_EQ(file.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_GT(file.size, 0u);
      ASSERT_FALSE(file.urls.empty());
      for (const std::string& url : file.urls) {
        EXPECT_EQ(url.rfind("https://", 0), 0u);
        EXPECT_EQ(url.substr(url.rfind('/') + 1), file.name);
      }
    }
  }
}

TEST(Catalogue, PinsTheCanonicalMnist) {
  const char* folder = std::getenv("FIGMENT_DATA");
  if (!folder) GTEST_SKIP() << "needs FIGMENT_DATA with mnist";
  const auto mnist = find_local("mnist");
  if (!mnist) GTEST_SKIP() << "FIGMENT_DATA has no mnist";
  for (const CatalogueFile& file : catalogue().front().files) {
    EXPECT_EQ(std::filesystem::file_size(*mnist / file.name), file.size);
    EXPECT_EQ(sha256_of(*mnist / file.name), file.sha256);
  }
}

// The user's folders and cache, apart from the real ones.
class NamedTest : public ::testing::Test {
 protected:
  std::string failure(const std::string& name, Cause cause = Cause::kData) {
    try {
      locate(name, watch_);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), cause);
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  Folder one_;
  Folder two_;
  Folder cache_;
  std::string log_;
  Watch watch_{[this](const std::string& line) { log_ += line + "\n"; }, {}, {}};
  Variable data_{"FIGMENT_DATA",
                 (":" + one_.path().string() + ":/nowhere:" + two_.path().string()).c_str()};
  Variable xdg_{"XDG_CACHE_HOME", cache_.path().c_str()};
  Variable offline_{"FIGMENT_OFFLINE", "1"};
};

TEST_F(NamedTest, TakesAnyFolderOfTheUsers) {
  put(one_ / "ecg/a.csv", "1");
  put(two_ / "ecg/a.csv", "2");
  put(two_ / "olivetti/a.npy", "3");
  std::filesystem::create_directories(one_ / "olivetti");  // empty: not the set
  EXPECT_EQ(locate("ecg", watch_), one_ / "ecg");
  EXPECT_EQ(locate("olivetti", watch_), two_ / "olivetti");
  EXPECT_EQ(find_local("ecg"), one_ / "ecg");
  EXPECT_EQ(find_local("nothing"), std::nullopt);
  EXPECT_EQ(log_, "");
}

TEST_F(NamedTest, TakesAPartialSetOfTheUsersAndSaysSo) {
  put(two_ / "cifar10/data_batch_1.bin", "short");
  EXPECT_EQ(locate("cifar10", watch_), two_ / "cifar10");
  EXPECT_HAS(log_, "cifar10: only in part in " + (two_ / "cifar10").string() + ", without ");
  EXPECT_HAS(log_, "data_batch_5.bin, test_batch.bin");
  log_.clear();
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    put(one_ / "mnist" / name, "x");
  }
  EXPECT_EQ(locate("mnist", watch_), one_ / "mnist");
  EXPECT_EQ(log_, "") << "uncompressed copies count";
}

TEST_F(NamedTest, ExplainsAnUnknownName) {
  put(one_ / "optdigits/a", "x");
  const std::string message = failure("optdigit");
  EXPECT_HAS(message,
             "[optdigit] expected the name of a data set: mnist, fashion-mnist, kmnist, "
             "cifar10, optdigits");
  EXPECT_HAS(message, "did you mean 'optdigits'?");
  EXPECT_HAS(message, one_.path().string());
  put(one_ / "secret/a", "x");
  for (const char* name : {"", ".", "..", "../secret", "/etc", "optdigits/..", ".hidden"}) {
    EXPECT_EQ(find_local(name), std::nullopt) << name;
    EXPECT_HAS(failure(name), "expected the name of a data set");
  }
}

TEST_F(NamedTest, SaysHowToPutASetThereByHand) {
  const std::string message = failure("fashion-mnist");
  EXPECT_HAS(message, "FIGMENT_OFFLINE forbids downloading");
  EXPECT_HAS(message, "put by hand into " + (cache_ / "figment/data/fashion-mnist").string() + ":");
  for (const CatalogueFile& file : catalogue()[1].files) {
    EXPECT_HAS(message,
               file.name + "  " + std::to_string(file.size) + " bytes, SHA-256 " + file.sha256);
    EXPECT_HAS(message, file.urls.back());
  }
  EXPECT_EQ(log_, "") << "no download was begun";
}

TEST_F(NamedTest, ListsWhatThereIs) {
  put(one_ / "zebra/a", "x");
  put(two_ / "cifar10/data_batch_1.bin", "x");
  put(two_ / "ecg/a", "x");
  put(two_ / ".git/a", "x");
  put(two_ / "README.md", "x");
  const auto sets = list_named();
  std::vector<std::string> names;
  names.reserve(sets.size());
  for (const NamedSet& set : sets) names.push_back(set.name);
  EXPECT_EQ(names, (std::vector<std::string>{"mnist", "fashion-mnist", "kmnist", "cifar10", "ecg",
                                             "zebra"}));
  EXPECT_EQ(sets[0].status(), "not here, 11.1 MiB to download");
  EXPECT_HAS(sets[3].status(), (two_ / "cifar10").string() + " (in part: no batches.meta.txt, ");
  EXPECT_EQ(sets[4].status(), (two_ / "ecg").string());
}

TEST_F(NamedTest, FindsTheCache) {
  EXPECT_EQ(cache_folder(), cache_ / "figment/data");
  const Variable relative("XDG_CACHE_HOME", "relative");  // to be ignored, by its standard
  const Variable home("HOME", "/home/me");
  EXPECT_EQ(cache_folder(), "/home/me/.cache/figment/data");
  const Variable homeless("HOME", nullptr);
  EXPECT_EQ(cache_folder(), std::nullopt);
  EXPECT_HAS(failure("mnist"), "set HOME or XDG_CACHE_HOME");
}

// Sets of our own making from a local server.
class FetchTest : public NamedTest {
 protected:
  FetchTest() : server_(served_.path()) { ::unsetenv("FIGMENT_OFFLINE"); }

  CatalogueFile serve(const std::string& name, const std::string& way) const {
    const auto file = served_ / name;
    return {name, std::filesystem::file_size(file), sum_of(file), {server_.url(way, name)}};
  }
  CatalogueEntry idx_like() const {
    put(served_ / "images", std::string(5000, 'i'));
    put(served_ / "labels", std::string(50, 'l'));
    return {"own", "Own", "nobody", {serve("images", "good"), serve("labels", "good")}, {}};
  }
  CatalogueEntry cifar_like() const {
    put(served_ / "bin/data_batch_1.bin", std::string(3073, '1'));
    put(served_ / "bin/batches.meta.txt", "cat\n");
    testing::output_of("tar -C " + served_.path().string() + " -czf " +
                       (served_ / "own.tar.gz").string() + " bin");
    return {"own",
            "Own",
            "nobody",
            {serve("own.tar.gz", "good")},
            {{"data_batch_1.bin", 3073}, {"batches.meta.txt", 0}}};
  }

  Folder served_;
  Server server_;
  std::filesystem::path to_ = cache_ / "figment/data/own";
};

TEST_F(FetchTest, BringsASetOfFilesOnce) {
  const CatalogueEntry entry = idx_like();
  std::set<std::string> seen;
  watch_.progress = [&](const std::string& file, std::uint64_t, std::uint64_t) {
    seen.insert(file);
  };
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(bytes_of(to_ / "images"), std::string(5000, 'i'));
  EXPECT_EQ(bytes_of(to_ / "labels"), std::string(50, 'l'));
  EXPECT_EQ(seen, (std::set<std::string>{"images", "labels"}));
  EXPECT_HAS(log_, "own: downloading 4.9 KiB into " + to_.string() + " (nobody)");
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(FetchTest, MendsADamagedFileOfTheCache) {
  const CatalogueEntry entry = idx_like();
  fetch(entry, to_, watch_, true);
  put(to_ / "labels", std::string(50, 'x'));
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(bytes_of(to_ / "labels"), std::string(50, 'l'));
  EXPECT_EQ(server_.requests().size(), 3u);
}

TEST_F(FetchTest, UnpacksAnArchiveAndRemovesIt) {
  const CatalogueEntry entry = cifar_like();
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(bytes_of(to_ / "data_batch_1.bin"), std::string(3073, '1'));
  EXPECT_EQ(bytes_of(to_ / "batches.meta.txt"), "cat\n");
  EXPECT_FALSE(std::filesystem::exists(to_ / "own.tar.gz"));
  const auto before = server_.requests().size();
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(server_.requests().size(), before);
}

TEST_F(FetchTest, UnpacksAnArchivePutThereByHand) {
  const CatalogueEntry entry = cifar_like();
  put(to_ / "own.tar.gz", bytes_of(served_ / "own.tar.gz"));
  const Variable offline_now("FIGMENT_OFFLINE", "1");
  fetch(entry, to_, watch_, true);
  EXPECT_EQ(bytes_of(to_ / "batches.meta.txt"), "cat\n");
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(FetchTest, FailsWithEveryFileOfTheSet) {
  CatalogueEntry entry = idx_like();
  entry.files[1].urls = {server_.url("missing", "labels")};
  try {
    fetch(entry, to_, watch_, true);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_HAS(error.what(), std::string("/missing/labels: HTTP 404"));
    EXPECT_HAS(error.what(), "images  5000 bytes, SHA-256 " + entry.files[0].sha256);
    EXPECT_HAS(error.what(), "labels  50 bytes, SHA-256 " + entry.files[1].sha256);
  }
}

TEST_F(FetchTest, ProcessesTakeTurns) {
  const CatalogueEntry entry = cifar_like();
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    try {
      fetch(entry, to_, watch_, true);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(bytes_of(to_ / "batches.meta.txt"), "cat\n");
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(FetchTest, CanBeInterruptedWhileItWaits) {
  const CatalogueEntry entry = idx_like();
  std::filesystem::create_directories(to_);
  const FileLock held(to_ / ".lock");
  watch_.interrupted = [] { return true; };
  try {
    fetch(entry, to_, watch_, true);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kRun);
  }
  EXPECT_TRUE(server_.requests().empty());
}

}  // namespace
}  // namespace figment
