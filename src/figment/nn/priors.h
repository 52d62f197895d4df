// Distributions of codes that can be sampled from, whether or not they have a density: all that an
// adversarial autoencoder asks of its prior. Makhzani et al., "Adversarial autoencoders", 2015,
// https://arxiv.org/abs/1511.05644, section 2.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "figment/core/config.h"
#include "figment/nn/noise.h"

namespace figment {

// What a draw of n codes of d numbers is a function of.
struct PriorNoise {
  torch::Tensor uniform;  // [n, 2] in [0, 1): which part, and where along it
  torch::Tensor normal;   // [n, d]
};
PriorNoise prior_noise(int64_t n, int64_t d, const torch::TensorOptions& options);  // LibTorch's
PriorNoise prior_noise(Noise& noise, int64_t d);

// Any sampler: a function from noise to codes. One with parts (components, segments) can be drawn
// from part by part.
class Prior {
 public:
  virtual ~Prior() = default;
  virtual int64_t dim() const = 0;
  virtual int64_t parts() const { return 0; }

  struct Draw {
    torch::Tensor z;     // [n, dim]
    torch::Tensor part;  // [n] int64 in [0, parts); undefined without parts
  };
  // `part` [n] int64: the part each code is drawn from, or -1 for any; undefined: any. Each part is
  // as likely as another. `temperature` scales the spread about the part's centre or curve.
  virtual Draw draw(const PriorNoise& noise, const torch::Tensor& part = {},
                    double temperature = 1) const = 0;
};

enum class PriorKind { kNormal, kMixture, kSwissRoll, kFile };
constexpr auto enum_names(PriorKind) {
  return std::array{EnumName<PriorKind>{"normal", PriorKind::kNormal},
                    EnumName<PriorKind>{"mixture", PriorKind::kMixture},
                    EnumName<PriorKind>{"swiss_roll", PriorKind::kSwissRoll},
                    EnumName<PriorKind>{"file", PriorKind::kFile}};
}

struct PriorConfig {
  PriorKind kind = PriorKind::kNormal;
  double deviation = 1;
  int64_t parts = 10;
  double radius = 3;
  double radial_deviation = 0.8;
  double width = 0.2;
  double turns = 2;
  std::string file = "";
  int64_t file_rows = 10000;

  static constexpr auto fields() {
    using C = PriorConfig;
    return std::tuple{
        Field{"kind", &C::kind,
              "Distribution of the codes. normal; mixture: normals of equal weight whose means lie "
              "evenly on a circle of the first two numbers, long in the direction of the radius; "
              "swiss_roll: a spiral in two dimensions; file: any, as draws from it that a file "
              "holds."},
        Field{"deviation", &C::deviation, "normal: standard deviation of each number.", Above{0}},
        Field{"parts", &C::parts,
              "mixture: components; swiss_roll: segments of equal probability, from the centre "
              "outwards.",
              Within{1, 10000}},
        Field{"radius", &C::radius, "mixture: of the circle of means; swiss_roll: of its end.",
              Above{0}},
        Field{"radial_deviation", &C::radial_deviation,
              "mixture: standard deviation along the radius.", AtLeast{0}},
        Field{"width", &C::width,
              "mixture: standard deviation in all other directions; swiss_roll: about the spiral.",
              AtLeast{0}},
        Field{"turns", &C::turns, "swiss_roll: how often it goes round.", Above{0}},
        Field{"file", &C::file,
              "file: an .npy array [rows, latent_dim] of codes, each as likely as another. The "
              "training reads it when it begins; the checkpoints keep it."},
        Field{"file_rows", &C::file_rows,
              "file: how many rows a checkpoint has room for; the file may have fewer.",
              Within{1, 1000000}}};
  }
};

// Adds a problem where codes of `dim` numbers do not suit the prior.
void check_prior(const PriorConfig& config, int64_t dim, const Problems::Scope& scope);

// Any but that of a file.
std::shared_ptr<const Prior> make_prior(const PriorConfig& config, int64_t dim);

// The rows of `codes` [room, dim], the first `count` ([] int64) of them, each as likely as another;
// a temperature scales how far they lie from their mean. What is written into the two tensors later
// is drawn from then on. Before there is any row all codes are 0, as those beyond `count` are to
// be.
std::shared_ptr<const Prior> stored_prior(const torch::Tensor& codes, const torch::Tensor& count);

}  // namespace figment
