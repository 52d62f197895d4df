#include "figment/data/code_file.h"

#include <gtest/gtest.h>

#include "figment/core/random.h"
#include "figment/data/gzip_writer.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"
#include "figment/data/safetensors.h"

namespace figment {
namespace {

CodeFile some(int64_t bits) {
  torch::manual_seed(1);
  const auto codes = torch::randn({50, 7}) * 3 + 2;
  CodeFile file;
  file.quantizer = Quantizer::fit(codes, bits);
  file.levels = file.quantizer.quantize(codes);
  file.model = "0123456789abcdef";
  file.example = "image 1x28x28";
  return file;
}

TEST(Quantizer, ErrsByHalfAStepAtMost) {
  torch::manual_seed(2);
  auto codes = torch::randn({300, 3});
  codes.select(1, 1).fill_(4.5);  // a coordinate that never changes
  for (const int64_t bits : {1, 3, 8, 12, 16}) {
    const auto quantizer = Quantizer::fit(codes, bits);
    const auto levels = quantizer.quantize(codes);
    EXPECT_EQ(levels.min().item<int>(), 0);
    EXPECT_EQ(levels.max().item<int>(), (1 << bits) - 1);
    const auto error = (quantizer.dequantize(levels) - codes).abs();
    EXPECT_TRUE((error <= 0.5 * quantizer.step + 1e-5).all().item<bool>()) << bits;
  }
  const auto quantizer = Quantizer::fit(codes, 4);
  EXPECT_EQ(quantizer.quantize(torch::full({1, 3}, 1e9)).max().item<int>(), 15);
  EXPECT_EQ(quantizer.quantize(torch::full({1, 3}, -1e9)).max().item<int>(), 0);
}

TEST(CodeFile, ReadsWhatItWrote) {
  for (const int64_t bits : {1, 5, 8, 9, 16}) {
    const auto file = some(bits);
    const auto bytes = encode_code_file(file);
    EXPECT_EQ(bytes, encode_code_file(file));
    const auto back = decode_code_file(bytes, "a");
    EXPECT_TRUE(torch::equal(back.levels, file.levels)) << bits;
    EXPECT_TRUE(torch::equal(back.quantizer.step, file.quantizer.step));
    EXPECT_EQ(back.quantizer.bits, bits);
    EXPECT_EQ(back.model, file.model);
    EXPECT_EQ(back.example, file.example);
    EXPECT_FALSE(back.length.defined());
  }
}

TEST(CodeFile, KeepsWhereSeriesEnd) {
  auto file = some(8);
  file.length = torch::arange(50).remainder(9) + 1;
  const auto back = decode_code_file(encode_code_file(file), "a");
  EXPECT_EQ(back.length.scalar_type(), torch::kLong);
  EXPECT_TRUE(torch::equal(back.length, file.length));
  EXPECT_TRUE(torch::equal(back.levels, file.levels));
  for (const auto& length :
       {file.length - 1, file.length.narrow(0, 0, 49), file.length.view({5, 10})}) {
    file.length = length;
    EXPECT_TRUE(refuses([&] { decode_code_file(encode_code_file(file), "a"); }, "other lengths"));
  }
}

TEST(CodeFile, IsReadByPython) {
  TemporaryFolder folder;
  const auto file = some(6);
  const auto path = folder.write("codes.figc", encode_code_file(file));
  const auto sum =
      output_of("/usr/bin/python3 -c \"\nimport gzip, json, struct\nb = gzip.open('" + path +
                "').read()\nn = struct.unpack('<Q', b[:8])[0]\nh = json.loads(b[8:8 + "
                "n])\na, z = h['levels']['data_offsets']\nprint(sum(b[8 + n + a:8 + n + "
                "z]), h['__metadata__']['bits'])\"");
  EXPECT_EQ(sum, std::to_string(file.levels.sum().item<int64_t>()) + " 6\n");
}

TEST(CodeFile, RefusesEveryFlippedBitAndTruncation) {
  const auto bytes = encode_code_file(some(8));
  Philox random(1, 2);
  for (int i = 0; i < 300; ++i) {
    auto damaged = bytes;
    // From the tenth byte: those before say which system wrote the file.
    const auto at = 10 + random.below(bytes.size() - 10);
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (i % 8)));
    EXPECT_TRUE(refuses([&] { decode_code_file(damaged, "a"); }, "a")) << at;
  }
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_TRUE(refuses([&] { decode_code_file(bytes.substr(0, size), "a"); }, "a")) << size;
}

TEST(CodeFile, RefusesWhatIsNoCodes) {
  EXPECT_TRUE(refuses([] { decode_code_file("PK", "a"); }, "figment compress"));
  const auto other = gzip(encode_safetensors({{"x", torch::zeros({2})}}));
  EXPECT_TRUE(refuses([&] { decode_code_file(other, "a"); }, "no format"));
  const auto empty = gzip(encode_safetensors(
      {}, {{"format", "figment-codes-1"}, {"bits", "8"}, {"model", "m"}, {"example", "e"}}));
  EXPECT_TRUE(refuses([&] { decode_code_file(empty, "a"); }, "other tensors"));
  const auto bits = gzip(encode_safetensors(
      {}, {{"format", "figment-codes-1"}, {"bits", "99"}, {"model", "m"}, {"example", "e"}}));
  EXPECT_TRUE(refuses([&] { decode_code_file(bits, "a"); }, "'99' bits"));
}

}  // namespace
}  // namespace figment
