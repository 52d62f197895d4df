// safetensors: a plain writer, and a reader that refuses everything not exactly in the format.
#include "figment/data/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format's data are little-endian");

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // as in the reference implementation
constexpr std::size_t kMaxRank = 64;               // what LibTorch's operators take
constexpr char kMetadata[] = "__metadata__";

struct Dtype {
  const char* name;
  torch::ScalarType type;
};
constexpr std::array<Dtype, 10> kDtypes{{{"F64", torch::kDouble},
                                         {"F32", torch::kFloat},
                                         {"F16", torch::kHalf},
                                         {"BF16", torch::kBFloat16},
                                         {"I64", torch::kLong},
                                         {"I32", torch::kInt},
                                         {"I16", torch::kShort},
                                         {"I8", torch::kChar},
                                         {"U8", torch::kByte},
                                         {"BOOL", torch::kBool}}};

[[noreturn]] void refuse(const std::string& where, const std::string& sentence) {
  fail(Cause::kCheckpoint, where, sentence);
}

std::string shown(std::string_view name) { return "'" + printable(name) + "'"; }

const char* name_of(torch::ScalarType type, const std::string& tensor) {
  for (const auto& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  refuse("safetensors", "tensor " + shown(tensor) +
                            " has a type the format does not hold: " + c10::toString(type));
}

std::string json_text(const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    refuse("safetensors", "expected UTF-8, got " + shown(text));
  }
}

// --- Reading ---

// What the header says of one tensor.
struct Entry {
  std::string name{};
  std::optional<torch::ScalarType> type{};
  bool has_shape = false;
  std::vector<int64_t> shape{};
  int64_t begin = -1;  // of its data; -1: not said
  int64_t end = -1;
};

// Receives the header event by event, so that a key given twice is seen. Knows only the five places
// that the format has; everything else ends the parse with problem().
class HeaderReader : public json::json_sax_t {
 public:
  std::vector<Entry>& entries() { return entries_; }
  std::map<std::string, std::string>& metadata() { return metadata_; }
  const std::string& problem() const { return problem_; }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_integer(std::int64_t) override { return unexpected("a negative number"); }
  bool number_float(double, const std::string&) override {
    return unexpected("a number that is no whole number below 2^64");
  }
  bool binary(json::binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) return unexpected("a number");
    if (value > static_cast<std::uint64_t>(std::numeric_limits<int64_t>::max())) {
      return unexpected("a number beyond 2^63");
    }
    numbers_.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::kMeta) {
      metadata_[key_] = value;
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") return unexpected("a string");
    for (const auto& dtype : kDtypes) {
      if (value == dtype.name) entries_.back().type = dtype.type;
    }
    return entries_.back().type.has_value() || complain("unknown dtype " + shown(value));
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && key_ == kMetadata) {
      place_ = Place::kMeta;
    } else if (place_ == Place::kTop) {
      place_ = Place::kTensor;
      entries_.push_back({key_});
    } else {
      return unexpected("an object");
    }
    keys_.emplace_back();
    return true;
  }

  bool key(std::string& value) override {
    key_ = value;
    if (!keys_.back().insert(value).second) return complain("key " + shown(value) + " given twice");
    const bool known =
        place_ != Place::kTensor || value == "dtype" || value == "shape" || value == "data_offsets";
    return known || complain("unknown key " + shown(value));
  }

  bool end_object() override {
    keys_.pop_back();
    if (place_ == Place::kTensor) {
      const Entry& entry = entries_.back();
      key_ = entry.name;
      if (!entry.type) return complain("no dtype");
      if (!entry.has_shape) return complain("no shape");
      if (entry.begin < 0) return complain("no data_offsets");
    }
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kTensor || key_ == "dtype") return unexpected("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    Entry& entry = entries_.back();
    if (place_ == Place::kShape && numbers_.size() > kMaxRank) {
      return complain("expected at most 64 dimensions, got " + std::to_string(numbers_.size()));
    }
    if (place_ == Place::kOffsets && numbers_.size() != 2) {
      return complain("expected 2 data_offsets, got " + std::to_string(numbers_.size()));
    }
    if (place_ == Place::kShape) {
      entry.has_shape = true;
      entry.shape = numbers_;
    } else {
      entry.begin = numbers_[0];
      entry.end = numbers_[1];
    }
    place_ = Place::kTensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    problem_ =
        "no valid JSON at byte " + std::to_string(kLengthBytes + position - 1) + " of the file";
    return false;
  }

 private:
  enum class Place { kOutside, kTop, kMeta, kTensor, kShape, kOffsets };

  bool complain(const std::string& what) {
    const bool in_tensor =
        place_ == Place::kTensor || place_ == Place::kShape || place_ == Place::kOffsets;
    problem_ = (in_tensor ? "tensor " + shown(entries_.back().name) + ": " : "") + what;
    return false;
  }
  bool unexpected(const std::string& what) {
    return complain(what + " is out of place" + (key_.empty() ? "" : " at " + shown(key_)));
  }

  Place place_ = Place::kOutside;
  std::string key_{};
  std::vector<std::set<std::string>> keys_{};
  std::vector<int64_t> numbers_{};
  std::vector<Entry> entries_{};
  std::map<std::string, std::string> metadata_{};
  std::string problem_{};
};

std::string_view header_of(std::string_view bytes, const std::string& where) {
  if (bytes.size() < kLengthBytes) {
    refuse(where, "expected at least 8 bytes, got " + std::to_string(bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    refuse(where, "expected a header of " + std::to_string(length) + " bytes, but only " +
                      std::to_string(bytes.size() - kLengthBytes) +
                      " follow; is the file cut off?");
  }
  if (length > kMaxHeader) {
    refuse(where, "expected a header of at most 100000000 bytes, got " + std::to_string(length));
  }
  std::string_view header = bytes.substr(kLengthBytes, length);
  // The parser takes a zero byte for the end of its input: nothing may hide behind one.
  if (header.empty() || header.front() != '{' || header.find('\0') != std::string_view::npos) {
    refuse(where, "expected a JSON object as header, got '" + printable(header, 20) + "'");
  }
  return header;
}

// The bytes the shape asks for; nothing may overflow on the way, not even beside a dimension of 0.
int64_t bytes_of(const Entry& entry, const std::string& where) {
  int64_t bound = static_cast<int64_t>(c10::elementSize(*entry.type));
  bool empty = false;
  for (const int64_t size : entry.shape) {
    empty |= size == 0;
    if (__builtin_mul_overflow(bound, std::max<int64_t>(size, 1), &bound)) {
      refuse(where, "tensor " + shown(entry.name) + ": the shape is too large");
    }
  }
  return empty ? 0 : bound;
}

// Data must follow one another without overlap or hole, and fill the file to its end.
void check_layout(std::vector<Entry>& entries, int64_t data_size, const std::string& where) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  int64_t reached = 0;
  for (const auto& entry : entries) {
    const auto at = "tensor " + shown(entry.name) + ": ";
    if (entry.begin != reached) {
      refuse(where, at + "expected its data at offset " + std::to_string(reached) + ", got " +
                        std::to_string(entry.begin) +
                        (entry.begin < reached ? " (overlap)" : " (hole)"));
    }
    if (entry.end < entry.begin || entry.end > data_size) {
      refuse(where, at + "expected data that end between " + std::to_string(entry.begin) + " and " +
                        std::to_string(data_size) + ", got " + std::to_string(entry.end));
    }
    const int64_t size = bytes_of(entry, where);
    if (size != entry.end - entry.begin) {
      refuse(where, at + "expected " + std::to_string(size) + " bytes for its shape, got " +
                        std::to_string(entry.end - entry.begin));
    }
    reached = entry.end;
  }
  if (reached != data_size) {
    refuse(where, "expected " + std::to_string(reached) + " bytes of data, got " +
                      std::to_string(data_size));
  }
}

torch::Tensor tensor_of(const Entry& entry, std::string_view data, const std::string& where) {
  const auto part = data.substr(static_cast<std::size_t>(entry.begin),
                                static_cast<std::size_t>(entry.end - entry.begin));
  // Any other byte in a bool is undefined behaviour further on.
  const auto is_bool = [](char byte) { return byte == 0 || byte == 1; };
  if (*entry.type == torch::kBool && !std::all_of(part.begin(), part.end(), is_bool)) {
    refuse(where, "tensor " + shown(entry.name) + ": expected bytes 0 and 1 for BOOL");
  }
  torch::Tensor tensor = torch::empty(entry.shape, *entry.type);
  if (!part.empty()) std::memcpy(tensor.data_ptr(), part.data(), part.size());
  return tensor;
}

}  // namespace

std::string encode_safetensors(const NamedTensors& tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::string header = "{";
  if (!metadata.empty()) {
    header += json_text(kMetadata) + ":{";
    for (const auto& [key, value] : metadata) {
      header += json_text(key) + ":" + json_text(value) + ",";
    }
    header.back() = '}';
    header += ",";
  }
  std::set<std::string> names{kMetadata};
  std::vector<torch::Tensor> contiguous;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!names.insert(name).second) refuse("safetensors", "the name " + shown(name) + " is taken");
    if (!tensor.defined() || tensor.layout() != torch::kStrided) {
      refuse("safetensors", "tensor " + shown(name) + " is undefined or not dense");
    }
    const char* type = name_of(tensor.scalar_type(), name);
    const auto& data = contiguous.emplace_back(
        tensor.detach().to(torch::kCPU).resolve_conj().resolve_neg().contiguous());
    std::vector<std::string> shape;
    for (const int64_t size : data.sizes()) shape.push_back(std::to_string(size));
    header += json_text(name) + ":{\"dtype\":\"" + type + "\",\"shape\":[" + join(shape, ",") +
              "],\"data_offsets\":[" + std::to_string(offset) + ",";
    offset += data.nbytes();
    header += std::to_string(offset) + "]},";
  }
  if (header.back() == ',') header.pop_back();
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the data begin aligned

  std::string bytes(kLengthBytes, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes.reserve(kLengthBytes + length + offset);
  bytes += header;
  for (const auto& data : contiguous) {
    if (data.nbytes() > 0) bytes.append(static_cast<const char*>(data.data_ptr()), data.nbytes());
  }
  return bytes;
}

SafetensorsFile decode_safetensors(std::string_view bytes, const std::string& where) {
  const std::string_view header = header_of(bytes, where);
  HeaderReader reader;
  if (!json::sax_parse(header, &reader))
    refuse(where, "bad safetensors header: " + reader.problem());
  const std::string_view data = bytes.substr(kLengthBytes + header.size());
  check_layout(reader.entries(), static_cast<int64_t>(data.size()), where);
  SafetensorsFile file;
  file.metadata = std::move(reader.metadata());
  for (const auto& entry : reader.entries()) {
    file.tensors.emplace_back(entry.name, tensor_of(entry, data, where));
  }
  return file;
}

}  // namespace figment
