// Checkpoints: written beside, verified, renamed into place; read only when every byte is right.
#include "figment/train/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/train/manifest.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxManifest = 1 << 24;
constexpr std::string_view kStep = "step_";

[[noreturn]] void damaged(const fs::path& path, const std::string& sentence) {
  fail(Cause::kCheckpoint, path.string(), sentence);
}

[[noreturn]] void fail_errno(const fs::path& path, std::string_view action) {
  fail(Cause::kIo, path.string(), action, ": ", std::generic_category().message(errno));
}

// The number in "step_00001000"; nullopt for any other name.
std::optional<int64_t> step_of(const std::string& name) {
  const std::string digits = name.substr(std::min(kStep.size(), name.size()));
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const int64_t step = std::stoll(digits);
  if (step_folder("", step) != name) return std::nullopt;
  return step;
}

// True also where that cannot be found out: opening it will then say why.
bool is_there(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

std::vector<std::string> names_in(const fs::path& folder, Cause cause) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) fail(cause, folder.string(), "cannot be listed: ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// The steps there are by name, newest first.
std::vector<int64_t> steps_in(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  if (!is_there(checkpoints)) return steps;
  for (const auto& name : names_in(checkpoints, Cause::kIo)) {
    if (const auto step = step_of(name)) steps.push_back(*step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

Manifest manifest_of(int64_t step, const CheckpointFiles& content) {
  Manifest manifest;
  manifest.step = step;
  for (const auto& [name, bytes] : content.files) {
    if (!is_file_name(name)) {
      fail(Cause::kCheckpoint, "checkpoint", "'", printable(name), "' cannot name a file in it");
    }
    manifest.files[name] = {bytes.size(), checksum(bytes)};
  }
  return manifest;
}

// The manifest, after checking that the folder holds just its files, each of its size.
Manifest check_names_and_sizes(const fs::path& folder) {
  if (!is_there(folder)) damaged(folder, "expected the folder of a checkpoint, found none");
  const fs::path path = folder / Manifest::kName;
  if (!is_there(path)) damaged(path, "expected a manifest, found none");
  const Manifest manifest =
      Manifest::parse(read_file(path, kMaxManifest, Cause::kCheckpoint), path);
  for (const auto& name : names_in(folder, Cause::kCheckpoint)) {
    if (name != Manifest::kName && manifest.files.count(name) == 0) {
      damaged(folder / name, "expected only the files of the manifest, found this one too");
    }
  }
  for (const auto& [name, file] : manifest.files) {
    struct stat status {};
    if (::stat((folder / name).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      damaged(folder / name,
              "expected a file of " + std::to_string(file.size) + " bytes, found none");
    }
    if (static_cast<std::uint64_t>(status.st_size) != file.size) {
      damaged(folder / name, "expected " + std::to_string(file.size) + " bytes, found " +
                                 std::to_string(status.st_size));
    }
  }
  return manifest;
}

bool is_whole(const fs::path& folder, const Manifest& expected) {
  try {
    if (check_names_and_sizes(folder).text() != expected.text()) return false;
    read_checkpoint(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Lets the folder `from` take the name `to`. If `to` exists the two change places in one step; file
// systems without that (NFS) have a moment with neither, and the old one is put back on failure.
void take_place(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno != ENOTEMPTY && errno != EEXIST) fail_errno(to, "cannot be renamed into place");
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) fail_errno(to, "cannot be replaced");
  const fs::path old = temporary_beside(to);
  if (::rename(to.c_str(), old.c_str()) != 0) fail_errno(to, "cannot be replaced");
  if (::rename(from.c_str(), to.c_str()) != 0) {
    const int error = errno;
    [[maybe_unused]] const int put_back = ::rename(old.c_str(), to.c_str());
    errno = error;
    fail_errno(to, "cannot be replaced");
  }
  std::error_code ignored;
  fs::rename(old, from, ignored);
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;  // what stays is swept by prune()
  fs::remove_all(path, ignored);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directory(folder, error)) sync_folder(folder.parent_path());
  if (error) fail(Cause::kIo, folder.string(), "cannot be created: ", error.message());
}

// A folder's deletion takes many steps: it loses its name first, so that no half of it is ever met.
void remove_step(const fs::path& folder) {
  const fs::path doomed = temporary_beside(folder);
  if (::rename(folder.c_str(), doomed.c_str()) != 0) fail_errno(folder, "cannot be deleted");
  sync_folder(folder.parent_path());
  remove_quietly(doomed);
}

}  // namespace

fs::path step_folder(const fs::path& checkpoints, int64_t step) {
  const std::string digits = std::to_string(step);
  return checkpoints / (std::string(kStep) +
                        std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits);
}

fs::path write_checkpoint(const fs::path& checkpoints, int64_t step,
                          const CheckpointFiles& content) {
  FIGMENT_CHECK(step >= 0);
  const Manifest manifest = manifest_of(step, content);
  make_folder(checkpoints);
  const fs::path target = step_folder(checkpoints, step);
  if (is_there(target) && is_whole(target, manifest)) {
    sync_folder(checkpoints);  // the process that renamed it may have died before doing so
    return target;
  }
  const fs::path temporary = temporary_beside(target);
  try {
    make_folder(temporary);
    for (const auto& [name, bytes] : content.files) write_new_file(temporary / name, bytes);
    write_new_file(temporary / Manifest::kName, manifest.text());
    sync_folder(temporary);
    take_place(temporary, target);
  } catch (...) {
    remove_quietly(temporary);
    throw;
  }
  sync_folder(checkpoints);
  remove_quietly(temporary);  // the step that was replaced, if any
  return target;
}

CheckpointFiles read_checkpoint(const fs::path& step_folder) {
  const Manifest manifest = check_names_and_sizes(step_folder);
  CheckpointFiles content;
  for (const auto& [name, file] : manifest.files) {
    std::string bytes = read_file(step_folder / name, file.size, Cause::kCheckpoint);
    if (const std::string found = checksum(bytes); found != file.xxh3) {
      damaged(step_folder / name,
              "expected checksum " + file.xxh3 + ", found " + found + "; the file is damaged");
    }
    content.files[name] = std::move(bytes);
  }
  return content;
}

void point(const fs::path& checkpoints, const std::string& name, int64_t step) {
  FIGMENT_CHECK(is_file_name(name) && !step_of(name));
  const fs::path target = step_folder(checkpoints, step);
  check_names_and_sizes(target);
  write_durably(checkpoints / name, target.filename().string() + "\n");
}

void unpoint(const fs::path& checkpoints, const std::string& name) {
  FIGMENT_CHECK(is_file_name(name) && !step_of(name));
  std::error_code error;
  const bool gone = fs::remove(checkpoints / name, error);
  if (error) fail(Cause::kIo, (checkpoints / name).string(), "cannot delete: ", error.message());
  if (gone) sync_folder(checkpoints);
}

std::optional<fs::path> pointed(const fs::path& checkpoints, const std::string& name) {
  const fs::path path = checkpoints / name;
  if (!is_there(path)) return std::nullopt;
  std::string text = read_file(path, 64, Cause::kCheckpoint);
  const bool ended = !text.empty() && text.back() == '\n';
  if (ended) text.pop_back();
  if (!ended || !step_of(text)) {
    damaged(path, "expected the name of a step and a newline, found '" + printable(text) +
                      "'; delete this file to go on without it");
  }
  return checkpoints / text;
}

std::optional<fs::path> newest_whole(const fs::path& checkpoints,
                                     const std::function<void(const std::string&)>& warn) {
  for (const int64_t step : steps_in(checkpoints)) {
    const fs::path folder = step_folder(checkpoints, step);
    try {
      const int64_t found = check_names_and_sizes(folder).step;
      if (found != step) damaged(folder, "expected this step, found step " + std::to_string(found));
      read_checkpoint(folder);
      return folder;
    } catch (const Error& error) {
      warn(error.what());
    }
  }
  return std::nullopt;
}

void prune(const fs::path& checkpoints, int64_t keep) {
  std::vector<fs::path> protected_ones;
  for (const char* name : {"last", "best"}) {
    if (const auto folder = pointed(checkpoints, name)) protected_ones.push_back(*folder);
  }
  int64_t kept = 0;
  for (const int64_t step : steps_in(checkpoints)) {
    const fs::path folder = step_folder(checkpoints, step);
    if (kept < keep) {
      try {
        check_names_and_sizes(folder);
        ++kept;
      } catch (const Error&) {
        // Damaged: left for a person to look at, until enough newer ones stand.
      }
    } else if (std::find(protected_ones.begin(), protected_ones.end(), folder) ==
               protected_ones.end()) {
      remove_step(folder);
    }
  }
  remove_leftovers(checkpoints);
}

}  // namespace figment
