#include "speed.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <vector>

#include "figment/core/counted.h"
#include "figment/core/text.h"

namespace figment::cli {
namespace {

constexpr std::size_t kModulesNamed = 8;

// "0.52 ms", "1.20 s".
std::string time_text(double seconds) {
  char text[32];
  if (seconds < 1)
    std::snprintf(text, sizeof text, seconds < 0.01 ? "%.2f ms" : "%.1f ms", seconds * 1e3);
  else
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string operations_text(double operations) {
  return operations < 1e9 ? fixed(operations / 1e6, 1) + " MFLOP"
                          : fixed(operations / 1e9, 2) + " GFLOP";
}

double examples_per_second(const Speed& speed, const StageSpeed& stage) {
  return stage.median > 0 ? static_cast<double>(speed.batch_size) / stage.median : 0;
}

double rate_of(const StageSpeed& stage) {
  return stage.median > 0 ? stage.operations / stage.median : 0;
}

void print_end(const Speed& speed) {
  std::cout << "memory      " << human_bytes(static_cast<double>(speed.peak_bytes))
            << " at most so far, data and libraries included\n"
            << "to finish   " << duration(speed.finish) << ":";
  for (std::size_t i = 0; i < speed.stages.size(); ++i) {
    const auto& stage = speed.stages[i];
    std::cout << (i == 0 ? " " : "; then ") << stage.steps << " steps";
    if (speed.stages.size() > 1) std::cout << " of '" << stage.name << "'";
    if (stage.validations > 0)
      std::cout << " and " << stage.validations << " validations of "
                << time_text(stage.validation);
  }
  std::cout << "; pictures and checkpoints come on top\n";
  if (!speed.unmeasured.empty())
    std::cout << "            stages after '" << speed.stages.back().name
              << "' could not be timed, and are not in it: " << speed.unmeasured << "\n";
}

// " (encoder 100, decoder 90)"; of many modules the largest.
std::string modules_text(std::vector<ModuleSize> modules) {
  if (modules.empty()) return "";
  const bool many = modules.size() > kModulesNamed;
  if (many)
    std::stable_sort(modules.begin(), modules.end(),
                     [](const auto& a, const auto& b) { return a.parameters > b.parameters; });
  std::string out;
  std::int64_t others = 0;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (i >= kModulesNamed) {
      others += modules[i].parameters;
      continue;
    }
    out += (i == 0 ? " (" : ", ") + (modules[i].name.empty() ? "others" : modules[i].name) + " " +
           std::to_string(modules[i].parameters);
  }
  if (many)
    out +=
        ", " + std::to_string(modules.size() - kModulesNamed) + " more " + std::to_string(others);
  return out + ")";
}

}  // namespace

nlohmann::json json_of(const Speed& speed) {
  nlohmann::json modules = nlohmann::json::object(), stages = nlohmann::json::array();
  for (const auto& module : speed.modules) modules[module.name] = module.parameters;
  for (const auto& stage : speed.stages) {
    nlohmann::json one = {{"name", stage.name},
                          {"steps", stage.steps},
                          {"timed_steps", stage.timed},
                          {"step_seconds",
                           {{"median", stage.median},
                            {"lower_quartile", stage.lower},
                            {"upper_quartile", stage.upper}}},
                          {"phase_seconds",
                           {{"data", stage.data},
                            {"forward", stage.forward},
                            {"backward", stage.backward},
                            {"update", stage.update}}},
                          {"examples_per_second", examples_per_second(speed, stage)},
                          {"operations", stage.operations},
                          {"operations_per_second", rate_of(stage)},
                          {"validations", stage.validations},
                          {"validation_seconds", stage.validation}};
    if (speed.product_rate > 0) one["share_of_peak"] = rate_of(stage) / speed.product_rate;
    stages.push_back(one);
  }
  nlohmann::json out = {{"parameters", speed.parameters()},
                        {"modules", modules},
                        {"batch_size", speed.batch_size},
                        {"device", speed.device},
                        {"threads", speed.threads},
                        {"stages", stages},
                        {"seconds_to_finish", speed.finish},
                        {"seconds_to_first_step", speed.first_step},
                        {"peak_memory_bytes", speed.peak_bytes}};
  if (speed.product_rate > 0) out["matrix_product_rate"] = speed.product_rate;
  if (!speed.unmeasured.empty()) out["unmeasured"] = speed.unmeasured;
  return out;
}

void print_outlook(const Speed& speed) {
  std::cout << "parameters  " << speed.parameters() << modules_text(speed.modules) << "\n";
  for (const auto& stage : speed.stages)
    std::cout << "a step      " << (speed.stages.size() > 1 ? "of '" + stage.name + "': " : "")
              << speed.batch_size << " examples, " << operations_text(stage.operations)
              << " in matrix products and convolutions, " << time_text(stage.median) << " on "
              << speed.device << ", " << counted(speed.threads, "thread") << "\n";
  print_end(speed);
}

void print_speed(const Speed& speed) {
  for (const auto& stage : speed.stages) {
    std::cout << "stage       " << stage.name << ": " << time_text(stage.median) << " a step of "
              << speed.batch_size << " (half of them within " << time_text(stage.lower) << " and "
              << time_text(stage.upper) << "; " << stage.timed << " steps), "
              << fixed(examples_per_second(speed, stage), 0) << " examples/s\n"
              << "            data " << time_text(stage.data) << ", forward "
              << time_text(stage.forward) << ", backward " << time_text(stage.backward)
              << ", update " << time_text(stage.update) << "\n"
              << "            " << operations_text(stage.operations)
              << " in matrix products and convolutions: " << fixed(rate_of(stage) / 1e9, 1)
              << " GFLOP/s";
    if (speed.product_rate > 0)
      std::cout << ", " << fixed(100 * rate_of(stage) / speed.product_rate, 0) << " % of the "
                << fixed(speed.product_rate / 1e9, 0) << " that a matrix product reaches here";
    std::cout << "\n";
  }
  std::cout << "on          " << speed.device << ", " << counted(speed.threads, "thread") << "\n";
  print_end(speed);
}

}  // namespace figment::cli
