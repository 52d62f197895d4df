#include "figment/model/active_units.h"

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {

ActiveUnits active_units(const torch::Tensor& means) {
  FIGMENT_CHECK(means.dim() == 2 && means.size(0) > 1);
  ActiveUnits out;
  out.variance = means.to(torch::kCPU, torch::kDouble).var(0);
  out.units = means.size(1);
  out.active = (out.variance > kActiveVariance).sum().item<int64_t>();
  return out;
}

std::string active_units_name(std::size_t layer, std::size_t layers) {
  return layers == 1 ? "active_units" : "active_units_" + std::to_string(layer + 1);
}

std::string collapse_warning(const std::vector<ActiveUnits>& layers,
                             const std::vector<std::string>& settings) {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    if (!layers[k].collapsed()) continue;
    const auto units = std::to_string(layers[k].units);
    auto part =
        layers[k].active == 0
            ? (layers[k].units == 1 ? "the one unit of the code is not active"
                                    : "none of the " + units + " units of the code is active")
            : "only " + std::to_string(layers[k].active) + " of the " + units +
                  " units of the code are active";
    if (layers.size() > 1) part += " in stochastic layer " + std::to_string(k + 1);
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return "";
  auto help = std::string("a decoder with fewer or narrower layers helps");
  if (!settings.empty()) help = join(settings, ", ") + ", or " + help;
  return "the posterior has collapsed: " + join(parts, ", and ") +
         ", so that the codes of all examples are nearly the same and the decoder does without "
         "them; " +
         help;
}

}  // namespace figment
