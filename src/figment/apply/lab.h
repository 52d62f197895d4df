// Families side by side on one set of points in the plane: each is trained for a little, judged by
// what it can be judged by, and shown by the sections of its report.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "figment/core/say.h"
#include "figment/eval/evaluate.h"
#include "figment/model/family.h"
#include "figment/train/recipe.h"

namespace figment {

struct LabOptions {
  std::string source = "8gaussians";    // a toy set
  std::vector<std::string> families{};  // by name; empty: all that sample and take points
  // KEY=VALUE for every recipe, such as train.steps=5000; FAMILY.KEY=VALUE for the model of one,
  // such as flow.steps=8.
  std::vector<std::string> settings{};
  std::filesystem::path folder{};  // of the runs and of lab.html; must not exist or be empty
  double seconds = 60;             // that each may train
  std::uint64_t seed = 1;
  int64_t threads = 0;
  Say say{};                        // told of what begins and ends
  std::function<bool()> stopped{};  // asked from another thread; may be empty
};

struct LabRow {
  const Family* family = nullptr;
  std::filesystem::path run{};
  int64_t steps = 0;
  bool in_time = true;  // false: the seconds were over before the steps
  double seconds = 0;   // of training
  Results metrics{};    // of kl_to_truth, else nll, else bound, and of prdc: what the model allows
};

// How well the density of a row fits: "kl_to_truth" or "nll", and its number; "<= 1.2" where all
// there is is a bound on nll. Without a name "no density", of a family that has none.
std::pair<std::string, std::string> density_of(const LabRow& row);

// The recipe of a family in the lab: its defaults, but where these are not for points and an
// enumerated setting has a value that is, that one; then the settings. Throws Error(kConfig).
Recipe lab_recipe(const Family& family, const LabOptions& options);

// The families asked for, or all that can be used. Throws Error(kConfig) for an unknown name, or
// one that does not sample.
std::vector<const Family*> lab_families(const LabOptions& options);

// Trains, judges, and writes folder/lab.html beside a run folder for each family. Throws
// Error(kConfig) for a source that is no toy set, a folder that holds something, or settings that a
// family does not take; Error(kRun) when `stopped` said so.
std::vector<LabRow> run_lab(const LabOptions& options);

}  // namespace figment
