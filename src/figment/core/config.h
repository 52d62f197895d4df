// Typed configuration: each struct lists its fields once, and that list serves reading, overrides,
// checking, help, the resolved file and the JSON schema.
//
//   struct VaeConfig {
//     int64_t latent_dim = 2;
//     double beta = 1;
//     static constexpr auto fields() {
//       using C = VaeConfig;
//       return std::tuple{Field{"latent_dim", &C::latent_dim, "Width of the code.", AtLeast{1}},
//                         Field{"beta", &C::beta, "Weight of the KL term.", AtLeast{0}}};
//     }
//   };
//
// A field may be bool, integer, floating point, text, an enum with a table of names (see
// enum_names), another such struct, a vector of these, or a raw Value. What several fields must
// satisfy together goes into an optional member `void check(const Problems::Scope&) const`.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "figment/core/text.h"
#include "figment/core/value.h"

namespace figment {

// All that is wrong with a configuration, told at once.
class Problems {
 public:
  // A part of the configuration: its path, and where it was written.
  struct Scope {
    Problems& problems;
    std::string path;    // "model", "" at the root
    const Value* table;  // what was written there; may be null

    std::string key(std::string_view field) const;
    // Adds a problem with `field`, at the place it was written (or the table's, when it was not).
    void add(std::string_view field, std::string_view sentence) const;
    Scope inner(std::string_view field) const;
  };

  void add(const Place& place, std::string_view key, std::string_view sentence);
  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }
  // Throws Error(kConfig) listing every problem on a line of its own.
  void throw_if_any() const;

 private:
  std::vector<std::string> lines_;
};

// Rules: what a value may be, in code, in words and as JSON-schema bounds. A rule on a vector is
// asked of each element.
struct Anything {
  static constexpr double low = -std::numeric_limits<double>::infinity();
  static constexpr double high = std::numeric_limits<double>::infinity();
  template <class T>
  bool admits(const T&) const {
    return true;
  }
  std::string text() const { return ""; }
};
struct AtLeast {
  double low;
  static constexpr double high = std::numeric_limits<double>::infinity();
  template <class T>
  bool admits(const T& v) const {
    return static_cast<double>(v) >= low;
  }
  std::string text() const;
};
struct Above {
  double low;
  static constexpr double high = std::numeric_limits<double>::infinity();
  template <class T>
  bool admits(const T& v) const {
    return static_cast<double>(v) > low;
  }
  std::string text() const;
};
struct Within {
  double low, high;
  template <class T>
  bool admits(const T& v) const {
    return static_cast<double>(v) >= low && static_cast<double>(v) <= high;
  }
  std::string text() const;
};

template <class S, class T, class Rule = Anything>
struct Field {
  const char* key;
  T S::*member;
  const char* doc;
  Rule rule{};
};
template <class S, class T>
Field(const char*, T S::*, const char*) -> Field<S, T>;
template <class S, class T, class Rule>
Field(const char*, T S::*, const char*, Rule) -> Field<S, T, Rule>;

// An enum in a configuration has, in its namespace, a table of names found by argument:
//   constexpr auto enum_names(Network) {
//     return std::array{EnumName<Network>{"mlp", Network::kMlp}, ...};
//   }
template <class E>
struct EnumName {
  const char* name;
  E value;
};

template <class E>
std::vector<std::string> names_of_enum() {
  std::vector<std::string> names;
  for (const auto& entry : enum_names(E{})) names.emplace_back(entry.name);
  return names;
}

template <class E>
const char* name_of_enum(E value) {
  for (const auto& entry : enum_names(value))
    if (entry.value == value) return entry.name;
  return "?";
}

// Reads `table` into a struct. Unknown keys, wrong types and broken rules are added to `problems`.
template <class S>
S read_config(const Value& table, const std::string& path, Problems& problems);

// The struct as a tree of values, in the order of its fields.
template <class S>
Value config_value(const S& config);

// The struct as TOML under the table `path` ("" for the root): what a run folder keeps.
template <class S>
std::string config_toml(const S& config, const std::string& path);

// The defaults as a commented TOML text: what `figment explain` prints and a recipe starts from.
template <class S>
std::string explain_config(const std::string& path, const S& defaults = S{});

// The JSON schema (draft 2020-12) of the struct, with defaults.
template <class S>
nlohmann::json config_schema(const S& defaults = S{});

}  // namespace figment

#include "figment/core/config_impl.h"
