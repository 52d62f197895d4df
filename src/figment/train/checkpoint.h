// A checkpoint is a folder of files bound together by MANIFEST.json (sizes and XXH3 checksums),
// which is written last. The format, for other readers: docs/checkpoint-format.md.
//
// Promised, whatever kills the process or fills the disk:
//   1. A step that write_checkpoint returned is on disk and stays readable until pruned or
//   replaced.
//   2. A folder named step_... is whole, or read_checkpoint refuses it; damage never reads as data.
//   3. A pointer names a step that was whole when point() was called, and prune never deletes it.
// One process writes in a run folder at a time (FolderLock); reading needs no lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace figment {

// Names are letters, digits, '.', '_' and '-', do not begin with '.', and are not MANIFEST.json.
struct CheckpointFiles {
  std::map<std::string, std::string> files{};  // name -> bytes
};

// Writes <checkpoints>/step_00001000 (`checkpoints` is created if missing) and returns its path
// once it is on disk. A whole step of the same content is kept; any other is replaced, by exchange
// of names. Throws Error(kIo) with the reason; what was there before is then still there. Same
// content, same bytes.
std::filesystem::path write_checkpoint(const std::filesystem::path& checkpoints, int64_t step,
                                       const CheckpointFiles& content);

// Reads and verifies all files. Throws Error(kCheckpoint) naming the file, expected and found.
CheckpointFiles read_checkpoint(const std::filesystem::path& step_folder);

// <checkpoints>/step_00001000
std::filesystem::path step_folder(const std::filesystem::path& checkpoints, int64_t step);

// Lets the pointer `name` ("last" or "best") name `step`: a text file, replaced by rename. Throws
// Error(kCheckpoint) if that step has no readable manifest, Error(kIo) if it cannot be written.
void point(const std::filesystem::path& checkpoints, const std::string& name, int64_t step);

// Removes the pointer, if it is there; the step it named may then be pruned. Throws Error(kIo).
void unpoint(const std::filesystem::path& checkpoints, const std::string& name);

// The step folder a pointer names; nullopt if there is no such pointer. Throws Error(kCheckpoint)
// if the pointer is no pointer.
std::optional<std::filesystem::path> pointed(const std::filesystem::path& checkpoints,
                                             const std::string& name);

// The newest whole checkpoint; damaged ones are passed over, each told through `warn`. nullopt if
// none.
std::optional<std::filesystem::path> newest_whole(
    const std::filesystem::path& checkpoints, const std::function<void(const std::string&)>& warn);

// Deletes all but the newest `keep`, never what last or best point to; removes what interrupted
// writes left. A step whose manifest or sizes are wrong does not count as one of the `keep`. Throws
// as pointed(), before anything is deleted.
void prune(const std::filesystem::path& checkpoints, int64_t keep);

}  // namespace figment
