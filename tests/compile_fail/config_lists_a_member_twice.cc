// A field listed twice would be read twice and hide the member it was written for.
// expect: fields() must list every member of the struct, once
#include "figment/core/config.h"

struct Settings {
  double beta = 1;
  static constexpr auto fields() {
    using C = Settings;
    return std::tuple{figment::Field{"beta", &C::beta, "Weight of the KL term."},
                      figment::Field{"latent_dim", &C::beta, "Width of the code."}};
  }
};

int main() { return static_cast<int>(figment::config_toml(Settings{}, "").size()); }
