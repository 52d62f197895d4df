#include "figment/data/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "figment/core/testing.h"

namespace figment {
namespace {

using testing::outcome_of;
using testing::ScratchFolder;
using testing::slurp;
using testing::spill;

// A file of the format from its parts.
std::string file_of(const std::string& header, const std::string& data = "") {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

void expect_refused(const std::string& bytes, const std::string& words) {
  const auto outcome = outcome_of([&] { decode_safetensors(bytes, "weights.safetensors"); });
  EXPECT_EQ(outcome.code, 4) << outcome.message;
  EXPECT_EQ(outcome.message.rfind("[weights.safetensors] ", 0), 0u) << outcome.message;
  EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
}

// Equal in type, shape and bits.
bool same(const torch::Tensor& a, const torch::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         (a.numel() == 0 || std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0);
}

NamedTensors one_of_each_type() {
  torch::manual_seed(1);
  const auto x = torch::randn({2, 3}) * 100;
  NamedTensors tensors;
  for (const auto type : {torch::kDouble, torch::kFloat, torch::kHalf, torch::kBFloat16,
                          torch::kLong, torch::kInt, torch::kShort, torch::kChar, torch::kByte}) {
    tensors.emplace_back(c10::toString(type), x.abs().to(type));
  }
  tensors.emplace_back("Bool", x > 0);
  tensors.emplace_back("scalar", torch::tensor(2.5f));
  tensors.emplace_back("none", torch::empty({0, 4}));
  tensors.emplace_back("nan", torch::tensor({NAN, -0.0f, INFINITY}));
  return tensors;
}

TEST(Safetensors, WritesTheseBytes) {
  const std::string bytes = encode_safetensors(
      {{"w", torch::tensor({1.f, -2.f})}, {"n", torch::tensor({7}, torch::kByte)}},
      {{"by", "figment"}});
  const std::string header = R"({"__metadata__":{"by":"figment"},)"
                             R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("n":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(bytes, file_of(padded, std::string("\0\0\x80\x3f\0\0\0\xc0\x07", 9)));
  EXPECT_EQ(encode_safetensors({}), file_of("{}      "));
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const auto tensors = one_of_each_type();
  const std::string bytes = encode_safetensors(tensors, {{"k\"", "v\n\u00e9"}, {"", ""}});
  EXPECT_EQ(bytes, encode_safetensors(tensors, {{"k\"", "v\n\u00e9"}, {"", ""}}));
  const auto file = decode_safetensors(bytes, "x");
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(file.tensors[i].first, tensors[i].first);
    EXPECT_TRUE(same(file.tensors[i].second, tensors[i].second)) << tensors[i].first;
  }
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"k\"", "v\n\u00e9"}, {"", ""}}));
}

TEST(Safetensors, WritesViewsAsTheyRead) {
  const auto x = torch::arange(6, torch::kFloat).view({2, 3});
  const auto imaginary = torch::complex(x, x + 1).conj();
  const auto parameter = x.clone().requires_grad_();
  const auto file = decode_safetensors(encode_safetensors({{"t", x.t()},
                                                           {"step", x.slice(1, 0, 3, 2)},
                                                           {"wide", x[0][0].expand({4})},
                                                           {"neg", torch::imag(imaginary)},
                                                           {"parameter", parameter}}),
                                       "x");
  EXPECT_TRUE(torch::equal(file.tensors[0].second, x.t()));
  EXPECT_TRUE(torch::equal(file.tensors[1].second, torch::tensor({{0.f, 2.f}, {3.f, 5.f}})));
  EXPECT_TRUE(torch::equal(file.tensors[2].second, torch::zeros({4})));
  EXPECT_TRUE(torch::equal(file.tensors[3].second, -(x + 1)));
  EXPECT_FALSE(file.tensors[4].second.requires_grad());
}

TEST(Safetensors, TensorsOwnTheirMemory) {
  std::string bytes = encode_safetensors({{"w", torch::ones({100})}});
  const auto file = decode_safetensors(bytes, "x");
  bytes.assign(bytes.size(), '\xff');
  EXPECT_TRUE(torch::equal(file.tensors[0].second, torch::ones({100})));
}

TEST(Safetensors, RefusesToWriteWhatTheFormatCannotHold) {
  const auto x = torch::ones({2});
  const auto refused = [](const NamedTensors& tensors, const std::string& words) {
    const auto outcome = outcome_of([&] { encode_safetensors(tensors); });
    EXPECT_EQ(outcome.code, 4);
    EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
  };
  refused({{"c", torch::zeros({2}, torch::kComplexFloat)}}, "'c' has a type");
  refused({{"w", x}, {"w", x}}, "'w' is taken");
  refused({{"__metadata__", x}}, "'__metadata__' is taken");
  refused({{"w", torch::Tensor()}}, "undefined or not dense");
  refused({{"w", x.to_sparse()}}, "undefined or not dense");
  refused({{"\xff", x}}, "expected UTF-8");
}

// A header that says one F32 tensor of two numbers, with one part of it replaced.
std::string with(const std::string& part, const std::string& replacement) {
  std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const auto at = header.find(part);
  if (at == std::string::npos) throw std::runtime_error("no such part: " + part);
  return file_of(header.replace(at, part.size(), replacement), std::string(8, '\0'));
}

TEST(Safetensors, RefusesABadHeader) {
  decode_safetensors(with("w", "w"), "x");  // the unchanged one is read
  expect_refused("", "expected at least 8 bytes, got 0");
  expect_refused("1234567", "expected at least 8 bytes, got 7");
  expect_refused(file_of(""), "expected a JSON object");
  expect_refused(file_of("[]"), "expected a JSON object");
  expect_refused(file_of(" {}"), "expected a JSON object");
  expect_refused(file_of("{"), "no valid JSON at byte");
  expect_refused(file_of("{}}"), "no valid JSON at byte 10");
  expect_refused(file_of(std::string("{}\0!", 4)), "expected a JSON object");
  expect_refused(file_of("{\"\xff\":1}"), "no valid JSON");
  expect_refused(file_of("{} /* */"), "no valid JSON");
  expect_refused(file_of(std::string(200000, '[').insert(0, "{\"w\":")),
                 "an array is out of place");
  std::string huge = file_of("{}");
  huge[7] = 0x10;  // 2^60 bytes
  expect_refused(huge, "expected a header of 1152921504606846978 bytes, but only 2 follow");
  std::string long_header = "{}";
  long_header.resize(100'000'002, ' ');
  expect_refused(file_of(long_header), "at most 100000000 bytes");
}

TEST(Safetensors, RefusesKeysGivenTwice) {
  const std::string none = R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  expect_refused(file_of("{\"w\":" + none + ",\"w\":" + none + "}"), "key 'w' given twice");
  expect_refused(with("\"shape\":", "\"shape\":[2],\"shape\":"), "'w': key 'shape' given twice");
  expect_refused(with("\"dtype\":", "\"\\u0064type\":\"F32\",\"dtype\":"), "'dtype' given twice");
  expect_refused(file_of(R"({"__metadata__":{"a":"1","a":"1"}})"), "key 'a' given twice");
  expect_refused(file_of(R"({"__metadata__":{},"__metadata__":{}})"), "given twice");
}

TEST(Safetensors, RefusesKeysAndValuesOutOfPlace) {
  expect_refused(with("\"shape\":[2]", "\"shape\":[2],\"more\":1"), "'w': unknown key 'more'");
  expect_refused(with("\"dtype\":\"F32\",", ""), "'w': no dtype");
  expect_refused(with("\"shape\":[2],", ""), "'w': no shape");
  expect_refused(with(",\"data_offsets\":[0,8]", ""), "'w': no data_offsets");
  expect_refused(with("F32", "F33"), "'w': unknown dtype 'F33'");
  expect_refused(with("F32", "f32"), "unknown dtype");
  expect_refused(with("\"F32\"", "null"), "null is out of place at 'dtype'");
  expect_refused(with("\"F32\"", "true"), "a truth value is out of place");
  expect_refused(with("\"F32\"", "[2]"), "an array is out of place");
  expect_refused(with("\"F32\"", "{}"), "an object is out of place");
  expect_refused(with("[2]", "2"), "a number is out of place at 'shape'");
  expect_refused(with("[2]", "[[2]]"), "an array is out of place");
  expect_refused(with("[2]", "[\"2\"]"), "a string is out of place");
  expect_refused(with("[2]", "[-2]"), "a negative number is out of place");
  expect_refused(with("[2]", "[2.0]"), "no whole number");
  expect_refused(with("[2]", "[18446744073709551616]"), "no whole number below 2^64");
  expect_refused(with("[2]", "[9223372036854775808]"), "beyond 2^63");
  expect_refused(with("[0,8]", "[0]"), "expected 2 data_offsets, got 1");
  expect_refused(with("[0,8]", "[0,8,8]"), "expected 2 data_offsets, got 3");
  expect_refused(file_of(R"({"w":1})"), "a number is out of place at 'w'");
  expect_refused(file_of(R"({"__metadata__":"x"})"), "a string is out of place");
  expect_refused(file_of(R"({"__metadata__":{"a":1}})"), "a number is out of place at 'a'");
  expect_refused(file_of(R"({"__metadata__":{"a":{}}})"), "an object is out of place");
}

TEST(Safetensors, RefusesSizesThatDoNotAgree) {
  expect_refused(with("[2]", "[3]"), "'w': expected 12 bytes for its shape, got 8");
  expect_refused(with("[2]", "[]"), "expected 4 bytes");
  expect_refused(with("F32", "F64"), "expected 16 bytes");
  expect_refused(with("[0,8]", "[0,4]"), "expected 8 bytes for its shape, got 4");
  expect_refused(with("[0,8]", "[8,0]"), "expected its data at offset 0, got 8 (hole)");
  expect_refused(with("[0,8]", "[4,12]"), "(hole)");
  expect_refused(with("[0,8]", "[0,12]"), "expected data that end between 0 and 8, got 12");
  expect_refused(with("[2]", "[4294967296,4294967296]"), "the shape is too large");
  expect_refused(with("[2]", "[4611686018427387904,2,0]"), "the shape is too large");
  std::string ones = "[2";
  for (int i = 0; i < 64; ++i) ones += ",1";
  expect_refused(with("[2]", ones + "]"), "expected at most 64 dimensions, got 65");
  expect_refused(with("w", "w") + "!", "expected 8 bytes of data, got 9");
}

TEST(Safetensors, RefusesOverlapsAndHolesBetweenTensors) {
  const auto two = [](const std::string& a, const std::string& b) {
    return file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
                       R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}",
                   "aaaabbbb");
  };
  EXPECT_EQ(decode_safetensors(two("[0,4]", "[4,8]"), "x").tensors[0].first, "a");
  EXPECT_EQ(decode_safetensors(two("[4,8]", "[0,4]"), "x").tensors[0].first, "b");
  expect_refused(two("[0,4]", "[0,4]"), "'b': expected its data at offset 4, got 0 (overlap)");
  expect_refused(two("[0,4]", "[3,7]"), "(overlap)");
  expect_refused(two("[0,4]", "[5,9]"), "'b': expected its data at offset 4, got 5 (hole)");
  expect_refused(two("[0,3]", "[3,8]"), "expected 4 bytes for its shape, got 3");
}

TEST(Safetensors, RefusesABoolThatIsNeitherTrueNorFalse) {
  const std::string header = R"({"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})";
  decode_safetensors(file_of(header, std::string("\1\0", 2)), "x");
  expect_refused(file_of(header, "\1\2"), "'b': expected bytes 0 and 1 for BOOL");
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string bytes = encode_safetensors(one_of_each_type(), {{"a", "b"}});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto outcome = outcome_of([&] { decode_safetensors(bytes.substr(0, length), "x"); });
    ASSERT_EQ(outcome.code, 4) << length << ": " << outcome.message;
  }
}

// No flipped bit of length and header changes a tensor. Names and metadata are free text: one
// letter there becomes another unseen, which is what the checksums of a checkpoint are for.
TEST(Safetensors, NoFlippedHeaderBitChangesATensor) {
  const NamedTensors tensors = {{"one", torch::rand({2, 3})},
                                {"two", torch::arange(12, torch::kByte).view({3, 1, 4})},
                                {"spaces", torch::full({4}, 0x20202020, torch::kInt)},
                                {"three", torch::rand({1, 12}).to(torch::kBFloat16)}};
  const std::string bytes = encode_safetensors(tensors, {{"key", "value"}});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  int refused = 0;
  for (std::size_t bit = 0; bit < (8 + length) * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    SafetensorsFile file;
    const auto outcome = outcome_of([&] { file = decode_safetensors(flipped, "x"); });
    ASSERT_TRUE(outcome.code == 0 || outcome.code == 4) << bit << ": " << outcome.message;
    if (outcome.code == 4) {
      ++refused;
      continue;
    }
    ASSERT_EQ(file.tensors.size(), tensors.size()) << bit;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      ASSERT_TRUE(same(file.tensors[i].second, tensors[i].second)) << bit;
    }
  }
  EXPECT_GT(refused, static_cast<int>(length) * 4);
}

// The format by its description, in Python with numpy alone.
constexpr char kPython[] = R"(
import json, struct, sys
import numpy as np
TYPES = dict(F64='<f8', F32='<f4', F16='<f2', BF16='<u2', I64='<i8', I32='<i4', I16='<i2', I8='i1',
             U8='u1', BOOL='?')

def read(path):
    data = open(path, 'rb').read()
    (n,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + n].decode('utf-8'))
    meta = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        array = np.frombuffer(data[8 + n + begin:8 + n + end], TYPES[entry['dtype']])
        tensors[name] = array.reshape(entry['shape'])
    return tensors, meta

def write(path, tensors, meta):
    header, data = {}, b''
    for name, (dtype, array) in tensors.items():
        raw = np.ascontiguousarray(array, TYPES[dtype]).tobytes()
        header[name] = dict(data_offsets=[len(data), len(data) + len(raw)], dtype=dtype,
                            shape=list(np.shape(array)))
        data += raw
    header['__metadata__'] = meta
    text = json.dumps(header, indent=1).encode()
    open(path, 'wb').write(struct.pack('<Q', len(text)) + text + data)

folder = sys.argv[1] + '/'
t, meta = read(folder + 'ours.safetensors')
assert meta == {'made by': 'figment \u00e9'}, meta
assert list(t) == ['x', 'bf', 'flags', 'big', 'scalar', 'none'], list(t)
assert t['x'].dtype == np.float32 and (t['x'] == np.arange(6, dtype='f4').reshape(2, 3) / 3).all()
assert (t['bf'] == [0x3fc0, 0xc000]).all()   # 1.5, -2
assert t['flags'].tolist() == [True, False, True]
assert t['big'].tolist() == [-2**63, 2**63 - 1]
assert t['scalar'].shape == () and t['scalar'] == 0.1
assert t['none'].shape == (3, 0)
write(folder + 'theirs.safetensors', {
    'x': ('F32', np.arange(6).reshape(3, 2) / 7), 'h': ('F16', [1.5, -2, 65504]),
    'bf': ('BF16', [0x3fc0, 0xc000]), 'i': ('I16', [[-32768], [32767]]),
    'b': ('BOOL', [True, False]), 'scalar': ('F64', 0.1), 'none': ('U8', np.zeros((0, 5)))},
    {'made by': 'numpy \u00e9'})
)";

TEST(Safetensors, NumpyReadsOursAndWeReadNumpys) {
  ScratchFolder scratch;
  spill(scratch / "ours.safetensors",
        encode_safetensors({{"x", torch::arange(6, torch::kFloat).view({2, 3}) / 3},
                            {"bf", torch::tensor({1.5f, -2.f}).to(torch::kBFloat16)},
                            {"flags", torch::tensor({1, 0, 1}).to(torch::kBool)},
                            {"big", torch::tensor({std::numeric_limits<int64_t>::min(),
                                                   std::numeric_limits<int64_t>::max()})},
                            {"scalar", torch::tensor(0.1, torch::kDouble)},
                            {"none", torch::empty({3, 0})}},
                           {{"made by", "figment \u00e9"}}));
  spill(scratch / "cross.py", kPython);
  const std::string command =
      "/usr/bin/python3 " + (scratch / "cross.py").string() + " " + scratch.path().string();
  ASSERT_EQ(std::system(command.c_str()), 0);

  const auto file = decode_safetensors(slurp(scratch / "theirs.safetensors"), "theirs");
  EXPECT_EQ(file.metadata.at("made by"), "numpy \u00e9");
  std::map<std::string, torch::Tensor> t(file.tensors.begin(), file.tensors.end());
  ASSERT_EQ(t.size(), 7u);
  EXPECT_TRUE(
      torch::equal(t["x"], (torch::arange(6, torch::kDouble).view({3, 2}) / 7).to(torch::kFloat)));
  EXPECT_TRUE(torch::equal(t["h"], torch::tensor({1.5f, -2.f, 65504.f}).to(torch::kHalf)));
  EXPECT_TRUE(torch::equal(t["bf"], torch::tensor({1.5f, -2.f}).to(torch::kBFloat16)));
  EXPECT_TRUE(torch::equal(t["i"], torch::tensor({{-32768}, {32767}}, torch::kShort)));
  EXPECT_TRUE(torch::equal(t["b"], torch::tensor({1, 0}).to(torch::kBool)));
  EXPECT_EQ(t["scalar"].item<double>(), 0.1);
  EXPECT_EQ(t["none"].sizes(), (std::vector<int64_t>{0, 5}));
}

}  // namespace
}  // namespace figment
