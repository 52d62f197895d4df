#include "figment/train/run_folder.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/train/checkpoint.h"

namespace figment {
namespace fs = std::filesystem;
namespace {

std::string now_text(const char* format) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  char buffer[40];
  return std::string(buffer, std::strftime(buffer, sizeof buffer, format, &local));
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(Cause::kIo, path.string(), "cannot make the folder: ", error.message());
}

}  // namespace

bool is_run_folder(const fs::path& path) {
  return fs::is_regular_file(path / "config.toml") && fs::is_directory(path / "checkpoints");
}

fs::path new_run_path(const std::string& name) {
  std::random_device random;
  while (true) {
    char id[8];
    std::snprintf(id, sizeof id, "%04x", static_cast<unsigned>(random() & 0xffffu));
    const auto path = fs::path("runs") / (now_text("%Y-%m-%d") + "-" + name + "-" + id);
    if (!fs::exists(path)) return path;
  }
}

RunFolder::RunFolder(fs::path path) : path_(std::move(path)) {}

void RunFolder::check_new(const fs::path& path) {
  if (!is_run_folder(path)) return;
  const FolderLock lock(path);  // that it is at work is the better thing to say
  fail(Cause::kConfig, path.string(),
       "expected a new folder, got one that holds a run; continue it with --resume, or choose "
       "another with --out");
}

RunFolder RunFolder::create(const fs::path& path) {
  make_folder(path);
  RunFolder run(path);
  run.lock_ = std::make_unique<FolderLock>(path);
  if (is_run_folder(path)) {
    run.lock_.reset();
    check_new(path);
  }
  make_folder(run.checkpoints());
  make_folder(run.samples());
  run.metrics_ = std::make_unique<JsonLines>(path / "metrics.jsonl");
  return run;
}

RunFolder RunFolder::resume(const fs::path& path) {
  if (!is_run_folder(path))
    fail(Cause::kCheckpoint, path.string(),
         "expected a run folder (config.toml and checkpoints/), got ",
         fs::exists(path) ? "something else" : "nothing there");
  RunFolder run(path);
  run.lock_ = std::make_unique<FolderLock>(path);
  remove_leftovers(path);
  std::error_code ignored;  // a picture half written is no reason to stop
  for (const auto& entry : fs::directory_iterator(run.samples(), ignored))
    remove_leftovers(entry.path());
  make_folder(run.samples());
  run.metrics_ = std::make_unique<JsonLines>(path / "metrics.jsonl");
  return run;
}

void RunFolder::write_recipe(const std::string& toml) const {
  write_durably(path_ / "config.toml", toml);
}

void RunFolder::write_status(const nlohmann::json& status) const {
  write_durably(path_ / "run.json", status.dump(2) + "\n");
}

nlohmann::json RunFolder::read_status() const {
  try {
    return nlohmann::json::parse(read_file(path_ / "run.json", 1 << 20));
  } catch (const nlohmann::json::exception&) {
    fail(Cause::kCheckpoint, (path_ / "run.json").string(), "expected JSON, got something else");
  }
}

void RunFolder::append_metrics(const nlohmann::json& line) { metrics_->append(line); }

void RunFolder::forget_after(int64_t step) {
  metrics_.reset();
  keep_json_lines(path_ / "metrics.jsonl",
                  [&](const nlohmann::json& line) { return line.value("step", 0L) <= step; });
  metrics_ = std::make_unique<JsonLines>(path_ / "metrics.jsonl");
}

void RunFolder::log(const std::string& line) const {
  // A log line that cannot be written must not end a training; everything that matters is
  // elsewhere.
  std::ofstream(path_ / "log.txt", std::ios::app)
      << now_text("%Y-%m-%d %H:%M:%S") << "  " << line << "\n";
}

fs::path find_checkpoint(const fs::path& path, const std::string& which) {
  if (!is_run_folder(path)) {
    if (fs::is_regular_file(path / "MANIFEST.json")) return path;
    fail(Cause::kCheckpoint, path.string(),
         "expected a run folder (config.toml and checkpoints/) or a checkpoint, got ",
         fs::exists(path) ? "something else" : "nothing there");
  }
  const auto checkpoints = path / "checkpoints";
  if (which.empty()) {
    if (const auto best = pointed(checkpoints, "best")) return *best;
    if (const auto last = pointed(checkpoints, "last")) return *last;
  } else if (which == "best" || which == "last") {
    if (const auto found = pointed(checkpoints, which)) return *found;
  } else if (which.size() <= 12 && which.find_first_not_of("0123456789") == std::string::npos) {
    const auto found = step_folder(checkpoints, std::stoll(which));
    if (fs::is_directory(found)) return found;
  }
  fail(Cause::kCheckpoint, checkpoints.string(), "expected ",
       which.empty() ? "a checkpoint" : "the checkpoint '" + printable(which) + "'",
       " (best, last or the number of a step), found none; look with: ls ", checkpoints.string());
}

}  // namespace figment
