// How good a model is on given examples, by what it can do; and what trivial models reach.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// Names and values in the order to be shown; docs/metrics.md lists them.
using Results = std::vector<std::pair<std::string, double>>;

// Means over the set, in the model's numbers (pixels in [0, 1], logarithms in nats):
// reconstruction_sse, reconstruction_psnr for models that reconstruct; elbo or log_density with its
// terms and standard error for models with a density; active_units (coordinates of the mean code
// whose variance over the set is above 0.01; Burda et al. 2016, section 5.2) for models that
// encode; classification_error (a share) for models that classify, where there are labels. Errors
// of a model that is given a part of the example and copies it are of the rest.
Results evaluate(Model& model, const Scaling& scaling, const Dataset& set, std::uint64_t seed);

// For models that reconstruct, the reconstruction_sse on `set` of the mean of `training` ("mean")
// and of PCA fitted on `training` with as many components as the model's code ("pca_K"). Examples
// of more than 4,096 elements have no PCA. They are judged on the elements that the model is.
Results baselines(Model& model, const Scaling& scaling, const Dataset& training,
                  const Dataset& set);

}  // namespace figment
