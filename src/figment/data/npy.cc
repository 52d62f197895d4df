#include "figment/data/npy.h"

#include <charconv>
#include <cstring>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"
#include "figment/data/gzip.h"

namespace figment {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
// Writers pad headers to some 64 bytes; NumPy itself refuses above 10,000.
constexpr std::size_t kMaxHeader = 65536;
constexpr std::size_t kMaxDimensions = 8;

struct NpyType {
  std::string_view name;  // as in the header, after the byte order
  std::size_t width;      // bytes
  torch::ScalarType scalar;
};

// Listed types are written as they are; types without a twin in torch are widened on reading.
const NpyType kTypes[] = {
    {"b1", 1, torch::kBool},  {"u1", 1, torch::kByte},  {"i1", 1, torch::kChar},
    {"i2", 2, torch::kShort}, {"i4", 4, torch::kInt},   {"i8", 8, torch::kLong},
    {"f2", 2, torch::kHalf},  {"f4", 4, torch::kFloat}, {"f8", 8, torch::kDouble}};
const NpyType kWidened[] = {{"u2", 2, torch::kInt}, {"u4", 4, torch::kLong}};

struct NpyHeader {
  std::string type{};
  bool fortran = false;
  std::vector<int64_t> shape{};
};

// The header is the text of a Python dictionary with three known keys; this reads that and nothing
// more of Python.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::size_t offset, const std::string& where)
      : text_(text), offset_(offset), where_(where) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const auto key = quoted();
      expect(':');
      if (key == "descr" && !has_type) {
        has_type = true;
        header.type = type();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = shape();
      } else {
        refuse("each of the keys 'descr', 'fortran_order', 'shape' once");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) refuse("the end of the header");
    if (!has_type || !has_order || !has_shape) refuse("the keys 'descr', 'fortran_order', 'shape'");
    return header;
  }

 private:
  [[noreturn]] void refuse(std::string_view expected) const {
    fail(Cause::kData, at_offset(where_, offset_ + at_), "bad NPY header: expected ", expected,
         ", got '", printable(text_.substr(at_), 20), "'");
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) refuse("'" + std::string(1, wanted) + "'");
  }
  std::string_view quoted() {
    const bool single = accept('\'');
    if (!single) expect('"');
    const auto end = text_.find(single ? '\'' : '"', at_);
    if (end == std::string_view::npos) refuse("a closing quote");
    const auto content = text_.substr(at_, end - at_);
    at_ = end + 1;
    return content;
  }
  std::string type() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[')
      refuse("one type of number, not a record of fields");
    return std::string(quoted());
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"})
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    refuse("True or False");
  }
  std::vector<int64_t> shape() {
    std::vector<int64_t> extents;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t extent = -1;
      const auto* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) refuse("an extent");
      if (extents.size() == kMaxDimensions) refuse("8 dimensions at most");
      at_ += static_cast<std::size_t>(end - begin);
      extents.push_back(extent);
      // "(5)" is a number in Python, not a tuple, but no harm comes from reading it as one.
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  std::size_t offset_;
  const std::string& where_;
  std::size_t at_ = 0;
};

NpyType type_of(const std::string& descr, const std::string& where) {
  const auto order = descr.empty() ? '?' : descr.front();
  const auto name = std::string_view(descr).substr(descr.empty() ? 0 : 1);
  for (const auto& types : {std::vector<NpyType>(std::begin(kTypes), std::end(kTypes)),
                            std::vector<NpyType>(std::begin(kWidened), std::end(kWidened))})
    for (const auto& type : types)
      if (type.name == name && (order == '<' || (type.width == 1 && order == '|'))) return type;
  const auto* advice =
      order == '>'
          ? "; it is big-endian: convert it, for instance by .astype('<f4'), and save it again"
      : order == 'O' || name == "O" ? "; objects would have to be unpickled, which is never done"
                                    : "";
  fail(Cause::kData, where,
       "expected numbers of type b1, u1, u2, u4, i1, i2, i4, i8, f2, f4 or f8, got '",
       printable(descr), "'", advice);
}

// The raw numbers at `data` as a tensor of the stored shape, row-major.
torch::Tensor load(const char* data, const NpyType& type, const std::vector<int64_t>& shape,
                   std::size_t size, const std::string& where, std::size_t offset) {
  if (type.name == "u2" || type.name == "u4") {
    auto out = torch::empty(shape, type.scalar);
    const std::string_view bytes(data, size);
    for (std::size_t i = 0; i < size / type.width; ++i) {
      const auto value = little_endian(bytes, i * type.width, type.width);
      if (type.width == 2)
        out.data_ptr<int32_t>()[i] = static_cast<int32_t>(value);
      else
        out.data_ptr<int64_t>()[i] = value;
    }
    return out;
  }
  auto out = torch::empty(shape, type.scalar);
  if (type.scalar == torch::kBool) {
    // A bool that is neither 0 nor 1 is undefined behaviour waiting.
    for (std::size_t i = 0; i < size; ++i)
      if (data[i] != 0 && data[i] != 1)
        fail(Cause::kData, at_offset(where, offset + i), "expected a bool, 0 or 1, got ",
             int{static_cast<unsigned char>(data[i])});
  }
  std::memcpy(out.data_ptr(), data, size);
  return out;
}

}  // namespace

bool is_npy(std::string_view head) { return head.substr(0, kMagic.size()) == kMagic; }

torch::Tensor decode_npy(std::string_view bytes, const std::string& where) {
  if (!is_npy(bytes)) fail(Cause::kData, at_offset(where, 0), "expected NPY (\\x93NUMPY)");
  if (bytes.size() < 8) fail(Cause::kData, at_offset(where, bytes.size()), "truncated NPY header");
  const int version = static_cast<unsigned char>(bytes[6]);
  const int minor = static_cast<unsigned char>(bytes[7]);
  if (version < 1 || version > 3 || minor != 0)
    fail(Cause::kData, at_offset(where, 6), "expected NPY version 1.0, 2.0 or 3.0, got ", version,
         '.', minor);
  const std::size_t width = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + width)
    fail(Cause::kData, at_offset(where, bytes.size()), "truncated NPY header");
  const std::size_t length = little_endian(bytes, 8, width);
  const auto start = 8 + width;
  if (length > bytes.size() - start || length > kMaxHeader)
    fail(Cause::kData, at_offset(where, 8), "the NPY header claims ", length,
         " bytes, more than the file holds or than any has");
  const auto header = HeaderParser(bytes.substr(start, length), start, where).parse();
  const auto type = type_of(header.type, at_offset(where, start));

  const auto offset = start + length;
  const auto held = bytes.size() - offset;
  const auto count = bounded_product(header.shape, held);
  if (count == std::uint64_t{0})
    fail(Cause::kData, at_offset(where, start), "the array (", extents_text(header.shape),
         ") is empty");
  if (!count || *count > held / type.width || *count * type.width != held)
    fail(Cause::kData, at_offset(where, offset), "the NPY header says ", extents_text(header.shape),
         " numbers of ", type.width, " bytes, but ", held, " bytes follow");
  if (!header.fortran) return load(bytes.data() + offset, type, header.shape, held, where, offset);
  // Column-major is row-major of the reversed shape.
  std::vector<int64_t> shape(header.shape.rbegin(), header.shape.rend()), order;
  for (auto i = static_cast<int64_t>(shape.size()); i-- > 0;) order.push_back(i);
  return load(bytes.data() + offset, type, shape, held, where, offset).permute(order).contiguous();
}

std::string encode_npy(const torch::Tensor& array) {
  const auto plain = (array.scalar_type() == torch::kBFloat16 ? array.to(torch::kFloat) : array)
                         .detach()
                         .cpu()
                         .contiguous();
  const NpyType* type = nullptr;
  for (const auto& candidate : kTypes)
    if (candidate.scalar == plain.scalar_type()) type = &candidate;
  FIGMENT_CHECK(type != nullptr);
  std::string header = "{'descr': '";
  header += type->width == 1 ? '|' : '<';
  header += type->name;
  header += "', 'fortran_order': False, 'shape': (";
  for (const auto extent : plain.sizes()) header += std::to_string(extent) + ", ";
  if (plain.dim() > 1) header.resize(header.size() - 2);
  if (plain.dim() == 1) header.pop_back();
  header += "), }";
  // The data start at a multiple of 64 bytes, for those who map the file.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  out.append(
      {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)});
  out += header;
  out.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  return out;
}

}  // namespace figment
