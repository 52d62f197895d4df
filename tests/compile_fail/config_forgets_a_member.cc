// A config struct lists every member in fields(); a forgotten one could not be set, shown or saved.
// expect: fields() must list every member of the struct, once
#include "figment/core/config.h"

struct Settings {
  double beta = 1;
  int latent_dim = 2;
  static constexpr auto fields() {
    using C = Settings;
    return std::tuple{figment::Field{"beta", &C::beta, "Weight of the KL term."}};
  }
};

int main() { return static_cast<int>(figment::config_toml(Settings{}, "").size()); }
