// For tests: one section of a report, of a model that was made and not trained.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "figment/apply/section.h"
#include "figment/apply/toy_run_test.h"
#include "figment/core/value.h"

namespace figment::toys {

inline LoadedRun made(const char* family, const ExampleSpec& example,
                      const std::vector<std::string>& settings) {
  Value config;
  for (const auto& setting : settings) set_override(config, setting);
  Problems problems;
  torch::manual_seed(1);
  auto run = run_of(family_named(family, "test").make(config, example, problems));
  run.family = &family_named(family, "test");
  return run;
}

// The page with the section, of the validation part; of the training part where that is empty.
inline std::string page_of(const Section& section, const LoadedRun& run, const Splits& data) {
  torch::NoGradGuard no_grad;
  const std::filesystem::path folder = "nowhere";
  const bool validates = data.validation.size() > 0;
  const std::string part = validates ? "validation" : "training";
  HtmlPage page("title", "verdict");
  ReportContext context{folder, run, data, validates ? data.validation : data.train, part, page};
  section.write(context);
  return page.finish();
}

inline std::string page_of(const Section& section, const LoadedRun& run, const Dataset& set) {
  return page_of(section, run, Splits{set, set, set});
}

inline int64_t count(const std::string& text, const std::string& what) {
  int64_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace figment::toys
