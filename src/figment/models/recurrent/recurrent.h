// Recurrent autoencoder: reads a series into one code and writes it again from that code alone.
// Srivastava, Mansimov & Salakhutdinov, "Unsupervised learning of video representations using
// LSTMs", 2015; Malhotra et al., "LSTM-based encoder-decoder for multi-sensor anomaly detection",
// 2016; scheduled teacher forcing: Bengio et al., "Scheduled sampling", 2015.
//
// Series [T, D] are read as they are; an image [C, H, W] as a series of its H rows with C * W
// numbers each, from top to bottom; a vector [D] as a series of D single numbers.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/knows_lengths.h"
#include "figment/model/model.h"
#include "figment/nn/recurrent.h"

namespace figment::models {

enum class Decoding { kUnconditional, kConditional };
constexpr auto enum_names(Decoding) {
  return std::array{EnumName<Decoding>{"unconditional", Decoding::kUnconditional},
                    EnumName<Decoding>{"conditional", Decoding::kConditional}};
}

struct RecurrentConfig {
  int64_t latent_dim = 32;
  Cell cell = Cell::kLstm;
  int64_t hidden = 128;
  int64_t layers = 1;
  bool bidirectional = false;
  Decoding decoder = Decoding::kUnconditional;
  bool reverse = true;
  double teacher_forcing = 1;
  double teacher_forcing_end = 0;
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = RecurrentConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code.", Within{1, 65536}},
        Field{"cell", &C::cell, "What remembers: long short-term memory or gated recurrent unit."},
        Field{"hidden", &C::hidden, "Width of each recurrent layer.", Within{1, 4096}},
        Field{"layers", &C::layers, "Recurrent layers of the encoder, and of the decoder.",
              Within{1, 8}},
        Field{"bidirectional", &C::bidirectional,
              "Whether a second encoder reads the series from its end; the code is made of both."},
        Field{"decoder", &C::decoder,
              "What each step of the decoder sees beside its state: the code (unconditional) or "
              "the step written before (conditional)."},
        Field{"reverse", &C::reverse,
              "Write the series from its end, which the encoder saw last (Srivastava et al. "
              "2015)."},
        Field{
            "teacher_forcing", &C::teacher_forcing,
            "With decoder = \"conditional\": share of the steps that, in training, follow the true "
            "step in place of the written one, at the beginning of the training.",
            Within{0, 1}},
        Field{"teacher_forcing_end", &C::teacher_forcing_end,
              "The same at the end of the training; the share moves from the one to the other.",
              Within{0, 1}},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
};

class Recurrent : public Model,
                  public Encodes,
                  public Decodes,
                  public Reconstructs,
                  public KnowsLengths {
 public:
  using Config = RecurrentConfig;
  Recurrent(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  // The padding of series that are shorter than T is 0.
  torch::Tensor reconstruct(const Batch& batch) override;
  torch::Tensor decode_series(const torch::Tensor& code, const torch::Tensor& length) override;

  // [n], squared error summed over the real steps of each series, when `forced` of the decoder's
  // steps follow the true one. For gradients; a share between 0 and 1 draws random numbers.
  torch::Tensor errors(const Batch& batch, double forced);
  // The share that a training step forces now; 0 when the decoder is unconditional.
  double forcing() const;

 private:
  // The written series [n, T, D], in the order of x, from codes [n, latent]. `truth` [n, T, D], in
  // the order of writing, is what forced steps follow; undefined when none is forced.
  torch::Tensor write(const torch::Tensor& code, const torch::Tensor& length,
                      const torch::Tensor& truth, double forced);
  torch::Tensor write_each(RecurrentState state, const torch::Tensor& truth, int64_t n,
                           double forced);
  RecurrentState state_of(const torch::Tensor& code);
  torch::Tensor series_of(const torch::Tensor& x) const;   // [n, shape...] -> [n, T, D]
  torch::Tensor example_of(const torch::Tensor& s) const;  // its inverse

  Config config_;
  int64_t steps_, width_;  // T, D
  RecurrentStack encoder_;
  torch::nn::Linear code_;
  torch::nn::Linear start_;  // the decoder's first state
  RecurrentStack decoder_;
  torch::nn::Linear output_;
  RecurrentStack backward_encoder_;  // null when not bidirectional
  Optimizer& optimizer_;
};

}  // namespace figment::models
