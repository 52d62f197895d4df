#include "figment/model/optimizer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/core/text.h"
#include "figment/kernels/adam.h"
#include "figment/model/step_times.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

// Elements one thread takes at a time; fixed, so that sums do not depend on the number of threads.
constexpr int64_t kPiece = 1 << 15;

// Elements [begin, end) of the slot's parameter.
struct Piece {
  std::size_t slot;
  int64_t begin, end;
  double place;  // of the beginning in the parameter, from 0 to 1
};

// Of those tensors that are defined. All parameters together go through one parallel loop: threads
// that met after each would wait longer than most of them take.
std::vector<Piece> pieces_of(const std::vector<torch::Tensor>& tensors) {
  std::vector<Piece> out;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) continue;
    const auto n = tensors[i].numel();
    for (int64_t begin = 0; begin < n; begin += kPiece)
      out.push_back({i, begin, std::min(n, begin + kPiece),
                     static_cast<double>(begin) / static_cast<double>(n)});
  }
  // Each thread's share is that part of every parameter whose gradient it is likely to have
  // computed: it is in its cache.
  std::stable_sort(out.begin(), out.end(),
                   [](const Piece& a, const Piece& b) { return a.place < b.place; });
  return out;
}

// Calls work(i, pieces[i]) for each.
template <class F>
void in_parallel(const std::vector<Piece>& pieces, F&& work) {
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t from, int64_t to) {
    for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i)
      work(i, pieces[i]);
  });
}

// Plain arrays, which the kernels can walk.
bool plain(const torch::Tensor& t) {
  return fast_paths() && t.device().is_cpu() && t.scalar_type() == torch::kFloat &&
         t.is_contiguous();
}

// Tells whoever asks (step_times.h) how long the gradients took, and all that came after them.
class Stopwatch {
 public:
  void gradients_done() {
    if (times_ != nullptr) times_->backward += lap();
  }
  ~Stopwatch() {
    if (times_ != nullptr) times_->update += lap();
  }

 private:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(since_, now)).count();
  }
  StepTimes* times_ = asked_step_times();
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

// Of all gradients together.
double squares(const std::vector<torch::Tensor>& gradients) {
  double total = 0;
  auto in_loop = gradients;
  for (auto& gradient : in_loop)
    if (gradient.defined() && !plain(gradient)) {
      total += gradient.to(torch::kDouble).square().sum().item<double>();
      gradient = torch::Tensor();
    }
  const auto pieces = pieces_of(in_loop);
  std::vector<double> sums(pieces.size());
  in_parallel(pieces, [&](std::size_t i, const Piece& piece) {
    sums[i] = sum_of_squares(in_loop[piece.slot].data_ptr<float>() + piece.begin,
                             piece.end - piece.begin);
  });
  for (const auto sum : sums) total += sum;
  return total;
}

// What is not, such as the running averages of a batch normalization, is averaged and no more.
bool is_learned(const torch::Tensor& tensor) { return tensor.requires_grad(); }

}  // namespace

double learning_rate_at(const OptimizerConfig& c, int64_t step, int64_t total) {
  if (step < c.warmup_steps)
    return c.learning_rate * static_cast<double>(step + 1) / static_cast<double>(c.warmup_steps);
  const auto done = static_cast<double>(step - c.warmup_steps);
  const auto span = std::max(1.0, static_cast<double>(total - c.warmup_steps));
  const auto share = std::min(1.0, done / span);
  switch (c.schedule) {
    case Schedule::kConstant:
      return c.learning_rate;
    case Schedule::kCosine:
      return c.learning_rate * (c.final_factor + (1 - c.final_factor) * 0.5 *
                                                     (1 + std::cos(share * 3.14159265358979324)));
    case Schedule::kLinear:
      return c.learning_rate * (1 + (c.final_factor - 1) * share);
    case Schedule::kStep:
      return c.learning_rate *
             std::pow(c.step_factor,
                      std::floor(static_cast<double>(step) / static_cast<double>(c.step_every)));
  }
  return c.learning_rate;
}

Optimizer::Optimizer(std::string name, NamedTensors parameters, const OptimizerConfig& config)
    : name_(std::move(name)), config_(config) {
  for (auto& [key, parameter] : parameters) {
    Slot slot{key, parameter, {}, {}, {}};
    if (config_.average > 0) slot.average = parameter.detach().clone();
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::set_clock(int64_t step, int64_t total) {
  step_ = step;
  total_ = total;
}

std::vector<torch::Tensor> Optimizer::gradients_of(const torch::Tensor& loss,
                                                   bool keep_graph) const {
  std::vector<torch::Tensor> parameters;
  parameters.reserve(slots_.size());
  for (const auto& slot : slots_)
    if (is_learned(slot.parameter)) parameters.push_back(slot.parameter);
  const auto found = torch::autograd::grad({loss}, parameters, {}, keep_graph,
                                           /*create_graph=*/false, /*allow_unused=*/true);
  std::vector<torch::Tensor> out(slots_.size());
  auto next = found.begin();
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (is_learned(slots_[i].parameter)) out[i] = *next++;
  return out;
}

void Optimizer::minimize(const torch::Tensor& loss, bool keep_graph) {
  const auto where = "optimizer '" + name_ + "', step " + std::to_string(step_ + 1);
  const auto help = "; lower learning_rate (now " + shortest(learning_rate()) +
                    "), set clip (now " + shortest(config_.clip) +
                    "), or look for values out of range in the data";
  const auto value = loss.item<double>();
  if (!std::isfinite(value))
    fail(Cause::kDiverged, where, "expected a finite loss, got ", value, help);
  const PrecisionScope full(Precision::kFloat32, loss.device());
  Stopwatch watch;
  auto gradients = gradients_of(loss, keep_graph);
  // That of a convolution over channels_last is laid out like its input; a copy costs less than
  // walking it out of step with the parameter.
  for (auto& gradient : gradients)
    if (gradient.defined()) gradient = gradient.contiguous();
  watch.gradients_done();

  torch::NoGradGuard no_grad;
  gradient_norm_ = std::sqrt(squares(gradients));
  if (!std::isfinite(gradient_norm_))
    fail(Cause::kDiverged, where, "expected a finite gradient, got one of norm ", gradient_norm_,
         help);
  // As torch.nn.utils.clip_grad_norm_: a factor of clip / (norm + 1e-6), never above 1.
  const double scale =
      config_.clip > 0 ? std::min(1.0, config_.clip / (gradient_norm_ + 1e-6)) : 1.0;
  ++updates_;
  update(gradients, scale);
  if (!averages()) return;
  // Early on the average would remember the random start: it is let go faster then.
  const auto t = static_cast<double>(updates_);
  const double decay = std::min(config_.average, (1 + t) / (10 + t));
  for (auto& slot : slots_) {
    // A model is moved to its device after its optimizers were made.
    slot.average = slot.average.to(slot.parameter.device(), slot.parameter.scalar_type());
    slot.average.lerp_(slot.parameter.detach(), 1 - decay);
  }
}

void Optimizer::update(const std::vector<torch::Tensor>& gradients, double scale) {
  const bool adam = config_.algorithm != Algorithm::kSgd;
  std::vector<torch::Tensor> in_loop(slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& slot = slots_[i];
    if (!gradients[i].defined()) continue;
    const auto p = slot.parameter.detach();
    if (!slot.first.defined()) slot.first = torch::zeros_like(p, at::MemoryFormat::Contiguous);
    if (adam && !slot.second.defined()) slot.second = torch::zeros_like(slot.first);
    if (plain(p) && plain(gradients[i]) && plain(slot.first))
      in_loop[i] = p;
    else
      update_by_tensors(slot, gradients[i], scale);
  }
  const double rate = learning_rate();
  const AdamStep adam_step{rate,
                           config_.beta1,
                           config_.beta2,
                           config_.epsilon,
                           config_.weight_decay,
                           config_.algorithm == Algorithm::kAdamW,
                           scale,
                           updates_};
  const SgdStep sgd_step{rate, config_.momentum, config_.nesterov, config_.weight_decay, scale};
  in_parallel(pieces_of(in_loop), [&](std::size_t, const Piece& piece) {
    const auto& slot = slots_[piece.slot];
    const auto begin = piece.begin, n = piece.end - piece.begin;
    auto* x = in_loop[piece.slot].data_ptr<float>() + begin;
    auto* m = slot.first.data_ptr<float>() + begin;
    const auto* g = gradients[piece.slot].data_ptr<float>() + begin;
    if (adam)
      adamw_update(x, g, m, slot.second.data_ptr<float>() + begin, n, adam_step);
    else
      sgd_update(x, g, m, n, sgd_step);
  });
}

// Other devices and types: the same arithmetic in tensor operations.
void Optimizer::update_by_tensors(Slot& slot, const torch::Tensor& gradient, double scale) const {
  const bool decoupled = config_.algorithm == Algorithm::kAdamW;
  const double rate = learning_rate();
  auto p = slot.parameter.detach();
  auto g = gradient * scale;
  if (decoupled) {
    p.mul_(1 - rate * config_.weight_decay);
  } else if (config_.weight_decay > 0) {
    g = g + config_.weight_decay * p;
  }
  if (config_.algorithm == Algorithm::kSgd) {
    slot.first.mul_(config_.momentum).add_(g);
    p.add_(config_.nesterov ? g + config_.momentum * slot.first : slot.first, -rate);
    return;
  }
  const auto t = static_cast<double>(updates_);
  slot.first.mul_(config_.beta1).add_(g, 1 - config_.beta1);             // Kingma & Ba, Alg. 1: m_t
  slot.second.mul_(config_.beta2).addcmul_(g, g, 1 - config_.beta2);     // v_t
  const double first_bias = 1 - std::pow(config_.beta1, t);              // m^_t = m_t / this
  const double second_bias = std::sqrt(1 - std::pow(config_.beta2, t));  // sqrt(v^_t) likewise
  p.addcdiv_(slot.first, slot.second.sqrt().div_(second_bias).add_(config_.epsilon),
             -rate / first_bias);
}

NamedTensors Optimizer::state() const {
  NamedTensors out{{"updates", torch::tensor({updates_}, torch::kLong)}};
  for (const auto& slot : slots_) {
    if (slot.first.defined()) out.emplace_back(slot.name + ".first", slot.first);
    if (slot.second.defined()) out.emplace_back(slot.name + ".second", slot.second);
  }
  return out;
}

void Optimizer::load_state(const NamedTensors& state, const std::string& where) {
  std::map<std::string, torch::Tensor> found(state.begin(), state.end());
  const auto updates = found.find("updates");
  if (updates == found.end() || updates->second.scalar_type() != torch::kLong ||
      updates->second.numel() != 1)
    fail(Cause::kCheckpoint, where, "expected the count 'updates' of an optimizer");
  const auto count = updates->second.item<int64_t>();
  found.erase(updates);
  const auto take = [&](const Slot& slot, const char* moment) -> torch::Tensor {
    const auto item = found.find(slot.name + moment);
    if (item == found.end()) return {};
    auto tensor = item->second;
    if (tensor.sizes() != slot.parameter.sizes() ||
        tensor.scalar_type() != slot.parameter.scalar_type())
      fail(Cause::kCheckpoint, where, "expected '", slot.name, moment, "' of shape ",
           slot.parameter.sizes(), ", got ", tensor.sizes());
    found.erase(item);
    return tensor.to(slot.parameter.device());
  };
  std::vector<std::pair<torch::Tensor, torch::Tensor>> moments;
  for (const auto& slot : slots_) {
    auto first = take(slot, ".first");
    auto second = take(slot, ".second");
    moments.emplace_back(std::move(first), std::move(second));
  }
  if (!found.empty())
    fail(Cause::kCheckpoint, where, "expected the state of optimizer '", name_,
         "', got an unknown tensor '", printable(found.begin()->first), "'");
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].first = moments[i].first;
    slots_[i].second = moments[i].second;
  }
  updates_ = count;
}

NamedTensors Optimizer::average() const {
  NamedTensors out;
  if (averages())
    for (const auto& slot : slots_) out.emplace_back(slot.name, slot.average);
  return out;
}

void Optimizer::load_average(const NamedTensors& average, const std::string& where) {
  std::map<std::string, torch::Tensor> found(average.begin(), average.end());
  std::vector<torch::Tensor> taken;
  for (const auto& slot : slots_) {
    if (!averages()) break;
    const auto item = found.find(slot.name);
    // Checkpoints of before buffers were averaged hold none of theirs: it begins at what they are.
    if (item == found.end() && !is_learned(slot.parameter)) {
      taken.push_back(slot.parameter.detach().clone());
      continue;
    }
    if (item == found.end() || item->second.sizes() != slot.parameter.sizes())
      fail(Cause::kCheckpoint, where, "expected the average of '", slot.name, "' of shape ",
           slot.parameter.sizes(), ", got ", item == found.end() ? "none" : "another shape");
    taken.push_back(item->second.to(slot.parameter.device(), slot.parameter.scalar_type()));
    found.erase(item);
  }
  if (!found.empty())
    fail(Cause::kCheckpoint, where, "expected the averages of optimizer '", name_, "', ",
         averages() ? "" : "which keeps none, ", "got one of an unknown tensor '",
         printable(found.begin()->first), "'");
  for (std::size_t i = 0; i < taken.size(); ++i) slots_[i].average = taken[i];
}

void Optimizer::swap_average() {
  torch::NoGradGuard no_grad;
  if (!averages()) return;
  for (auto& slot : slots_) {
    const auto weights = slot.parameter.detach().clone();
    slot.parameter.copy_(slot.average);
    slot.average.copy_(weights);
  }
}

AverageScope::AverageScope(std::vector<Optimizer*> optimizers)
    : optimizers_(std::move(optimizers)) {
  for (auto* optimizer : optimizers_) optimizer->swap_average();
}
AverageScope::~AverageScope() {
  for (auto* optimizer : optimizers_) optimizer->swap_average();
}

}  // namespace figment
