// A trained model taken from its run folder, ready to be asked for its abilities.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <string>

#include "figment/data/open.h"
#include "figment/model/family.h"
#include "figment/train/run_folder.h"
#include "figment/train/state.h"

namespace figment {

struct OpenOptions {
  std::string checkpoint = "";  // "best", "last", a step number; empty: the best, else the last
  std::string device = "auto";
};

struct LoadedRun {
  std::filesystem::path folder{};      // of the run; empty when a checkpoint alone was opened
  std::filesystem::path checkpoint{};  // its folder
  const Family* family = nullptr;
  Recipe recipe{};
  Scaling scaling{};
  TableEncoding encoding{};
  TrainingState state{};
  std::shared_ptr<Model> model{};  // in evaluation mode, with averaged weights where there are any

  const ExampleSpec& example() const { return model->example(); }
  torch::Device device() const { return model->device(); }
};

// Opens a run folder, or the folder of one checkpoint. Every checksum is verified first. Throws
// Error(kCheckpoint) when there is no such run or checkpoint or it is damaged.
LoadedRun open_run(const std::filesystem::path& path, const OpenOptions& options = {});

// Throws Error(kConfig): what lacks the ability, and which families have it.
[[noreturn]] void lacks_ability(const LoadedRun& run, bool Abilities::*ability, const char* verb);

// The model as an A. `ability` is the flag of A in the family's card, `verb` what was to be done.
template <class A>
A& ability(const LoadedRun& run, bool Abilities::*flag, const char* verb) {
  auto* able = dynamic_cast<A*>(run.model.get());
  if (able == nullptr) lacks_ability(run, flag, verb);
  return *able;
}

}  // namespace figment
