// Event files read back by a parser of their own, in Python.
#include "figment/report/tensorboard.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>

#include "figment/core/error.h"
#include "figment/data/outside_test.h"

namespace figment {
namespace {

TEST(TensorBoard, KnowsCrc32c) {
  // RFC 3720, appendix B.4, and the usual check value.
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(""), 0u);
}

constexpr std::string_view kReadEvents = R"(
import glob, struct
def crc32c(data):  # bit by bit, unlike ours
    sum = 0xffffffff
    for byte in data:
        sum ^= byte
        for _ in range(8): sum = sum >> 1 ^ (0x82f63b78 if sum & 1 else 0)
    return sum ^ 0xffffffff
def masked(data):
    sum = crc32c(data)
    return ((sum >> 15 | sum << 17) + 0xa282ead8) & 0xffffffff
def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift; shift += 7; at += 1
        if data[at - 1] < 128: return value, at
def fields(data):
    at, out = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0: value, at = varint(data, at)
        elif kind == 1: value, at = struct.unpack('<d', data[at:at + 8])[0], at + 8
        elif kind == 5: value, at = struct.unpack('<f', data[at:at + 4])[0], at + 4
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        out[key >> 3] = value
    return out
for name in sorted(glob.glob('events.out.tfevents.*')):
    data, at = open(name, 'rb').read(), 0
    while at < len(data):
        size, sum = struct.unpack('<QI', data[at:at + 12])
        assert sum == masked(data[at:at + 8])
        body = data[at + 12:at + 12 + size]
        assert struct.unpack('<I', data[at + 12 + size:at + 16 + size])[0] == masked(body)
        at += size + 16
        event = fields(body)
        assert 1.7e9 < event[1] < 1e10
        if 3 in event: print('version', event[3].decode())
        if 7 in event: print('start', event[2], fields(event[7])[1])
        if 5 in event:
            value = fields(fields(event[5])[1])
            if 2 in value: print(value[1].decode(), event[2], value[2])
            if 4 in value:
                image = fields(value[4])
                print(value[1].decode(), event[2], image[1], image[2], image[4])
)";

TEST(TensorBoard, WritesWhatAnotherParserReads) {
  const TemporaryFolder folder;
  {
    TensorBoardWriter first(folder.path());
    first.scalar("train/loss", 1, 0.5);
    first.scalar("train/loss", 1'000'000'000'000, -2.25);
    first.scalar("größe", 2, std::numeric_limits<double>::infinity());
    first.image("samples", 3, std::string(300, 'p').replace(0, 1, "P"), 28, 30);
    TensorBoardWriter second(folder.path(), 7);
    second.scalar("train/loss", 7, 0.25);
    EXPECT_NE(first.path(), second.path());
  }
  EXPECT_EQ(python(folder, kReadEvents),
            "version brain.Event:2\n"
            "train/loss 1 0.5\n"
            "train/loss 1000000000000 -2.25\n"
            "größe 2 inf\n"
            "samples 3 28 30 b'P" +
                std::string(299, 'p') +
                "'\n"
                "version brain.Event:2\n"
                "start 7 1\n"
                "train/loss 7 0.25\n");
}

TEST(TensorBoard, SaysWhyItCannotWrite) {
  try {
    TensorBoardWriter writer("/dev/null/events");
    FAIL() << "wrote into /dev/null";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kIo);
    EXPECT_STREQ(error.what(), "[/dev/null/events] cannot create the folder: Not a directory");
  }
}

TEST(TensorBoard, SaysWhyItCannotAppend) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder.path());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{200, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::string message;
  try {
    for (int step = 0; step < 100; ++step) writer.scalar("loss", step, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kIo);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "[" + writer.path().string() + "] cannot append: File too large");
}

}  // namespace
}  // namespace figment
