// The end of a stage whose averaged weights the next stage goes on from.
#pragma once

#include "figment/model/optimizer.h"

namespace figment {

// Puts the averages in place of the weights for good. They are what is judged: until another
// optimizer is made, whoever exchanges weights and averages (AverageScope, a checkpoint) finds the
// same in both, not the last weights. Does nothing where there are no averages.
void settle_on_average(Optimizer& optimizer);

}  // namespace figment
