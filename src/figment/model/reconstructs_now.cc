#include "figment/model/reconstructs_now.h"

#include "figment/core/error.h"

namespace figment {

void need_decoder_of_codes(const Model& model, const std::string& where) {
  const auto* says = dynamic_cast<const ReconstructsNow*>(&model);
  if (says == nullptr || says->reconstructs_now()) return;
  fail(Cause::kConfig, where,
       "expected a decoder of the codes as they are, but that of this model was learned before its "
       "encoder went on without it; train anew with ",
       says->to_reconstruct());
}

}  // namespace figment
