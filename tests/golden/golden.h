// Reads the reference numbers of tests/golden/ (see README.md there).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "golden_folder.h"

namespace figment {

// The document tests/golden/`name`.json.
inline nlohmann::json golden(const std::string& name) {
  const std::string path = FIGMENT_GOLDEN "/" + name + ".json";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return nlohmann::json::parse(file);
}

// All numbers of a nested list, in reading order.
template <class T>
std::vector<T> flat(const nlohmann::json& list) {
  std::vector<T> all;
  for (const auto& item : list) {
    if (item.is_array()) {
      const auto inner = flat<T>(item);
      all.insert(all.end(), inner.begin(), inner.end());
    } else {
      all.push_back(item.get<T>());
    }
  }
  return all;
}

}  // namespace figment
