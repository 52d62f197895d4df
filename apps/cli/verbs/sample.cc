// figment sample: draws from the model.
#include <cmath>
#include <cstdlib>
#include <utility>

#include "drawing.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "verb.h"

namespace figment::cli {
namespace {

// "slant=0.5" -> {"slant", 0.5}
std::pair<std::string, double> asked(const std::string& word) {
  const auto at = word.rfind('=');
  char* end = nullptr;
  const auto* number = at == std::string::npos ? "" : word.c_str() + at + 1;
  const auto value = std::strtod(number, &end);
  if (at == 0 || *number == '\0' || *end != '\0' || !std::isfinite(value))
    fail(Cause::kConfig, "--attribute", "expected NAME=NUMBER, such as slant=0.5, got '",
         printable(word), "'");
  return {word.substr(0, at), value};
}

}  // namespace

int verb_sample(const Options& options) {
  need_out(options, "samples.png");
  std::vector<std::pair<std::string, double>> attributes;
  for (const auto& word : options.attributes) attributes.push_back(asked(word));
  const auto run = open_subject(options);
  SampleOptions sampling;
  sampling.n = options.n > 0 ? options.n : 64;
  prepare_drawing(run, options, sampling.n);
  sampling.seed = options.seed;
  sampling.label = options.label;
  sampling.temperature = options.temperature;
  sampling.attributes = attributes;
  write_examples(options.out, to_output(run, sample(run, sampling)), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", sampling.n},
                         {"seed", sampling.seed}});
  return 0;
}

}  // namespace figment::cli
