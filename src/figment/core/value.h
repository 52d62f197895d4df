// A tree of plain values with their places: what a TOML file or `key=value` words say, before
// types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace figment {

// Where a value was written, for messages.
struct Place {
  std::string source{};  // "recipes/mnist/vae.toml", "command line"; empty when made by the program
  int line = 0;          // from 1; 0 when there are no lines
  int column = 0;

  std::string text() const;  // "recipes/mnist/vae.toml:3:1"
};

class Value;
struct Entry;
using Array = std::vector<Value>;
using Table = std::vector<Entry>;  // in the order written; keys are unique

class Value {
 public:
  Value() : data_(Table{}) {}
  Value(bool v, Place place = {}) : data_(v), place_(std::move(place)) {}
  Value(std::int64_t v, Place place = {}) : data_(v), place_(std::move(place)) {}
  Value(double v, Place place = {}) : data_(v), place_(std::move(place)) {}
  Value(std::string v, Place place = {}) : data_(std::move(v)), place_(std::move(place)) {}
  Value(const char* v, Place place = {}) : data_(std::string(v)), place_(std::move(place)) {}
  Value(Array v, Place place = {});
  Value(Table v, Place place = {});

  // The alternative of type T, or null.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* as() {
    return std::get_if<T>(&data_);
  }
  const Place& place() const { return place_; }

  // The value at `key` of a table; null when there is none or this is no table.
  const Value* find(std::string_view key) const;

  // "the integer 3", "the text 'big'", "an array", "a table": for messages.
  std::string described() const;

 private:
  std::variant<bool, std::int64_t, double, std::string, Array, Table> data_;
  Place place_{};
};

struct Entry {
  std::string key{};
  Value value{};
  Place place{};  // of the key
};

// Sets `dotted` ("model.optimizer.learning_rate") in the table `root`, making tables on the way.
// Throws Error(kConfig) when a part of the way is no table, or a part is empty.
void set_path(Value& root, std::string_view dotted, Value value);

// Sets what a word "key=value" says. The value is read as TOML where it is TOML (3, 0.5, true,
// [200, 200], "text") and as plain text otherwise. Throws Error(kConfig) when there is no '=' or
// key.
void set_override(Value& root, std::string_view word);

}  // namespace figment
