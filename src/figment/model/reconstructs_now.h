// Models with a decoder that may not be that of their codes: one that was learned before the
// encoder went on to something else answers, but its answers say nothing about the model.
#pragma once

#include <string>

#include "figment/model/abilities.h"
#include "figment/model/model.h"

namespace figment {

struct ReconstructsNow {
  virtual ~ReconstructsNow() = default;
  // Whether the decoder has learned from the codes as they are.
  virtual bool reconstructs_now() const = 0;
  // The setting to train with for a decoder that does, for messages.
  virtual const char* to_reconstruct() const = 0;
};

namespace detail {
template <class A>
A* with_decoder(Model& model) {
  const auto* says = dynamic_cast<ReconstructsNow*>(&model);
  return says != nullptr && !says->reconstructs_now() ? nullptr : dynamic_cast<A*>(&model);
}
}  // namespace detail

// The model as one to be judged by its reconstructions, or by what it decodes from its codes; null
// where it has no such ability or no decoder of these codes.
inline Reconstructs* reconstructs_of(Model& model) {
  return detail::with_decoder<Reconstructs>(model);
}
inline Decodes* decodes_of(Model& model) { return detail::with_decoder<Decodes>(model); }

// Throws Error(kConfig) with `where` for a model whose decoder is not that of its codes.
void need_decoder_of_codes(const Model& model, const std::string& where);

}  // namespace figment
