#include "figment/data/npy.h"

#include <limits>

#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

// A version 1 file with that header text and data.
std::string npy(const std::string& header, const std::string& data, char version = 1) {
  std::string out("\x93NUMPY", 6);
  out += version;
  out += '\0';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  if (version > 1) out += std::string(2, '\0');
  return out + header + data;
}

std::string header(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + "}";
}

// NumPy writes every type in both orders and three shapes, with the same numbers as text.
TEST(Npy, ReadsWhatNumpyWrote) {
  TemporaryFolder folder;
  python(folder, R"(
import numpy as np
for t in 'u1 i1 u2 i2 u4 i4 i8 f2 f4 f8 b1'.split():
    for shape in [(7,), (3, 4), (2, 3, 5)]:
        n = int(np.prod(shape))
        a = (np.arange(n) * 5 % 11 - (0 if t[0] in 'ub' else 4))
        a = (a % 2 if t == 'b1' else a).reshape(shape)
        a = a + 0.5 if t[0] == 'f' else a
        for order in 'CF':
            np.save(f'{t}_{len(shape)}_{order}.npy', np.array(a, dtype=t, order=order))
    for version in [(2, 0), (3, 0)]:
        with open(f'{t}_v{version[0]}.npy', 'wb') as f:
            np.lib.format.write_array(f, np.arange(6).reshape(2, 3).astype(t), version=version)
)");
  const auto read = [&](const std::string& name) { return decode_npy(folder.read(name), name); };
  for (const std::string type :
       {"u1", "i1", "u2", "i2", "u4", "i4", "i8", "f2", "f4", "f8", "b1"}) {
    const std::vector<std::vector<int64_t>> shapes = {{7}, {3, 4}, {2, 3, 5}};
    for (const auto& shape : shapes) {
      int64_t n = 1;
      for (const auto extent : shape) n *= extent;
      auto expected = torch::arange(n, torch::kDouble).mul(5).remainder(11);
      if (type[0] != 'u' && type[0] != 'b') expected -= 4;
      if (type[0] == 'f') expected += 0.5;
      if (type[0] == 'b') expected = expected.remainder(2);
      for (const std::string order : {"C", "F"}) {
        const auto name = type + "_" + std::to_string(shape.size()) + "_" + order + ".npy";
        const auto array = read(name);
        EXPECT_TRUE(array.is_contiguous()) << name;
        EXPECT_TRUE(torch::equal(array.to(torch::kDouble), expected.view(shape))) << name;
      }
    }
    auto six = torch::arange(6, torch::kDouble).view({2, 3});
    if (type == "b1") six = six.ne(0).to(torch::kDouble);
    for (const std::string version : {"_v2", "_v3"})
      EXPECT_TRUE(torch::equal(read(type + version + ".npy").to(torch::kDouble), six)) << type;
  }
  EXPECT_EQ(read("f4_1_C.npy").scalar_type(), torch::kFloat);
  EXPECT_EQ(read("u2_1_C.npy").scalar_type(), torch::kInt);
  EXPECT_EQ(read("u4_1_C.npy").scalar_type(), torch::kLong);
}

TEST(Npy, ReadsTheTopOfUnsignedTypes) {
  EXPECT_EQ(decode_npy(npy(header("<u2", "(1,)"), "\xfe\xff"), "x").item<int64_t>(), 65534);
  EXPECT_EQ(decode_npy(npy(header("<u4", "(1,)"), "\xfe\xff\xff\xff"), "x").item<int64_t>(),
            4294967294);
}

TEST(Npy, WritesWhatNumpyReads) {
  TemporaryFolder folder;
  const auto a = torch::arange(6, torch::kDouble).view({2, 3}) - 1;
  for (const auto type : {torch::kChar, torch::kShort, torch::kInt, torch::kLong, torch::kHalf,
                          torch::kFloat, torch::kDouble, torch::kBFloat16})
    folder.write(std::string(c10::toString(type)) + ".npy", encode_npy(a.to(type)));
  folder.write("Byte.npy", encode_npy((a + 1).to(torch::kByte)));
  folder.write("Bool.npy", encode_npy(a > 0));
  folder.write("t.npy", encode_npy(a.t()));
  folder.write("one.npy", encode_npy(torch::tensor({1.5f})));
  folder.write("scalar.npy", encode_npy(torch::tensor(2.5f)));
  EXPECT_EQ(python(folder, R"(
import numpy as np
a = np.arange(6).reshape(2, 3) - 1
types = dict(Char='int8', Short='int16', Int='int32', Long='int64', Half='float16', Float='float32',
             Double='float64', BFloat16='float32')
for name, t in types.items():
    b = np.load(name + '.npy', allow_pickle=False)
    assert b.dtype == t and (b == a).all(), (name, b)
b = np.load('Byte.npy'); assert b.dtype == 'uint8' and (b == a + 1).all()
b = np.load('Bool.npy'); assert b.dtype == 'bool' and (b == (a > 0)).all()
b = np.load('t.npy'); assert b.shape == (3, 2) and (b == a.T).all()
b = np.load('one.npy'); assert b.shape == (1,) and b[0] == 1.5
b = np.load('scalar.npy'); assert b.shape == () and b == 2.5
assert np.load('Float.npy', mmap_mode='r').offset % 64 == 0
print('fine')
)"),
            "fine\n");
}

TEST(Npy, RefusesBadHeaders) {
  const auto says = [](const std::string& text, std::string_view part) {
    return refuses([&] { decode_npy(npy(text, std::string(4, '\0')), "x"); }, part);
  };
  EXPECT_FALSE(says(header("<f4", "(1,)"), ""));  // this one is good
  EXPECT_TRUE(refuses([] { decode_npy("NUMPY", "x"); }, "[x: offset 0] expected NPY"));
  EXPECT_TRUE(
      refuses([] { decode_npy(npy("", "").substr(0, 7), "x"); }, "[x: offset 7] truncated"));
  EXPECT_TRUE(
      refuses([] { decode_npy(npy("", "", 4), "x"); }, "[x: offset 6] expected NPY version"));
  EXPECT_TRUE(refuses([] { decode_npy("\x93NUMPY\xff\xfe", "x"); }, "or 3.0, got 255.254"));
  EXPECT_TRUE(
      refuses([] { decode_npy(npy("", "").substr(0, 9), "x"); }, "[x: offset 9] truncated"));
  EXPECT_TRUE(refuses([] { decode_npy(npy(header("<f4", "(1,)"), "").substr(0, 30), "x"); },
                      "[x: offset 8] the NPY header claims"));
  EXPECT_TRUE(refuses([] { decode_npy(npy("", "", 2).substr(0, 8) + "\xff\xff\xff\xff", "x"); },
                      "[x: offset 8] the NPY header claims 4294967295"));
  EXPECT_TRUE(says("", "expected '{'"));
  EXPECT_TRUE(says("{}", "expected the keys"));
  EXPECT_TRUE(says("{'descr': '<f4', 'descr': '<f4'}", "once"));
  EXPECT_TRUE(says("{'other': 1}", "once"));
  EXPECT_TRUE(says("{'descr': __import__('os')}", "expected '\"', got '__import__"));
  EXPECT_TRUE(says("{'descr': '<f4", "closing quote"));
  EXPECT_TRUE(
      says("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "record of fields"));
  EXPECT_TRUE(says("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "True or False"));
  EXPECT_TRUE(says("{'descr': '<f4', 'fortran_order': False, 'shape': 1}", "expected '('"));
  EXPECT_TRUE(says("{'descr': '<f4' 'fortran_order': False}", "expected '}'"));
  EXPECT_TRUE(says(header("<f4", "(1,)") + "x", "expected the end of the header, got 'x'"));
  EXPECT_TRUE(says(header("<f4", "(-1,)"), "an extent"));
  EXPECT_TRUE(says(header("<f4", "(99999999999999999999,)"), "an extent"));
  EXPECT_TRUE(says(header("<f4", "(1,1,1,1,1,1,1,1,1)"), "8 dimensions at most"));
}

TEST(Npy, RefusesTypesAndSizes) {
  const auto says = [](const std::string& text, const std::string& data, std::string_view part) {
    return refuses([&] { decode_npy(npy(text, data), "x"); }, part);
  };
  const std::string four(4, '\0');
  EXPECT_TRUE(says(header(">f4", "(1,)"), four, "big-endian"));
  EXPECT_TRUE(says(header("|O", "(1,)"), four, "never done"));
  EXPECT_TRUE(says(header("<c8", "(1,)"), four, "expected numbers of type"));
  EXPECT_TRUE(says(header("<u8", "(1,)"), four + four, "expected numbers of type"));
  EXPECT_TRUE(says(header("", "(1,)"), four, "expected numbers of type"));
  EXPECT_TRUE(says(header("<f4", "(0, 5)"), "", "(0 x 5) is empty"));
  EXPECT_TRUE(says(header("<f4", "(2,)"), four, "2 numbers of 4 bytes, but 4 bytes follow"));
  EXPECT_TRUE(says(header("<f4", "(1,)"), four + "!", "but 5 bytes follow"));
  // The product is 2^64 and so 0 in 64 bits, or 2^62, whose bytes are.
  EXPECT_TRUE(says(header("<f4", "(4294967296, 4294967296)"), "", "but 0 bytes follow"));
  EXPECT_TRUE(says(header("<f4", "(4611686018427387904,)"), "", "but 0 bytes follow"));
  EXPECT_TRUE(says(header("|b1", "(4,)"), "\1\1\2\1", "expected a bool, 0 or 1, got 2"));
}

TEST(Npy, TellsImagesVectorsAndSeries) {
  const auto text = [](const torch::Tensor& array, const ReadOptions& options = {}) {
    return dataset_of_array(array, "x", options).spec.text();
  };
  const auto bytes = [](torch::IntArrayRef shape) { return torch::ones(shape, torch::kByte); };
  EXPECT_EQ(text(bytes({5, 8, 6})), "image 1x8x6");
  EXPECT_EQ(text(bytes({5, 3, 8, 6})), "image 3x8x6");
  EXPECT_EQ(text(bytes({5, 8, 6, 3})), "image 3x8x6");
  EXPECT_EQ(text(bytes({5, 8, 6, 1})), "image 1x8x6");
  EXPECT_EQ(text(bytes({5, 8})), "vector 8");
  EXPECT_EQ(text(torch::ones({5, 8})), "vector 8");
  EXPECT_EQ(text(torch::ones({5, 8, 2})), "series 8x2");
  EXPECT_EQ(text(torch::ones({5, 8, 2}, torch::kInt)), "series 8x2");
  EXPECT_EQ(text(torch::ones({5, 3, 8, 6})), "image 3x8x6");
  ReadOptions series;
  series.series = true;
  EXPECT_EQ(text(torch::ones({5, 8}), series), "series 8x1");
  EXPECT_EQ(text(bytes({5, 8, 2}), series), "series 8x2");
  ReadOptions image;
  image.channels = 1;
  EXPECT_EQ(text(torch::ones({5, 8, 6}), image), "image 1x8x6");

  const auto last = dataset_of_array(torch::arange(12, torch::kByte).view({1, 2, 2, 3}), "x");
  EXPECT_EQ(last.x[0][2][1][0].item<int>(), 8);
  const auto floats =
      dataset_of_array(torch::tensor({0.f, 0.5f, 1.f, 0.1f}).view({1, 1, 2, 2}), "x");
  EXPECT_TRUE(torch::equal(floats.x.flatten(), torch::tensor({0, 128, 255, 26}, torch::kByte)));
  const auto black = dataset_of_array(torch::tensor({true, false}).view({1, 1, 2}), "x");
  EXPECT_TRUE(torch::equal(black.x.flatten(), torch::tensor({255, 0}, torch::kByte)));
}

TEST(Npy, RefusesArraysThatAreNoDataSet) {
  const auto says = [](const torch::Tensor& array, std::string_view part) {
    return refuses([&] { dataset_of_array(array, "x"); }, part);
  };
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(says(torch::ones({5}), "expected an array of 2"));
  EXPECT_TRUE(says(torch::ones({5, 1, 1, 1, 1}), "expected an array of 2"));
  EXPECT_TRUE(says(torch::ones({5, 2, 8, 6}, torch::kByte), "with C 1 or 3, got [5, 2, 8, 6]"));
  EXPECT_TRUE(says(torch::full({5, 1, 8, 6}, 2.0), "floats within 2..2"));
  EXPECT_TRUE(says(torch::full({5, 1, 8, 6}, nan), "got floats within"));
  EXPECT_TRUE(says(torch::ones({5, 1, 8, 6}, torch::kInt), "astype('uint8')"));
  EXPECT_TRUE(says(torch::tensor({{1.f, 2.f}, {3.f, nan}}), "got nan in example 1"));
  EXPECT_TRUE(says(torch::tensor({{1e300, 2.0}}, torch::kDouble), "got 1e+300 in example 0"));
}

TEST(Npy, TakesNanAtTheEndOfSeriesForPadding) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto array = torch::tensor({1.f, 2.f, 3.f, 4.f, nan, nan}).view({2, 3});
  ReadOptions options;
  options.series = options.masking = true;
  const auto set = dataset_of_array(array, "a.npy", options);
  EXPECT_EQ(set.spec.text(), "series 3x1");
  EXPECT_TRUE(torch::equal(set.length, torch::tensor({3, 1}, torch::kLong)));
  EXPECT_TRUE(torch::equal(set.x.flatten(), torch::tensor({1.f, 2.f, 3.f, 4.f, 0.f, 0.f})));
  // Steps of several values end where all are NaN.
  auto wide = torch::ones({1, 3, 2});
  wide[0][2].fill_(nan);
  EXPECT_EQ(dataset_of_array(wide, "a.npy", options).length.item<int64_t>(), 2);
  wide[0][1][0] = nan;
  EXPECT_TRUE(refuses([&] { dataset_of_array(wide, "a.npy", options); }, "in example 0"));
  EXPECT_TRUE(refuses([&] { dataset_of_array(wide.fill_(nan), "a.npy", options); },
                      "got one of no step in example 0"));
  options.masking = false;
  const auto says = [&](const torch::Tensor& given, std::string_view part) {
    return refuses([&] { dataset_of_array(given, "a.npy", options); }, part);
  };
  EXPECT_TRUE(says(array,
                   "got nan in example 1 (counted from 0); series of different lengths are "
                   "read with data.masking=true"));
  const auto infinite = array.nan_to_num(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(says(infinite, "data.masking"));
  options.series = false;
  EXPECT_TRUE(says(array.unsqueeze(2), "are read with data.series=true and data.masking=true"));
  EXPECT_FALSE(says(array, "data.masking"));  // vectors end nowhere
}

}  // namespace
}  // namespace figment
