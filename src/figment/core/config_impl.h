// How config.h reads and writes a struct through its list of fields. Included by config.h only.
#pragma once

#include <nlohmann/json.hpp>

namespace figment {
namespace detail {

// How many members an aggregate has; fields() must list them all.
struct AnyMember {
  template <class T>
  operator T() const;
};
template <class S, class Enable, class... A>
struct Arity : std::integral_constant<std::size_t, sizeof...(A) - 1> {};
template <class S, class... A>
struct Arity<S, std::void_t<decltype(S{std::declval<A>()...})>, A...>
    : Arity<S, void, A..., AnyMember> {};
template <class S>
inline constexpr std::size_t arity = Arity<S, void>::value;

template <class S, class = void>
struct IsDescribed : std::false_type {};
template <class S>
struct IsDescribed<S, std::void_t<decltype(S::fields())>> : std::true_type {};
template <class S, class = void>
struct HasCheck : std::false_type {};
template <class S>
struct HasCheck<S, std::void_t<decltype(std::declval<const S&>().check(
                       std::declval<const Problems::Scope&>()))>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class S, class F>
void for_each_field(F&& visit) {
  static_assert(arity<S> == std::tuple_size_v<decltype(S::fields())>,
                "fields() must list every member of the struct, once");
  std::apply([&](const auto&... field) { (visit(field), ...); }, S::fields());
}

template <class T>
std::string shown(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return number(value);
  } else {
    return "";
  }
}

// An integer of the configuration must fit its member.
template <class T>
bool fits(std::int64_t value) {
  if constexpr (std::is_unsigned_v<T>) {
    return value >= 0 && static_cast<std::uint64_t>(value) <= std::numeric_limits<T>::max();
  } else {
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  }
}

template <class S>
void read_fields(S& out, const Value& value, const std::string& path, Problems& problems);

// Reads one value; true when it had the right type.
template <class T>
bool read_value(T& out, const Value& value, const std::string& path, Problems& problems) {
  const auto wrong = [&](const std::string& expected) {
    problems.add(value.place(), path, "expected " + expected + ", got " + value.described());
    return false;
  };
  if constexpr (std::is_same_v<T, Value>) {
    if (!value.as<Table>()) return wrong("a table");
    out = value;
  } else if constexpr (IsDescribed<T>::value) {
    if (!value.as<Table>()) return wrong("a table");
    read_fields(out, value, path, problems);
  } else if constexpr (IsVector<T>::value) {
    const auto* array = value.as<Array>();
    if (array == nullptr) return wrong("an array such as [256, 64]");
    T items(array->size());
    bool good = true;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto item = path + "[" + std::to_string(i) + "]";
      good = read_value(items[i], (*array)[i], item, problems) && good;
    }
    if (!good) return false;
    out = std::move(items);
  } else if constexpr (std::is_enum_v<T>) {
    const auto names = names_of_enum<T>();
    const auto* text = value.as<std::string>();
    if (text == nullptr) return wrong("one of " + join(names, ", "));
    for (const auto& entry : enum_names(T{})) {
      if (*text == entry.name) {
        out = entry.value;
        return true;
      }
    }
    problems.add(value.place(), path,
                 "expected one of " + join(names, ", ") + ", got " + value.described() +
                     did_you_mean(*text, names));
    return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto* v = value.as<bool>();
    if (v == nullptr) return wrong("true or false");
    out = *v;
  } else if constexpr (std::is_integral_v<T>) {
    const auto* v = value.as<std::int64_t>();
    if (v == nullptr) return wrong("an integer");
    if (!fits<T>(*v)) return wrong("an integer of its range");
    out = static_cast<T>(*v);
  } else if constexpr (std::is_floating_point_v<T>) {
    const auto* whole = value.as<std::int64_t>();
    const auto* v = value.as<double>();
    if (v == nullptr && whole == nullptr) return wrong("a number");
    const double read = v != nullptr ? *v : static_cast<double>(*whole);
    if (!std::isfinite(read)) return wrong("a finite number");
    out = static_cast<T>(read);
  } else {
    static_assert(std::is_same_v<T, std::string>, "a field of a type that no rule reads");
    const auto* v = value.as<std::string>();
    if (v == nullptr) return wrong("text");
    out = *v;
  }
  return true;
}

template <class T, class Rule>
void apply_rule(const T& value, const Rule& rule, const Place& place, const std::string& path,
                Problems& problems) {
  if constexpr (std::is_same_v<Rule, Anything>) {
    return;
  } else if constexpr (IsVector<T>::value) {
    for (std::size_t i = 0; i < value.size(); ++i)
      apply_rule(value[i], rule, place, path + "[" + std::to_string(i) + "]", problems);
  } else if (!rule.admits(value)) {
    problems.add(place, path, "expected " + rule.text() + ", got " + shown(value));
  }
}

template <class S>
void read_fields(S& out, const Value& value, const std::string& path, Problems& problems) {
  std::vector<std::string> known;
  const Problems::Scope scope{problems, path, &value};
  for_each_field<S>([&](const auto& field) {
    known.emplace_back(field.key);
    const auto* written = value.find(field.key);
    if (written == nullptr) return;
    const auto key = scope.key(field.key);
    auto& member = out.*field.member;
    if (read_value(member, *written, key, problems))
      apply_rule(member, field.rule, written->place(), key, problems);
  });
  if (const auto* table = value.as<Table>()) {
    for (const auto& entry : *table) {
      bool found = false;
      for (const auto& key : known) found = found || key == entry.key;
      if (!found)
        problems.add(entry.place, scope.key(printable(entry.key)),
                     "unknown key" + did_you_mean(entry.key, known));
    }
  }
  if constexpr (HasCheck<S>::value) out.check(scope);
}

template <class T>
Value value_of(const T& member) {
  if constexpr (std::is_same_v<T, Value>) {
    return member;
  } else if constexpr (IsDescribed<T>::value) {
    return config_value(member);
  } else if constexpr (IsVector<T>::value) {
    Array items;
    for (const auto& item : member) items.push_back(value_of(item));
    return Value(std::move(items));
  } else if constexpr (std::is_enum_v<T>) {
    return Value(std::string(name_of_enum(member)));
  } else if constexpr (std::is_same_v<T, bool>) {
    return Value(member);
  } else if constexpr (std::is_integral_v<T>) {
    return Value(static_cast<std::int64_t>(member));
  } else if constexpr (std::is_floating_point_v<T>) {
    return Value(static_cast<double>(member));
  } else {
    return Value(member);
  }
}

// One field for help: its documentation, rule and alternatives, and its default.
struct FieldText {
  std::string key, doc, rule, type;
  std::vector<std::string> alternatives;
  double low, high;
  Value value;
  std::vector<FieldText> inner;  // of a nested struct
  bool nested = false;
};

template <class T>
std::string type_name() {
  if constexpr (IsVector<T>::value) {
    return "array of " + type_name<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "boolean";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "number";
  } else if constexpr (std::is_same_v<T, std::string> || std::is_enum_v<T>) {
    return "string";
  } else {
    return "object";
  }
}

template <class S>
std::vector<FieldText> field_texts(const S& defaults) {
  std::vector<FieldText> all;
  for_each_field<S>([&](const auto& field) {
    const auto& member = defaults.*field.member;
    using T = std::decay_t<decltype(member)>;
    FieldText text;
    text.key = field.key;
    text.doc = field.doc;
    text.rule = field.rule.text();
    text.type = type_name<T>();
    text.low = field.rule.low;
    text.high = field.rule.high;
    text.value = value_of(member);
    if constexpr (std::is_enum_v<T>) text.alternatives = names_of_enum<T>();
    if constexpr (IsVector<T>::value) {
      if constexpr (std::is_enum_v<typename T::value_type>)
        text.alternatives = names_of_enum<typename T::value_type>();
    }
    if constexpr (IsDescribed<T>::value) {
      text.nested = true;
      text.inner = field_texts(member);
    }
    all.push_back(std::move(text));
  });
  return all;
}

std::string toml_of(const Value& table, const std::string& path);
std::string explain_of(const std::vector<FieldText>& fields, const std::string& path);
nlohmann::json schema_of(const std::vector<FieldText>& fields);

}  // namespace detail

template <class S>
S read_config(const Value& table, const std::string& path, Problems& problems) {
  S out;
  detail::read_fields(out, table, path, problems);
  return out;
}

template <class S>
Value config_value(const S& config) {
  Table table;
  detail::for_each_field<S>([&](const auto& field) {
    table.push_back({field.key, detail::value_of(config.*field.member), {}});
  });
  return Value(std::move(table));
}

template <class S>
std::string config_toml(const S& config, const std::string& path) {
  return detail::toml_of(config_value(config), path);
}

template <class S>
std::string explain_config(const std::string& path, const S& defaults) {
  return detail::explain_of(detail::field_texts(defaults), path);
}

template <class S>
nlohmann::json config_schema(const S& defaults) {
  return detail::schema_of(detail::field_texts(defaults));
}

}  // namespace figment
