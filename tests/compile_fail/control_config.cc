// The control of the config cases: the same struct with every member listed.
// expect: compiles
#include "figment/core/config.h"

struct Settings {
  double beta = 1;
  int latent_dim = 2;
  static constexpr auto fields() {
    using C = Settings;
    return std::tuple{figment::Field{"beta", &C::beta, "Weight of the KL term."},
                      figment::Field{"latent_dim", &C::latent_dim, "Width of the code."}};
  }
};

int main() { return static_cast<int>(figment::config_toml(Settings{}, "").size()); }
