// The folder of one run: what is kept of a training and where. docs/checkpoint-format.md describes
// it.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "figment/core/files.h"
#include "figment/core/json_lines.h"

namespace figment {

class RunFolder {
 public:
  // Throws Error(kConfig) when `path` holds a run already, Error(kLocked) when it is at work.
  static void check_new(const std::filesystem::path& path);
  // A new folder. Throws Error(kConfig) when it holds a run already, Error(kIo) when it cannot be
  // made, Error(kLocked) when another process works in it.
  static RunFolder create(const std::filesystem::path& path);
  // An existing one, locked for writing. Throws Error(kCheckpoint) when it is no run folder.
  static RunFolder resume(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path samples() const { return path_ / "samples"; }

  void write_recipe(const std::string& toml) const;
  // run.json; readers see the old one or the new one, never a part.
  void write_status(const nlohmann::json& status) const;
  nlohmann::json read_status() const;
  // Appends a line to metrics.jsonl.
  void append_metrics(const nlohmann::json& line);
  // Drops the metrics of later steps than `step`, before a resumed run writes them again.
  void forget_after(int64_t step);
  // Appends a line to log.txt, with the time.
  void log(const std::string& line) const;

 private:
  explicit RunFolder(std::filesystem::path path);

  std::filesystem::path path_;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<JsonLines> metrics_;
};

// "runs/2026-03-01-mnist-vae-3f9a": a path that does not exist yet.
std::filesystem::path new_run_path(const std::string& name);

// Whether `path` looks like a run folder.
bool is_run_folder(const std::filesystem::path& path);

// The folder of the checkpoint `which` of a run folder: "best", "last", the number of a step, or ""
// for the best and else the last; `path` itself where it is that of a checkpoint. Throws
// Error(kCheckpoint) when there is no such.
std::filesystem::path find_checkpoint(const std::filesystem::path& path, const std::string& which);

}  // namespace figment
