// The priors that a configuration can name.
#include "figment/nn/priors.h"

#include <string>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

constexpr double kTwoPi = 2 * 3.14159265358979323846;

// The parts asked for, and for the rest any, by the first of the uniform numbers. [n] int64
torch::Tensor parts_of(const PriorNoise& noise, const torch::Tensor& asked, int64_t parts) {
  const auto any =
      (noise.uniform.select(1, 0) * parts).floor().clamp_max(parts - 1).to(torch::kLong);
  return asked.defined() ? torch::where(asked < 0, any, asked) : any;
}

// r (cos a, sin a). [n] -> [n, 2]
torch::Tensor ray(const torch::Tensor& radius, const torch::Tensor& angle) {
  return torch::stack({radius * angle.cos(), radius * angle.sin()}, 1);
}

class NormalPrior : public Prior {
 public:
  NormalPrior(int64_t dim, double deviation) : dim_(dim), deviation_(deviation) {}
  int64_t dim() const override { return dim_; }
  Draw draw(const PriorNoise& noise, const torch::Tensor&, double temperature) const override {
    return {noise.normal * (deviation_ * temperature), {}};
  }

 private:
  int64_t dim_;
  double deviation_;
};

// Section 2.3 and figure 3: a star of normals.
class MixturePrior : public Prior {
 public:
  MixturePrior(int64_t dim, const PriorConfig& config) : dim_(dim), config_(config) {}
  int64_t dim() const override { return dim_; }
  int64_t parts() const override { return config_.parts; }
  Draw draw(const PriorNoise& noise, const torch::Tensor& asked,
            double temperature) const override {
    const auto part = parts_of(noise, asked, config_.parts);
    const auto angle =
        part.to(noise.normal.scalar_type()) * (kTwoPi / static_cast<double>(config_.parts));
    const auto spread = noise.normal * temperature;
    const auto along = config_.radius + config_.radial_deviation * spread.select(1, 0);
    const auto across = config_.width * spread.select(1, 1);
    // Across is along, a quarter turn on.
    const auto plane = ray(along, angle) + ray(across, angle + kTwoPi / 4);
    const auto others = config_.width * spread.slice(1, 2);
    return {torch::cat({plane, others}, 1), part};
  }

 private:
  int64_t dim_;
  PriorConfig config_;
};

// The angle grows with the root of a uniform number, so that the roll is about equally dense
// everywhere: a turn has a length in proportion to its radius.
class SwissRollPrior : public Prior {
 public:
  explicit SwissRollPrior(const PriorConfig& config) : config_(config) {}
  int64_t dim() const override { return 2; }
  int64_t parts() const override { return config_.parts; }
  Draw draw(const PriorNoise& noise, const torch::Tensor& asked,
            double temperature) const override {
    const auto part = parts_of(noise, asked, config_.parts);
    const auto place = (part.to(noise.normal.scalar_type()) + noise.uniform.select(1, 1)) /
                       static_cast<double>(config_.parts);  // [n] in [0, 1)
    const auto way = place.sqrt();
    const auto curve = ray(config_.radius * way, kTwoPi * config_.turns * way);
    return {curve + config_.width * temperature * noise.normal, part};
  }

 private:
  PriorConfig config_;
};

// Draws that somebody else made.
class StoredPrior : public Prior {
 public:
  StoredPrior(torch::Tensor codes, torch::Tensor count)
      : codes_(std::move(codes)), count_(std::move(count)) {}
  int64_t dim() const override { return codes_.size(1); }
  Draw draw(const PriorNoise& noise, const torch::Tensor&, double temperature) const override {
    const auto rows = count_.to(noise.uniform.scalar_type());
    const auto any = (noise.uniform.select(1, 0) * rows).floor();
    const auto row = torch::minimum(any, rows - 1).clamp_min(0).to(torch::kLong);  // [n]
    const auto z = codes_.index_select(0, row).to(noise.normal.scalar_type());
    if (temperature == 1) return {z, {}};
    const auto middle = codes_.sum(0, /*keepdim=*/true) / count_.clamp_min(1);
    return {middle + temperature * (z - middle), {}};
  }

 private:
  torch::Tensor codes_, count_;
};

}  // namespace

PriorNoise prior_noise(int64_t n, int64_t d, const torch::TensorOptions& options) {
  auto uniform = torch::rand({n, 2}, options);
  return {std::move(uniform), torch::randn({n, d}, options)};
}

PriorNoise prior_noise(Noise& noise, int64_t d) {
  auto uniform = noise.uniform({2});
  return {std::move(uniform), noise.normal({d})};
}

void check_prior(const PriorConfig& config, int64_t dim, const Problems::Scope& scope) {
  if (config.kind == PriorKind::kMixture && dim < 2)
    scope.add("kind", "expected codes of at least 2 numbers for mixture, got " +
                          std::to_string(dim) + "; raise latent_dim");
  if (config.kind == PriorKind::kSwissRoll && dim != 2)
    scope.add("kind", "expected codes of 2 numbers for swiss_roll, got " + std::to_string(dim) +
                          "; set latent_dim = 2");
  if (config.kind == PriorKind::kFile && config.file.empty())
    scope.add("file", "expected an .npy file of codes with kind = \"file\", got none");
  if (config.kind != PriorKind::kFile && !config.file.empty())
    scope.add("file", std::string("expected none with kind = \"") + name_of_enum(config.kind) +
                          "\", got '" + printable(config.file) + "'; set kind = \"file\"");
}

std::shared_ptr<const Prior> make_prior(const PriorConfig& config, int64_t dim) {
  switch (config.kind) {
    case PriorKind::kNormal:
      return std::make_shared<NormalPrior>(dim, config.deviation);
    case PriorKind::kMixture:
      return std::make_shared<MixturePrior>(dim, config);
    case PriorKind::kSwissRoll:
      return std::make_shared<SwissRollPrior>(config);
    case PriorKind::kFile:
      break;
  }
  FIGMENT_CHECK(false);
}

std::shared_ptr<const Prior> stored_prior(const torch::Tensor& codes, const torch::Tensor& count) {
  return std::make_shared<StoredPrior>(codes, count);
}

}  // namespace figment
