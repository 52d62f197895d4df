// How a verb declares what may follow it on the command line, without its parser: that is
// options.cc alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "options.h"

namespace CLI {  // NOLINT(readability-identifier-naming): so its library calls it
class App;
}

namespace figment::cli {

// A verb, with the options that several verbs share declared alike. Defined in options.cc.
class Verb {
 public:
  Verb(CLI::App& app, Options& options, const std::string& name, const std::string& summary);
  Verb& subject(const std::string& name, const std::string& help, bool required = true);
  Verb& object(const std::string& name, const std::string& help);
  Verb& words(const std::string& name, const std::string& help);
  Verb& out(const std::string& help) { return text("-o,--out", options_.out, help); }
  Verb& data(const std::string& help) { return text("--data", options_.data, help); }
  Verb& split();
  Verb& number(const std::string& help) {
    return whole("-n,--number", options_.n, help, 1, 100000000);
  }
  Verb& seed(const std::string& help);
  Verb& checkpoint() {
    return text("--checkpoint", options_.checkpoint,
                "best, last or the number of a step; the best, else the last, when not given");
  }
  Verb& device() {
    return text("--device", options_.device, "auto, cpu, cuda or cuda:N").threads();
  }
  Verb& threads();
  Verb& json();
  Verb& quiet() { return flag("--quiet", options_.quiet, "No progress on stderr"); }
  // How a model that draws in steps does so: --sampler, --steps, --eta, --guidance.
  Verb& drawing();
  // What of that is heard where all steps are ancestral: --steps, --guidance.
  Verb& ancestral_drawing();

  // Options of a verb's own; numbers lie within [least, most].
  Verb& whole(const std::string& name, std::int64_t& to, const std::string& help,
              std::int64_t least, std::int64_t most);
  Verb& real(const std::string& name, double& to, const std::string& help, double least,
             double most);
  Verb& text(const std::string& name, std::string& to, const std::string& help);
  // Places in a data set, counted from 0.
  Verb& indices(const std::string& name, std::vector<std::int64_t>& to, const std::string& help);
  // Several, by commas.
  Verb& texts(const std::string& name, std::vector<std::string>& to, const std::string& help);
  Verb& flag(const std::string& name, bool& to, const std::string& help);

  CLI::App& app() { return *app_; }
  Options& options() { return options_; }

 private:
  Options& options_;
  CLI::App* app_;
};

// The verbs that finish, vary or repair examples, and how samples are drawn
// (declare_completing.cc).
void declare_completing(CLI::App& app, Options& options);

}  // namespace figment::cli
