#include "measured.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace figment::cli {

void append(Measured& all, const Measured& more) {
  const auto add = [](auto& list, const auto& items) {
    list.insert(list.end(), items.begin(), items.end());
  };
  add(all.metrics, more.metrics);
  add(all.baselines, more.baselines);
  add(all.intervals, more.intervals);
  add(all.counts, more.counts);
  for (const auto& note : more.notes)
    if (std::find(all.notes.begin(), all.notes.end(), note) == all.notes.end())
      all.notes.push_back(note);
}

void fill_measured(nlohmann::json& document, const Measured& measured) {
  document["metrics"] = nlohmann::json::object();
  document["baselines"] = nlohmann::json::object();
  for (const auto& [name, value] : measured.metrics) document["metrics"][name] = value;
  for (const auto& [name, value] : measured.baselines) document["baselines"][name] = value;
  for (const auto& [name, ends] : measured.intervals)
    document["intervals"][name] = {ends.first, ends.second};
  for (const auto& [name, text] : measured.notes) document["notes"][name] = text;
  for (const auto& [name, counts] : measured.counts) {
    auto& of = document["counts"][name];
    of["samples"] = counts.samples;
    if (counts.reference > 0) of["reference"] = counts.reference;
  }
}

void print_measured(const Measured& measured) {
  for (const auto& [name, text] : measured.notes) std::cerr << name << ": " << text << "\n";
  const auto print = [&](const std::string& name, double value, bool judged) {
    char line[160];
    std::snprintf(line, sizeof line, "%-28s %.6g", name.c_str(), value);
    std::cout << line;
    for (const auto& [of, ends] : measured.intervals) {
      if (!judged || of != name) continue;
      std::snprintf(line, sizeof line, "  (%.6g to %.6g)", ends.first, ends.second);
      std::cout << line;
    }
    std::cout << "\n";
  };
  for (const auto& [name, value] : measured.metrics) print(name, value, true);
  for (const auto& [name, value] : measured.baselines) print("baseline " + name, value, false);
}

}  // namespace figment::cli
