// Classes told by densities: p(class | x) by Bayes' rule, from any model of p(x | class). It is
// exact where the model's density is, as that of a normalizing flow, and from bounds otherwise.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

struct BayesOptions {
  int64_t samples = 8;  // codes an example and class, where log p(x | class) is a bound
  std::uint64_t seed = 1;
};

// log p(x | class) of a batch whose first example is number `first` of its set, [n, classes] in
// nats: the model's own density under each class in turn; of a model with a posterior over codes
// the importance-weighted bound of `samples` of them (Burda et al. 2016, eq. 8). All classes see
// the same noise, so that what differs between them is the model's. The model must be one of
// class_densities_of.
torch::Tensor class_log_densities(Model& model, const Batch& batch, int64_t first,
                                  const BayesOptions& options);

// log p(class | x) of the examples of `set`, [n, classes] on the CPU; labels of the set are not
// looked at. `training`, which has labels, is where the prior comes from (nn/bayes.h). A model that
// is told attributes a as well has p(x | class, a), which p(a | class) belongs to: that of a normal
// distribution for each class, fitted on the training attributes. Throws Error(kData) where there
// are none.
torch::Tensor classify_by_bayes(Model& model, const Scaling& scaling, const Dataset& set,
                                const Dataset& training, const BayesOptions& options);

}  // namespace figment
