// figment arithmetic: sums and differences of codes, beside the same of pixels.
#include "figment/apply/arithmetic.h"

#include <cmath>
#include <cstdio>
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {

int verb_arithmetic(const Options& options) {
  if (options.words.empty())
    fail(Cause::kConfig, "arithmetic", "expected a sum after the run, such as \"12 - 7 + 40\"");
  // The sum may be one word in quotes, or several.
  const auto terms = parse_arithmetic(join(options.words, " "));
  const auto run = open_subject(options);
  need_sheet(options, run, "arithmetic.png");
  const CodeSpace space(run, "arithmetic", CodesOf::kExamples, say_on_stderr);
  const auto part = open_part(run, options.split, options.data, console_watch(false));
  const auto found = calculate(space, terms, part, open_part(run, "train"));
  write_sheet(options, run, {found.decoded, found.plain}, found.decoded.size(0),
              "each term and their sum, of codes, above the same of the examples themselves");
  double factors = 0;
  auto list = nlohmann::json::array();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    factors += terms[i].factor;
    list.push_back({{"term", terms[i].text()}, {"examples", found.examples[i]}});
    if (!options.json)
      std::printf("%-24s %s\n", printable(terms[i].text()).c_str(),
                  counted(found.examples[i], "example").c_str());
  }
  if (std::abs(factors - 1) > 1e-9)
    std::cerr << "the terms count " << shortest(factors)
              << " times in all, where 1 (one more is added than taken away) stays among codes\n";
  if (options.json) {
    const auto code = found.code.to(torch::kDouble).contiguous();
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"terms", list},
                         {"code", std::vector<double>(code.data_ptr<double>(),
                                                      code.data_ptr<double>() + code.numel())}});
  }
  return 0;
}

}  // namespace figment::cli
