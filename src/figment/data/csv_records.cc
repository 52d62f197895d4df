#include "figment/data/csv_records.h"

#include <algorithm>
#include <utility>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"

namespace figment {
namespace {

bool is_blank(char c, char delimiter) { return (c == ' ' || c == '\t') && c != delimiter; }

// The most frequent candidate in the first line, outside quotes; ',' if there is none.
char detect_delimiter(std::string_view text) {
  const std::string_view candidates(",;\t");
  std::size_t counts[3] = {};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    const auto which = candidates.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  return candidates[static_cast<std::size_t>(std::max_element(counts, counts + 3) - counts)];
}

}  // namespace

std::string csv_field(const std::string& text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool trimmed = !text.empty() && (blank(text.front()) || blank(text.back()));
  if (!trimmed && text.find_first_of(",;\t\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

CsvRecords::CsvRecords(std::string_view text, std::string where)
    : text_(text), where_(std::move(where)) {
  if (text_.substr(0, 3) == "\xef\xbb\xbf") text_.remove_prefix(3);
  delimiter_ = detect_delimiter(text_);
}

std::string CsvRecords::where() const { return at_line(where_, record_line_); }

bool CsvRecords::at_line_end() const {
  return at_ == text_.size() || text_[at_] == '\n' ||
         (text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n'));
}

void CsvRecords::skip_line_end() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ < text_.size()) ++at_;
  ++line_;
}

bool CsvRecords::next(std::vector<std::string_view>& fields) {
  fields.clear();
  unescaped_.clear();
  while (at_ < text_.size() && at_line_end()) skip_line_end();
  record_line_ = line_;
  if (at_ == text_.size()) return false;
  for (;;) {
    while (at_ < text_.size() && is_blank(text_[at_], delimiter_)) ++at_;
    if (fields.size() == kMaxFields)
      fail(Cause::kData, where(), "more than ", kMaxFields, " columns");
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    fields.push_back(quoted ? quoted_field() : plain_field());
    if (at_line_end()) break;
    ++at_;  // the delimiter
  }
  skip_line_end();
  return true;
}

std::string_view CsvRecords::plain_field() {
  const auto begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n') {
    if (text_[at_] == '"') fail(Cause::kData, where(), "a quote within an unquoted field");
    ++at_;
  }
  if (at_ > begin && text_[at_ - 1] == '\r' && (at_ == text_.size() || text_[at_] == '\n')) --at_;
  auto field = text_.substr(begin, at_ - begin);
  while (!field.empty() && is_blank(field.back(), delimiter_)) field.remove_suffix(1);
  return field;
}

std::string_view CsvRecords::quoted_field() {
  const auto opened = line_;
  const auto begin = ++at_;
  bool doubled = false;
  for (;; ++at_) {
    if (at_ == text_.size())
      fail(Cause::kData, at_line(where_, opened), "the quote opened here is never closed");
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] != '"') continue;
    if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
    doubled = true;
    ++at_;
  }
  auto field = text_.substr(begin, at_ - begin);
  ++at_;
  while (at_ < text_.size() && is_blank(text_[at_], delimiter_)) ++at_;
  if (!at_line_end() && text_[at_] != delimiter_)
    fail(Cause::kData, at_line(where_, line_), "expected '", printable({&delimiter_, 1}),
         "' or the end of the line after a quoted field, got '", printable(text_.substr(at_, 1)),
         "'");
  if (!doubled) return field;
  auto& plain = unescaped_.emplace_back();
  for (std::size_t i = 0; i < field.size(); ++i) {
    plain += field[i];
    if (field[i] == '"') ++i;
  }
  return plain;
}

}  // namespace figment
