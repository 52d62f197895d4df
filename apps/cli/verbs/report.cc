// figment report: one HTML file that shows a run.
#include <iostream>

#include "figment/apply/run_report.h"
#include "figment/train/device.h"
#include "verb.h"

namespace figment::cli {

int verb_report(const Options& options) {
  set_threads(std::max<std::int64_t>(0, options.threads));
  std::cout << write_report(options.subject, options.out).string() << "\n";
  return 0;
}

}  // namespace figment::cli
