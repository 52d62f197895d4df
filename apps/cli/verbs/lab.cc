// figment lab: families side by side on one set of points in the plane.
#include "figment/apply/lab.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "figment/core/error.h"
#include "figment/report/markup.h"
#include "verb.h"

namespace figment::cli {
namespace {

std::atomic<int> stop_signal{0};

void on_signal(int signal) {
  stop_signal.store(signal);
  std::signal(signal, SIG_DFL);  // a second one ends the process at once
}

}  // namespace

int verb_lab(const Options& options) {
  need_out(options, "lab/");
  LabOptions lab;
  if (!options.subject.empty()) lab.source = options.subject;
  lab.families = options.families;
  lab.settings = options.words;
  lab.folder = options.out;
  lab.seconds = options.seconds;
  lab.seed = options.seed;
  lab.threads = options.threads < 0 ? 0 : options.threads;
  if (!options.quiet) lab.say = say_on_stderr;
  lab.stopped = [] { return stop_signal.load() != 0; };
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::vector<LabRow> rows;
  try {
    rows = run_lab(lab);
  } catch (const Error& error) {
    if (stop_signal.load() == 0) throw;
    std::cerr << "figment: " << error.what() << "\n";
    return 128 + stop_signal.load();
  }
  const auto page = (lab.folder / "lab.html").string();
  if (options.json) {
    auto list = nlohmann::json::array();
    for (const auto& row : rows) {
      list.push_back({{"family", row.family->name},
                      {"run", row.run.string()},
                      {"steps", row.steps},
                      {"in_time", row.in_time},
                      {"seconds", row.seconds},
                      {"has_density", row.family->abilities.densities},
                      {"metrics", nlohmann::json::object()}});
      for (const auto& [name, value] : row.metrics) list.back()["metrics"][name] = value;
    }
    print_json(options, {{"source", lab.source}, {"report", page}, {"families", list}});
    return 0;
  }
  std::printf("%-12s %8s %8s  %s\n", "family", "steps", "seconds", "");
  for (const auto& row : rows) {
    const auto [of, fit] = density_of(row);
    std::string numbers = of.empty() ? fit : of + " " + fit;
    for (const auto& [name, value] : row.metrics)
      if (name == "coverage" || name == "precision")
        numbers += (numbers.empty() ? "" : "  ") + name + " " + significant(value, 3);
    std::printf("%-12s %8lld %8.1f  %s\n", std::string(row.family->name).c_str(),
                static_cast<long long>(row.steps), row.seconds, numbers.c_str());
  }
  std::cerr << "wrote " << page << "\n";
  return 0;
}

}  // namespace figment::cli
