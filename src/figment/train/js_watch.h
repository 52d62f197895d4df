// Measures, where the true density is known, how far what a generator makes is from it: of which
// the discriminator against it knows a lower bound alone.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figment/data/open.h"
#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// Whether examples are points as they come from a set whose density is known (data/toy.h): all of
// its numbers, and of all its classes.
bool has_known_density(const DataConfig& data, const ExampleSpec& example);

// The Jensen-Shannon divergence in nats, 0 to log 2, of 10,000 made examples, always of the same
// noise, from the true density, by shares of equal bins as `eval RUN js_divergence` has them; with
// averaged weights in place. Draws nothing from LibTorch's generators. Of a model that is told
// classes all of them together, each as likely. Nothing for models without a discriminator of
// examples, and where the density is not known.
std::optional<double> js_divergence_of(Model& model, const DataConfig& data,
                                       const Scaling& scaling);

// The same of as many true points: what the finite number of them comes to. The density of `source`
// must be known.
double js_divergence_of_truth(const std::string& source);

// After a validation: adds `js_divergence` to its values, where it can be told.
void watch_js_divergence(Model& model, const DataConfig& data, const Scaling& scaling,
                         std::vector<std::pair<std::string, double>>& values);

}  // namespace figment
