#include "figment/core/config.h"

#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/core/toml.h"

namespace figment {

std::string Problems::Scope::key(std::string_view field) const {
  return path.empty() ? std::string(field) : path + "." + std::string(field);
}

void Problems::Scope::add(std::string_view field, std::string_view sentence) const {
  Place place;
  if (table != nullptr) {
    place = table->place();
    if (const auto* value = table->find(field)) place = value->place();
  }
  problems.add(place, key(field), sentence);
}

Problems::Scope Problems::Scope::inner(std::string_view field) const {
  return {problems, key(field), table != nullptr ? table->find(field) : nullptr};
}

void Problems::add(const Place& place, std::string_view key, std::string_view sentence) {
  const auto where = place.text();
  lines_.push_back((where.empty() ? "" : where + ": ") + std::string(key) + ": " +
                   std::string(sentence));
}

void Problems::throw_if_any() const {
  if (lines_.empty()) return;
  auto all = counted(static_cast<std::int64_t>(lines_.size()), "problem") + " in the configuration";
  for (const auto& line : lines_) all += "\n  " + line;
  throw Error(Cause::kConfig, "", all);
}

std::string AtLeast::text() const { return "at least " + shortest(low); }
std::string Above::text() const { return "more than " + shortest(low); }
std::string Within::text() const {
  return "a value within [" + shortest(low) + ", " + shortest(high) + "]";
}

namespace detail {

std::string toml_of(const Value& table, const std::string& path) {
  std::string out, inner;
  const auto& entries = *table.as<Table>();
  for (const auto& entry : entries) {
    if (entry.value.as<Table>()) {
      inner += "\n" + toml_of(entry.value, path.empty() ? entry.key : path + "." + entry.key);
    } else {
      out += entry.key + " = " + toml_inline(entry.value) + "\n";
    }
  }
  const bool header = !path.empty() && (!out.empty() || inner.empty());
  if (path.empty() && out.empty() && !inner.empty()) inner.erase(0, 1);
  return (header ? "[" + path + "]\n" : "") + out + inner;
}

std::string explain_of(const std::vector<FieldText>& fields, const std::string& path) {
  std::string out = path.empty() ? "" : "[" + path + "]\n", inner;
  for (const auto& field : fields) {
    std::string doc = field.doc;
    if (!field.alternatives.empty()) doc += " One of " + join(field.alternatives, ", ") + ".";
    if (!field.rule.empty()) doc += " (" + field.rule + ")";
    if (field.nested) {
      inner += "\n# " + doc + "\n" +
               explain_of(field.inner, path.empty() ? field.key : path + "." + field.key);
    } else if (!field.value.as<Table>()) {
      out += "# " + doc + "\n" + field.key + " = " + toml_inline(field.value) + "\n";
    }
  }
  return out + inner;
}

static nlohmann::json json_of(const Value& value) {
  if (const auto* table = value.as<Table>()) {
    auto out = nlohmann::json::object();
    for (const auto& entry : *table) out[entry.key] = json_of(entry.value);
    return out;
  }
  if (const auto* array = value.as<Array>()) {
    auto out = nlohmann::json::array();
    for (const auto& element : *array) out.push_back(json_of(element));
    return out;
  }
  // A single value on one line of TOML is JSON too.
  return nlohmann::json::parse(toml_inline(value));
}

nlohmann::json schema_of(const std::vector<FieldText>& fields) {
  nlohmann::json properties = nlohmann::json::object();
  for (const auto& field : fields) {
    nlohmann::json one;
    if (field.nested) {
      one = schema_of(field.inner);
    } else {
      const std::string array = "array of ";
      const bool many = field.type.rfind(array, 0) == 0;
      nlohmann::json element = {{"type", many ? field.type.substr(array.size()) : field.type}};
      if (!field.alternatives.empty()) element["enum"] = field.alternatives;
      if (std::isfinite(field.low)) element["minimum"] = field.low;
      if (std::isfinite(field.high)) element["maximum"] = field.high;
      one = many ? nlohmann::json{{"type", "array"}, {"items", element}} : element;
      if (!field.value.as<Table>()) one["default"] = json_of(field.value);
    }
    one["description"] = field.doc;
    properties[field.key] = one;
  }
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

}  // namespace detail
}  // namespace figment
