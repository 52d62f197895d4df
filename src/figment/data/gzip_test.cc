#include "figment/data/gzip.h"

#include <sys/stat.h>

#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

class Gzip : public ::testing::Test {
 protected:
  // As Python's gzip writes it.
  std::string zipped(const std::string& expression) const {
    python(folder, "import gzip\nopen('z.gz','wb').write(" + expression + ")");
    return folder.read("z.gz");
  }
  TemporaryFolder folder;
};

TEST_F(Gzip, ReadsWhatPythonWrote) {
  zipped("gzip.compress(b'abc' * 100000)");
  std::string expected;
  for (int i = 0; i < 100000; ++i) expected += "abc";
  EXPECT_EQ(read_data(folder.file("z.gz")), expected);
  EXPECT_EQ(read_data_head(folder.file("z.gz"), 7), "abcabca");
}

TEST_F(Gzip, ReadsSeveralMembersAndNothing) {
  EXPECT_EQ(gunzip(zipped("gzip.compress(b'ab') + gzip.compress(b'') + gzip.compress(b'cd')"), "z"),
            "abcd");
  EXPECT_EQ(gunzip(zipped("gzip.compress(b'')"), "z"), "");
}

TEST_F(Gzip, PassesPlainFilesOn) {
  EXPECT_EQ(read_data(folder.write("plain", "plain text")), "plain text");
  EXPECT_EQ(read_data(folder.write("empty", "")), "");
  EXPECT_EQ(read_data_head(folder.file("plain"), 5), "plain");
  EXPECT_EQ(read_data_head(folder.file("plain"), 500), "plain text");
}

TEST_F(Gzip, RefusesEveryTruncation) {
  const auto whole = zipped("gzip.compress(bytes(range(256)) * 3, mtime=0)");
  for (std::size_t n = 3; n < whole.size(); ++n)
    EXPECT_TRUE(refuses([&] { gunzip(whole.substr(0, n), "z"); },
                        "z: offset " + std::to_string(n) + "] the gzip data is truncated"))
        << n;
}

TEST_F(Gzip, RefusesDamage) {
  const auto whole = zipped("gzip.compress(b'some text that is long enough', mtime=0)");
  auto checksum = whole;
  checksum[whole.size() - 8] ^= 1;
  EXPECT_TRUE(refuses([&] { gunzip(checksum, "z"); }, "corrupt gzip: incorrect data check"));
  auto length = whole;
  length[whole.size() - 1] ^= 1;
  EXPECT_TRUE(refuses([&] { gunzip(length, "z"); }, "corrupt gzip: incorrect length check"));
  EXPECT_TRUE(refuses([&] { gunzip(whole + "tail", "z"); },
                      "offset " + std::to_string(whole.size()) +
                          "] expected the end of the gzip data, got 4 further bytes"));
}

TEST_F(Gzip, StopsAtTheLimit) {
  const auto bomb = zipped("gzip.compress(bytes(50_000_000))");
  EXPECT_LT(bomb.size(), 60000U);
  EXPECT_TRUE(refuses([&] { gunzip(bomb, "z", 1 << 20); }, "inflates to more than 1.0 MiB"));
  const auto ten = zipped("gzip.compress(b'0123456789')");
  EXPECT_EQ(gunzip(ten, "z", 10), "0123456789");
  EXPECT_TRUE(refuses([&] { gunzip(ten, "z", 9); }, "inflates to more than 9 B"));
  folder.write("plain", "0123456789");
  EXPECT_EQ(read_data(folder.file("plain"), 10).size(), 10U);
  EXPECT_TRUE(refuses([&] { read_data(folder.file("plain"), 9); }, "more than the 9 B"));
}

TEST_F(Gzip, RefusesWhatIsNoFile) {
  EXPECT_TRUE(refuses([&] { read_data(folder.file("absent")); }, "No such file"));
  EXPECT_TRUE(refuses([&] { read_data(folder.path()); }, "expected a file, got a folder"));
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(refuses([&] { read_data(folder.file("pipe")); }, "a pipe or device"));
  std::filesystem::create_symlink("loop", folder.file("loop"));
  EXPECT_TRUE(refuses([&] { read_data(folder.file("loop")); }, "symbolic links"));
}

// A file of a terabyte that takes no room on disk.
TEST_F(Gzip, RefusesHugeFilesUnread) {
  folder.write("huge", "x");
  std::filesystem::resize_file(folder.file("huge"), 1ULL << 40);
  EXPECT_TRUE(refuses([&] { read_data(folder.file("huge")); }, "holds 1.0 TiB"));
}

}  // namespace
}  // namespace figment
