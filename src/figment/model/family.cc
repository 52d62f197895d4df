#include "figment/model/family.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/families.h"
#include "figment/model/knows_lengths.h"

namespace figment {

std::vector<std::string> Abilities::names() const {
  std::vector<std::string> all;
  const auto add = [&](bool has, const char* name) {
    if (has) all.emplace_back(name);
  };
  add(samples, "samples");
  add(encodes, "encodes");
  add(decodes, "decodes");
  add(reconstructs, "reconstructs");
  add(densities, "densities");
  add(translates, "translates");
  add(completes, "completes");
  add(classifies, "classifies");
  add(restores, "restores");
  add(separates, "separates");
  add(hashes, "hashes");
  add(projects, "projects");
  add(posteriors, "posteriors");
  add(conditions, "conditions");
  return all;
}

const Family* find_family(std::string_view name) {
  for (const auto* family : families())
    if (family->name == name) return family;
  return nullptr;
}

const Family& family_named(std::string_view name, const std::string& where) {
  if (const auto* family = find_family(name)) return *family;
  std::vector<std::string> names;
  for (const auto* family : families()) names.emplace_back(family->name);
  fail(Cause::kConfig, where, "expected a family (", join(names, ", "), "), got '", printable(name),
       "'", did_you_mean(name, names));
}

std::vector<std::string> families_that(bool Abilities::*ability) {
  std::vector<std::string> names;
  for (const auto* family : families())
    if (family->abilities.*ability) names.emplace_back(family->name);
  return names;
}

std::vector<std::string> families_that_know_lengths() {
  const ExampleSpec series{Modality::kSeries, {8, 2}, {}, {}};
  std::vector<std::string> names;
  for (const auto* family : families()) {
    Problems refused;  // by a family that is for other examples
    const auto model = family->make(Value(), series, refused);
    if (dynamic_cast<KnowsLengths*>(model.get()) != nullptr) names.emplace_back(family->name);
  }
  return names;
}

}  // namespace figment
