#include "figment/core/value.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/core/toml.h"

namespace figment {

std::string Place::text() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Value::Value(Array v, Place place) : data_(std::move(v)), place_(std::move(place)) {}
Value::Value(Table v, Place place) : data_(std::move(v)), place_(std::move(place)) {}

const Value* Value::find(std::string_view key) const {
  if (const auto* table = as<Table>())
    for (const auto& entry : *table)
      if (entry.key == key) return &entry.value;
  return nullptr;
}

std::string Value::described() const {
  if (const auto* v = as<bool>()) return *v ? "true" : "false";
  if (const auto* v = as<std::int64_t>()) return "the integer " + std::to_string(*v);
  if (const auto* v = as<double>()) return "the number " + number(*v);
  if (const auto* v = as<std::string>()) return "the text '" + printable(*v) + "'";
  return as<Array>() ? "an array" : "a table";
}

void set_path(Value& root, std::string_view dotted, Value value) {
  const auto place = value.place();
  auto* at = &root;
  std::string_view rest = dotted;
  while (true) {
    const auto dot = rest.find('.');
    const auto key = rest.substr(0, dot);
    auto* table = at->as<Table>();
    if (key.empty() || table == nullptr)
      fail(Cause::kConfig, place.text(), "expected a key such as model.latent_dim, got '",
           printable(dotted), "'");
    Value* next = nullptr;
    for (auto& entry : *table)
      if (entry.key == key) next = &entry.value;
    if (next == nullptr) {
      table->push_back({std::string(key), Value(Table{}, place), place});
      next = &table->back().value;
    }
    if (dot == std::string_view::npos) {
      *next = std::move(value);
      // The key was (re)written here: problems with it are told with this place.
      for (auto& entry : *table)
        if (&entry.value == next) entry.place = place;
      return;
    }
    at = next;
    rest = rest.substr(dot + 1);
  }
}

void set_override(Value& root, std::string_view word) {
  const Place place{"command line", 0, 0};
  const auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0)
    fail(Cause::kConfig, place.text(), "expected key=value such as model.latent_dim=2, got '",
         printable(word), "'");
  const auto key = word.substr(0, equals), text = word.substr(equals + 1);
  Value value(std::string(text), place);
  if (text.find_first_of("\n\r") == std::string_view::npos) {
    try {
      const auto parsed = parse_toml("value = " + std::string(text), place.source);
      const auto* inner = parsed.find("value");
      if (inner != nullptr && parsed.as<Table>()->size() == 1) {
        if (const auto* v = inner->as<bool>()) value = Value(*v, place);
        if (const auto* v = inner->as<std::int64_t>()) value = Value(*v, place);
        if (const auto* v = inner->as<double>()) value = Value(*v, place);
        if (const auto* v = inner->as<std::string>()) value = Value(*v, place);
        if (const auto* v = inner->as<Array>()) value = Value(*v, place);
        if (const auto* v = inner->as<Table>()) value = Value(*v, place);
      }
    } catch (const Error&) {
      // Not TOML: plain text, as in data.source=mnist.
    }
  }
  set_path(root, key, std::move(value));
}

}  // namespace figment
