#include "figment/model/conditions.h"

#include "figment/model/classifies_now.h"

namespace figment {

KnowsAttributes* attributes_of(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  if (conditions == nullptr || !conditions->on_attributes()) return nullptr;
  return dynamic_cast<KnowsAttributes*>(&model);
}

CompletesPart* part_of(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  if (conditions == nullptr || !conditions->on_part()) return nullptr;
  return dynamic_cast<CompletesPart*>(&model);
}

Classifies* classifier_of(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  if (conditions != nullptr && !conditions->on_class()) return nullptr;
  const auto* says = dynamic_cast<ClassifiesNow*>(&model);
  if (says != nullptr && !says->classifies_now()) return nullptr;
  return dynamic_cast<Classifies*>(&model);
}

Densities* class_densities_of(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  if (conditions == nullptr || !conditions->on_class()) return nullptr;
  return dynamic_cast<Densities*>(&model);
}

}  // namespace figment
