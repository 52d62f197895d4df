#include "figment/model/model.h"

#include "figment/core/error.h"

namespace figment {

std::vector<Optimizer*> Model::optimizers() const {
  std::vector<Optimizer*> all;
  for (const auto& [name, optimizer] : optimizers_) all.push_back(optimizer.get());
  return all;
}

void Model::set_clock(const Clock& clock) {
  clock_ = clock;
  for (const auto& [name, optimizer] : optimizers_)
    optimizer->set_clock(clock.step, clock.total_steps);
}

torch::Device Model::device() const {
  const auto all = parameters();
  if (!all.empty()) return all.front().device();
  const auto stored = buffers();
  return stored.empty() ? torch::Device(torch::kCPU) : stored.front().device();
}

Optimizer& Model::register_optimizer(const std::string& name,
                                     const std::vector<torch::Tensor>& parameters,
                                     const OptimizerConfig& config) {
  std::map<const void*, std::string> names;
  for (const auto& item : named_parameters())
    names[item.value().unsafeGetTensorImpl()] = item.key();
  NamedTensors named;
  for (const auto& parameter : parameters) {
    const auto found = names.find(parameter.unsafeGetTensorImpl());
    FIGMENT_CHECK(found != names.end());  // an optimizer moves parameters of its model only
    named.emplace_back(found->second, parameter);
  }
  return *(optimizers_[name] = std::make_unique<Optimizer>(name, std::move(named), config));
}

}  // namespace figment
