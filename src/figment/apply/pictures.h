// Pictures drawn while a model trains, always from the same noise and examples, so that they
// compare.
#pragma once

#include <memory>

#include "figment/train/trainer.h"

namespace figment {

// Side of the grid of a decoded manifold.
inline constexpr int64_t kManifoldSide = 20;

// An observer that writes samples/step_NNNNNNNN/{samples,reconstructions,manifold}.png, what of it
// the model can do, and TensorBoard events.
std::unique_ptr<Observer> make_pictures(Model& model, const Splits& data, const Scaling& scaling,
                                        const RunFolder& folder);

// The examples that pictures and reports show: validation, else test, else training.
const Dataset& shown_part(const Splits& data);

}  // namespace figment
