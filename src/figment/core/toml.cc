// TOML by toml++ 3.3, behind a guard: that version aborts the process on some malformed input.
// Bytes known to provoke it (control characters, characters outside ASCII where no text is) are
// refused first, and its assertions are kept in every build and throw instead of aborting.
#include "figment/core/toml.h"

#include <stdexcept>

namespace figment {
static void toml_assertion_failed() { throw std::logic_error("malformed text"); }
}  // namespace figment

#undef NDEBUG
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(condition) ((condition) ? void(0) : ::figment::toml_assertion_failed())
#include <toml++/toml.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

constexpr std::size_t kLongestDocument = 1 << 20;

struct Cursor {
  std::string_view text;
  std::string source;
  std::size_t at = 0;
  int line = 1;
  int column = 1;

  bool done() const { return at >= text.size(); }
  unsigned char byte() const { return static_cast<unsigned char>(text[at]); }
  bool starts(std::string_view what) const { return text.substr(at, what.size()) == what; }
  void step(std::size_t n = 1) {
    for (; n > 0 && !done(); --n, ++at) {
      if (text[at] == '\n') {
        ++line;
        column = 1;
      } else {
        ++column;
      }
    }
  }
  [[noreturn]] void refuse(const std::string& sentence) const {
    fail(Cause::kConfig, Place{source, line, column}.text(), sentence);
  }
};

// Bytes of the well-formed UTF-8 character at `at`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf && tail(1)) return 2;
  if (first >= 0xe0 && first <= 0xef && tail(1) && tail(2)) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && tail(1) && tail(2) && tail(3)) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

// Refuses what toml++ must not see: control characters anywhere, malformed UTF-8 anywhere, and
// characters outside ASCII that are in no string and no comment.
void guard(std::string_view text, const std::string& source) {
  Cursor c{text, source};
  if (text.size() > kLongestDocument)
    c.refuse("expected at most 1 MiB of TOML, got " +
             human_bytes(static_cast<double>(text.size())));
  enum class In {
    kNothing,
    kComment,
    kBasic,
    kLiteral,
    kLongBasic,
    kLongLiteral
  } in = In::kNothing;
  while (!c.done()) {
    const auto b = c.byte();
    const bool newline = b == '\n' || (b == '\r' && c.starts("\r\n"));
    if ((b < 0x20 && b != '\t' && !newline) || b == 0x7f)
      c.refuse("expected text, got a control character (" + printable(text.substr(c.at, 1)) + ")");
    const auto length = utf8_length(text, c.at);
    if (length == 0) c.refuse("expected UTF-8, got the byte " + printable(text.substr(c.at, 1)));
    if (length > 1 && in == In::kNothing)
      c.refuse("expected characters of ASCII outside quotes, got " +
               printable(text.substr(c.at, length)));
    std::size_t step = length;
    switch (in) {
      case In::kNothing:
        if (b == '#') in = In::kComment;
        if (b == '"') in = c.starts("\"\"\"") ? In::kLongBasic : In::kBasic;
        if (b == '\'') in = c.starts("'''") ? In::kLongLiteral : In::kLiteral;
        if (in == In::kLongBasic || in == In::kLongLiteral) step = 3;
        break;
      case In::kComment:
        if (b == '\n') in = In::kNothing;
        break;
      case In::kBasic:
      case In::kLiteral:
        if (b == '\n')
          c.refuse("expected the text to be closed on its line; add the missing quote");
        if (b == '\\' && in == In::kBasic && c.at + 1 < text.size() && text[c.at + 1] != '\n')
          step = 1 + std::max<std::size_t>(1, utf8_length(text, c.at + 1));
        if ((b == '"' && in == In::kBasic) || (b == '\'' && in == In::kLiteral)) in = In::kNothing;
        break;
      case In::kLongBasic:
        if (b == '\\') step = 2;
        if (c.starts("\"\"\"")) in = In::kNothing, step = 3;
        break;
      case In::kLongLiteral:
        if (c.starts("'''")) in = In::kNothing, step = 3;
        break;
    }
    // Escapes must not carry a byte past the checks above.
    if (step > length && (in == In::kBasic || in == In::kLongBasic))
      for (std::size_t i = 1; i < step && c.at + i < text.size(); ++i) {
        const auto next = static_cast<unsigned char>(text[c.at + i]);
        if (next >= 0x80 || (next < 0x20 && next != '\t' && next != '\n' && next != '\r')) {
          c.step(i);
          c.refuse("expected an escape such as \\n or \\\", got the byte " +
                   printable(text.substr(c.at, 1)));
        }
      }
    c.step(step);
  }
}

Place place_of(const toml::source_region& region, const std::string& source) {
  return {source, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

Value convert(const toml::node& node, const std::string& source) {
  const auto place = place_of(node.source(), source);
  if (const auto* table = node.as_table()) {
    Table out;
    for (const auto& [key, child] : *table)
      out.push_back(
          {std::string(key.str()), convert(child, source), place_of(key.source(), source)});
    return Value(std::move(out), place);
  }
  if (const auto* array = node.as_array()) {
    Array out;
    for (const auto& child : *array) out.push_back(convert(child, source));
    return Value(std::move(out), place);
  }
  if (const auto* v = node.as_string()) return Value(v->get(), place);
  if (const auto* v = node.as_integer()) return Value(std::int64_t{v->get()}, place);
  if (const auto* v = node.as_floating_point()) return Value(v->get(), place);
  if (const auto* v = node.as_boolean()) return Value(v->get(), place);
  fail(Cause::kConfig, place.text(),
       "expected a number, text, true or false, an array or a table, ",
       "got a date or time; put it in quotes if it is text");
}

}  // namespace

Value parse_toml(std::string_view text, const std::string& source) {
  guard(text, source);
  try {
    const auto table = toml::parse(text, std::string_view(source));
    return convert(table, source);
  } catch (const toml::parse_error& error) {
    fail(Cause::kConfig, place_of(error.source(), source).text(),
         "expected TOML: ", printable(error.description(), 300));
  } catch (const std::logic_error& error) {
    fail(Cause::kConfig, source, "expected TOML: ", error.what());
  }
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", byte);
      out += buffer;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string toml_inline(const Value& value) {
  if (const auto* v = value.as<bool>()) return *v ? "true" : "false";
  if (const auto* v = value.as<std::int64_t>()) return std::to_string(*v);
  if (const auto* v = value.as<double>()) return number(*v);
  if (const auto* v = value.as<std::string>()) return toml_quoted(*v);
  std::string out;
  if (const auto* array = value.as<Array>()) {
    for (const auto& item : *array) out += (out.empty() ? "" : ", ") + toml_inline(item);
    return "[" + out + "]";
  }
  for (const auto& entry : *value.as<Table>()) {
    const bool bare =
        !entry.key.empty() && entry.key.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-") == std::string::npos;
    out += (out.empty() ? "" : ", ") + (bare ? entry.key : toml_quoted(entry.key)) + " = " +
           toml_inline(entry.value);
  }
  return "{" + out + "}";
}

}  // namespace figment
