#include "figment/data/untar.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/data/test_server.h"

namespace figment {
namespace {

using testing::bytes_of;
using testing::Folder;
using testing::put;

// Archives are written by tar and by Python, to be read by us.
class UntarTest : public ::testing::Test {
 protected:
  UntarTest() {
    put(in_ / "set/a.bin", std::string(3000, 'a'));
    put(in_ / "set/b.bin", std::string(512, 'b'));
    put(in_ / "set/meta.txt", "cat\ndog\n");
    put(in_ / "set/readme.html", std::string(70000, 'r'));
  }
  void pack(const std::string& options, const std::string& files = "set") const {
    testing::output_of("tar -C " + in_.path().string() + " " + options + " -czf " +
                       archive_.string() + " " + files);
  }
  std::string failure(const std::vector<ArchiveMember>& members) const {
    try {
      extract_members(archive_, members, out_.path());
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kData);
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }
  void expect_failure(const std::vector<ArchiveMember>& members, const std::string& part) const {
    const std::string message = failure(members);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  Folder in_;
  Folder out_;
  std::filesystem::path archive_ = in_ / "set.tar.gz";
  std::vector<ArchiveMember> members_{{"a.bin", 3000}, {"b.bin", 512}, {"meta.txt", 0}};
};

TEST_F(UntarTest, TakesWhatItIsAskedForFromEveryFormat) {
  for (const char* format : {"v7", "ustar", "gnu", "posix"}) {
    pack(std::string("--format=") + format);
    const Folder out;
    extract_members(archive_, members_, out.path());
    EXPECT_EQ(bytes_of(out / "a.bin"), std::string(3000, 'a')) << format;
    EXPECT_EQ(bytes_of(out / "b.bin"), std::string(512, 'b')) << format;
    EXPECT_EQ(bytes_of(out / "meta.txt"), "cat\ndog\n") << format;
    EXPECT_FALSE(std::filesystem::exists(out / "readme.html"));
  }
}

TEST_F(UntarTest, WritesByNoNameOfTheArchive) {
  pack("-P --transform=s,^set/,/tmp/../figment_evil/,");
  extract_members(archive_, members_, out_.path());
  EXPECT_EQ(bytes_of(out_ / "a.bin"), std::string(3000, 'a'));
  EXPECT_FALSE(std::filesystem::exists("/figment_evil"));
}

TEST_F(UntarTest, TakesNoLinksForFiles) {
  std::filesystem::remove(in_ / "set/b.bin");
  std::filesystem::create_symlink("/etc/hostname", in_ / "set/b.bin");
  pack("");
  expect_failure(members_, "holds no b.bin");
  EXPECT_FALSE(std::filesystem::exists(out_ / "b.bin"));
}

TEST_F(UntarTest, NamesWhatIsWrong) {
  pack("");
  expect_failure({{"a.bin", 2999}}, "expected 2999 bytes of a.bin, got 3000");
  expect_failure({{"readme.html", 0}}, "expected at most 65536 bytes of readme.html, got 70000");
  expect_failure({{"a.bin", 3000}, {"c.bin", 1}}, "the archive holds no c.bin");
  pack("--hard-dereference", "set/a.bin set/a.bin set/b.bin");
  expect_failure({{"a.bin", 3000}, {"c.bin", 1}}, "holds a.bin twice");
  std::filesystem::remove(archive_);
  expect_failure(members_, "could not be opened");
}

TEST_F(UntarTest, RefusesDamage) {
  pack("");
  const std::string good = bytes_of(archive_);
  put(archive_, good.substr(0, good.size() / 2));
  expect_failure({{"a.bin", 3000}, {"c.bin", 1}}, "cut off");
  put(archive_, std::string(5000, 'x'));  // zlib hands through what is not compressed
  expect_failure(members_, "offset 512] expected a tar header, got a number field that is none");
  put(archive_, good);
  testing::output_of("cd " + in_.path().string() + " && gunzip -f set.tar.gz");
  std::string plain = bytes_of(in_ / "set.tar");
  plain[0] = '!';  // in the first name
  put(archive_, plain);
  expect_failure(members_, "a block whose checksum is wrong");
}

TEST_F(UntarTest, SurvivesFlippedBytes) {
  pack("");
  const std::string good = bytes_of(archive_);
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    put(archive_, bad);
    try {
      extract_members(archive_, {{"a.bin", 3000}}, out_.path());
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kData) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(UntarTest, RefusesHugeClaims) {
  testing::output_of(
      "/usr/bin/python3 -c \"\nimport tarfile, gzip\n"
      "info = tarfile.TarInfo('big'); info.size = 8 * 2**30 - 1\n"
      "gzip.open('" +
      archive_.string() + "', 'wb').write(info.tobuf())\n\"");
  expect_failure(members_, "cut off");
  expect_failure({{"big", 4}}, "expected 4 bytes of big, got 8589934591");
}

}  // namespace
}  // namespace figment
