#include "figment/model/model.h"

#include <set>

#include "figment/core/error.h"

namespace figment {
namespace {

// "a.b.weight" -> "a.b", the module that has it; "" of the model itself.
std::string module_of(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

// What a batch normalization keeps between batches, by the names that torch.nn gave it.
bool is_running_average(const std::string& name, const torch::Tensor& buffer) {
  const auto dot = name.rfind('.');
  const auto own = dot == std::string::npos ? 0 : dot + 1;
  return buffer.is_floating_point() && name.compare(own, 8, "running_") == 0;
}

}  // namespace

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
  // Averaged weights make other activations than the last ones, and want other means and variances
  // to normalize them by: the running ones beside them are averaged with them.
  if (config.average > 0) {
    std::set<std::string> modules;
    for (const auto& [key, parameter] : named) modules.insert(module_of(key));
    for (const auto& item : named_buffers())
      if (modules.count(module_of(item.key())) > 0 && is_running_average(item.key(), item.value()))
        named.emplace_back(item.key(), item.value());
  }
  return *(optimizers_[name] = std::make_unique<Optimizer>(name, std::move(named), config));
}

}  // namespace figment
