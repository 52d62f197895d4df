#include "figment/data/dataset.h"

#include <algorithm>

#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/data/large.h"

namespace figment {

const char* name_of(Modality modality) {
  switch (modality) {
    case Modality::kImage:
      return "image";
    case Modality::kVector:
      return "vector";
    case Modality::kSeries:
      return "series";
  }
  return "?";
}

int64_t ExampleSpec::elements() const {
  int64_t product = 1;
  for (const auto extent : shape) product *= extent;
  return product;
}

std::string ExampleSpec::text() const {
  std::string out = name_of(modality);
  for (std::size_t i = 0; i < shape.size(); ++i)
    out += (i == 0 ? " " : "x") + std::to_string(shape[i]);
  if (!classes.empty()) out += ", " + std::to_string(classes.size()) + " classes";
  if (!attributes.empty())
    out += ", " + counted(static_cast<int64_t>(attributes.size()), "attribute");
  return out;
}

Dataset Dataset::select(const torch::Tensor& index) const {
  auto out = *this;
  out.x = rows_of(x, index);
  if (label.defined()) out.label = label.index_select(0, index);
  if (length.defined()) out.length = length.index_select(0, index);
  if (attributes.defined()) out.attributes = attributes.index_select(0, index);
  return out;
}

Dataset Dataset::joined(const Dataset& more) const {
  FIGMENT_CHECK(spec.shape == more.spec.shape && label.defined() == more.label.defined() &&
                length.defined() == more.length.defined() &&
                attributes.defined() == more.attributes.defined());
  auto out = *this;
  out.x = rows_joined(x, more.x);
  if (label.defined()) out.label = torch::cat({label, more.label});
  if (length.defined()) out.length = torch::cat({length, more.length});
  if (attributes.defined()) out.attributes = torch::cat({attributes, more.attributes});
  return out;
}

Dataset Dataset::first(int64_t n) const {
  auto out = *this;
  n = std::min(n, size());
  out.x = x.narrow(0, 0, n);
  if (label.defined()) out.label = label.narrow(0, 0, n);
  if (length.defined()) out.length = length.narrow(0, 0, n);
  if (attributes.defined()) out.attributes = attributes.narrow(0, 0, n);
  return out;
}

}  // namespace figment
