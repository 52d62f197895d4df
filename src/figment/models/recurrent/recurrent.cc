#include "figment/models/recurrent/recurrent.h"

#include "figment/core/text.h"
#include "figment/model/family.h"
#include "figment/nn/activation.h"
#include "figment/nn/series.h"

namespace figment::models {

extern const Family recurrent;
constexpr Family recurrent =
    family<Recurrent>("recurrent", "Recurrent autoencoder", "https://arxiv.org/abs/1502.04681");

namespace {

int64_t steps_in(const ExampleSpec& example) {
  return example.shape[example.modality == Modality::kImage ? 1 : 0];
}

torch::nn::Linear linear(int64_t inputs, int64_t outputs) {
  torch::nn::Linear layer(inputs, outputs);
  initialize_output(layer->weight, static_cast<double>(inputs), static_cast<double>(outputs));
  torch::nn::init::zeros_(layer->bias);
  return layer;
}

}  // namespace

void RecurrentConfig::check(const Problems::Scope& scope) const {
  if (decoder == Decoding::kConditional) return;
  const RecurrentConfig usual;
  const auto refuse = [&](const char* field, double given, double default_value) {
    if (given != default_value)
      scope.add(field,
                "expected decoder = \"conditional\" with it, since an unconditional decoder "
                "sees no step that could be forced; got " +
                    shortest(given));
  };
  refuse("teacher_forcing", teacher_forcing, usual.teacher_forcing);
  refuse("teacher_forcing_end", teacher_forcing_end, usual.teacher_forcing_end);
}

Recurrent::Recurrent(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      steps_(steps_in(example)),
      width_(example.elements() / steps_),
      encoder_(register_module("encoder",
                               RecurrentStack(config.cell, width_, config.hidden, config.layers))),
      code_(register_module(
          "code", linear(config.hidden * (config.bidirectional ? 2 : 1), config.latent_dim))),
      start_(register_module(
          "start", linear(config.latent_dim,
                          config.layers * config.hidden * (config.cell == Cell::kLstm ? 2 : 1)))),
      decoder_(register_module(
          "decoder",
          RecurrentStack(config.cell,
                         config.decoder == Decoding::kConditional ? width_ : config.latent_dim,
                         config.hidden, config.layers))),
      output_(register_module("output", linear(config.hidden, width_))),
      backward_encoder_(
          config.bidirectional
              ? register_module("backward_encoder",
                                RecurrentStack(config.cell, width_, config.hidden, config.layers))
              : nullptr),
      optimizer_(register_optimizer("all", parameters(), config.optimizer)) {}

torch::Tensor Recurrent::series_of(const torch::Tensor& x) const {
  if (example().modality != Modality::kImage) return x.reshape({x.size(0), steps_, width_});
  return x.transpose(1, 2).reshape({x.size(0), steps_, width_});  // [n, H, C, W]
}

torch::Tensor Recurrent::example_of(const torch::Tensor& s) const {
  const auto& shape = example().shape;
  if (example().modality == Modality::kImage)
    return s.reshape({s.size(0), shape[1], shape[0], shape[2]}).transpose(1, 2).contiguous();
  auto sizes = shape;
  sizes.insert(sizes.begin(), s.size(0));
  return s.reshape(sizes);
}

torch::Tensor Recurrent::encode(const Batch& batch) {
  const auto x = series_of(batch.x);
  const auto read = [&](RecurrentStack& layers, const torch::Tensor& series) {
    RecurrentState state;
    return last_step(layers(series.transpose(0, 1), state), batch.length);  // [n, hidden]
  };
  auto last = read(encoder_, x);
  if (config_.bidirectional)
    last = torch::cat({last, read(backward_encoder_, reversed_steps(x, batch.length))}, 1);
  return code_(last);
}

RecurrentState Recurrent::state_of(const torch::Tensor& code) {
  // [n, parts * layers * hidden] -> [parts * layers, n, hidden]
  const auto all = start_(code).view({code.size(0), -1, config_.hidden}).transpose(0, 1);
  // What a cell puts out lies within -1 and 1, what it keeps does not.
  const auto output = torch::tanh(all.narrow(0, 0, config_.layers)).contiguous();
  if (config_.cell == Cell::kGru) return {output, {}};
  return {output, all.narrow(0, config_.layers, config_.layers).contiguous()};
}

torch::Tensor Recurrent::write(const torch::Tensor& code, const torch::Tensor& length,
                               const torch::Tensor& truth, double forced) {
  const auto n = code.size(0);
  auto state = state_of(code);
  torch::Tensor written;  // [T, n, D]
  if (config_.decoder == Decoding::kUnconditional) {
    written = output_(decoder_(code.unsqueeze(0).expand({steps_, n, code.size(1)}), state));
  } else if (forced < 1) {
    written = write_each(std::move(state), truth, n, forced);
  } else {
    // With every true step known beforehand no step has to wait for the one before.
    const auto first = torch::zeros({1, n, width_}, code.options());
    const auto shifted = torch::cat({first, truth.transpose(0, 1).narrow(0, 0, steps_ - 1)});
    written = output_(decoder_(shifted, state));
  }
  const auto series = written.transpose(0, 1);
  return config_.reverse ? reversed_steps(series, length) : series;
}

torch::Tensor Recurrent::write_each(RecurrentState state, const torch::Tensor& truth, int64_t n,
                                    double forced) {
  std::vector<torch::Tensor> written;
  auto before = torch::zeros({n, width_}, state.output.options());
  for (int64_t t = 0; t < steps_; ++t) {
    written.push_back(output_(decoder_(before.unsqueeze(0), state).squeeze(0)));
    before = written.back();
    if (forced > 0) {
      const auto coin = torch::rand({n, 1}, before.options()) < forced;
      before = torch::where(coin, truth.select(1, t), before);
    }
  }
  return torch::stack(written);
}

torch::Tensor Recurrent::errors(const Batch& batch, double forced) {
  const auto x = series_of(batch.x);
  torch::Tensor truth;
  if (forced > 0) truth = config_.reverse ? reversed_steps(x, batch.length) : x;
  const auto error = (write(encode(batch), batch.length, truth, forced) - x).square();
  const auto real = real_steps(batch.length, x.size(0), steps_, x.options());
  return (error * real).flatten(1).sum(1);
}

double Recurrent::forcing() const {
  if (config_.decoder == Decoding::kUnconditional) return 0;
  const auto progress = clock().progress();
  return config_.teacher_forcing +
         progress * (config_.teacher_forcing_end - config_.teacher_forcing);
}

Metrics Recurrent::training_step(const Batch& batch) {
  const auto loss = errors(batch, forcing()).mean();
  optimizer_.minimize(loss);
  return {{"loss", loss.detach()}};
}

Metrics Recurrent::validation_step(const Batch& batch) {
  return {{"loss", errors(batch, 0).mean()}};
}

torch::Tensor Recurrent::decode(const torch::Tensor& code, const torch::Tensor&) {
  return decode_series(code, {});
}

torch::Tensor Recurrent::reconstruct(const Batch& batch) {
  return decode_series(encode(batch), batch.length);
}

torch::Tensor Recurrent::decode_series(const torch::Tensor& code, const torch::Tensor& length) {
  const auto written = write(code, length, {}, 0);
  if (!length.defined()) return example_of(written);
  return example_of(written * real_steps(length, written.size(0), steps_, written.options()));
}

}  // namespace figment::models
