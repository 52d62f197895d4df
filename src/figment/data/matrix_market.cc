#include "figment/data/matrix_market.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"
#include "figment/data/csv_layout.h"

namespace figment {
namespace {

constexpr std::string_view kBanner = "%%MatrixMarket";
constexpr std::string_view kBlank = " \t\r";

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// The words of a text, line by line.
class Lines {
 public:
  Lines(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  // The words of the next line that has any; false at the end.
  bool next(std::vector<std::string_view>& words) {
    words.clear();
    while (words.empty() && at_ < text_.size()) {
      const auto end = std::min(text_.find('\n', at_), text_.size());
      split(text_.substr(at_, end - at_), words);
      at_ = end + 1;
      ++line_;
    }
    return !words.empty();
  }
  std::string where() const { return at_line(where_, line_); }

 private:
  static void split(std::string_view line, std::vector<std::string_view>& words) {
    for (auto begin = line.find_first_not_of(kBlank); begin != std::string_view::npos;) {
      const auto end = std::min(line.find_first_of(kBlank, begin), line.size());
      words.push_back(line.substr(begin, end - begin));
      begin = line.find_first_not_of(kBlank, end);
    }
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 0;
};

// All of `text` as a whole number, or -1.
int64_t whole(std::string_view text) {
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() ? value : -1;
}

enum class Entries { kInteger, kReal, kPattern };

Entries read_banner(Lines& lines) {
  std::vector<std::string_view> words;
  if (!lines.next(words) || words.size() != 5 || lower(words[0]) != lower(kBanner))
    fail(Cause::kData, lines.where(),
         "expected '%%MatrixMarket matrix coordinate integer general' or the like");
  if (lower(words[1]) != "matrix" || lower(words[2]) != "coordinate" ||
      lower(words[4]) != "general")
    fail(Cause::kData, lines.where(), "expected a general matrix of coordinates, got '",
         printable(words[1]), " ", printable(words[2]), " ", printable(words[3]), " ",
         printable(words[4]), "', which is not read");
  const auto kind = lower(words[3]);
  if (kind == "integer") return Entries::kInteger;
  if (kind == "real") return Entries::kReal;
  if (kind == "pattern") return Entries::kPattern;
  fail(Cause::kData, lines.where(), "expected entries that are integer, real or pattern, got '",
       printable(words[3]), "'");
}

struct Size {
  int64_t rows, columns, entries;
};

Size read_size(Lines& lines, const std::string& where, std::uint64_t max_bytes) {
  std::vector<std::string_view> words;
  bool found = lines.next(words);
  while (found && words[0].front() == '%') found = lines.next(words);
  if (!found)
    fail(Cause::kData, where, "expected a line of rows, columns and entries, got the end");
  Size size{-1, -1, -1};
  if (words.size() == 3) size = {whole(words[0]), whole(words[1]), whole(words[2])};
  if (size.rows < 1 || size.columns < 1 || size.entries < 0)
    fail(Cause::kData, lines.where(),
         "expected rows, columns and entries as whole numbers, with a row and a column at least");
  const auto elements = bounded_product({size.rows, size.columns}, max_bytes / sizeof(float));
  if (!elements)
    fail(Cause::kData, lines.where(), size.rows, " x ", size.columns,
         " numbers are more than is taken into memory (", human_bytes(double(max_bytes)), ")");
  if (static_cast<std::uint64_t>(size.entries) > *elements)
    fail(Cause::kData, lines.where(), "expected ", *elements, " entries at most, as ", size.rows,
         " x ", size.columns, " have room for, got ", size.entries);
  return size;
}

int64_t read_index(std::string_view word, const char* of, int64_t limit, const Lines& lines) {
  const auto value = whole(word);
  if (value < 1 || value > limit)
    fail(Cause::kData, lines.where(), "expected a ", of, " of 1..", limit, ", got '",
         printable(word), "'");
  return value - 1;
}

float read_value(std::string_view word, Entries kind, const Lines& lines) {
  const auto value = parse_number(word);
  if (!value || !std::isfinite(*value) ||
      (kind == Entries::kInteger && *value != std::floor(*value)))
    fail(Cause::kData, lines.where(), "expected ",
         kind == Entries::kInteger ? "a whole number" : "a finite number in the range of float32",
         ", got '", printable(word), "'");
  return *value;
}

}  // namespace

bool is_matrix_market(std::string_view head) {
  return lower(head.substr(0, kBanner.size())) == lower(kBanner);
}

torch::Tensor decode_matrix_market(std::string_view text, const std::string& where,
                                   const ReadOptions& options) {
  Lines lines(text, where);
  const auto kind = read_banner(lines);
  const auto size = read_size(lines, where, options.max_bytes);
  const std::size_t width = kind == Entries::kPattern ? 2 : 3;
  // The shortest entry is "1 1\n": a size that the file cannot hold is refused before memory is
  // taken for it.
  if (static_cast<std::uint64_t>(size.entries) > text.size() / (2 * width - 1))
    fail(Cause::kData, lines.where(), "expected ", size.entries, " entries, got a file of ",
         text.size(), " bytes, which cannot hold them");
  const auto x = torch::zeros({size.rows, size.columns}, torch::kFloat);
  auto* values = x.data_ptr<float>();
  std::vector<bool> given(static_cast<std::size_t>(size.rows * size.columns), false);
  std::vector<std::string_view> words;
  int64_t count = 0;
  for (; lines.next(words); ++count) {
    if (count == size.entries)
      fail(Cause::kData, lines.where(), "expected ", size.entries,
           " entries, as the size line says, got more");
    if (words.size() != width)
      fail(Cause::kData, lines.where(), "expected ",
           width == 2 ? "row and column" : "row, column and value", ", got ", words.size(),
           " fields");
    const auto row = read_index(words[0], "row", size.rows, lines);
    const auto column = read_index(words[1], "column", size.columns, lines);
    const auto at = static_cast<std::size_t>(row * size.columns + column);
    if (given[at])
      fail(Cause::kData, lines.where(), "the entry of row ", row + 1, " and column ", column + 1,
           " is given twice");
    given[at] = true;
    values[at] = width == 2 ? 1.0f : read_value(words[2], kind, lines);
  }
  if (count < size.entries)
    fail(Cause::kData, where, "expected ", size.entries, " entries, as the size line says, got ",
         count);
  return x;
}

Dataset read_matrix_market(const std::filesystem::path& path, const ReadOptions& options) {
  Dataset set;
  set.x = decode_matrix_market(read_data(path, options.max_bytes), path.string(), options);
  set.spec.modality = Modality::kVector;
  set.spec.shape = {set.x.size(1)};
  return set;
}

}  // namespace figment
