// Sections of a run's report: each is a file of apply/sections/ that the build finds, and says by
// the abilities of the model whether it has something to show.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "figment/apply/open_run.h"
#include "figment/report/html.h"

namespace figment {

struct ReportContext {
  const std::filesystem::path& folder;  // of the run
  const LoadedRun& run;
  const Splits& data;
  const Dataset& shown;     // the examples to show: shown_part(data)
  const std::string& part;  // its name: "validation", "test" or "training"
  HtmlPage& page;

  template <class A>
  A* able() const {
    return dynamic_cast<A*>(run.model.get());
  }
};

// In apply/sections/NAME.cc: `extern const Section NAME; const Section NAME = {...};` in namespace
// figment::sections.
struct Section {
  // Where in the report: below 100 what the model makes, 100 to 199 its codes, 200 to 299 what it
  // is used for, 300 to 399 how the training went.
  int order;
  // Adds to the page, or returns at once when it does not apply. Called without gradients.
  void (*write)(ReportContext& context);
};

// All there are, in the order of their names; written by the build.
const std::vector<const Section*>& all_sections();

}  // namespace figment
