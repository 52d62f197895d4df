// Every durable write of figment goes through here: temporary file in the same folder, fsync,
// rename, fsync of the folder; only then is it acknowledged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "figment/core/error.h"

namespace figment {

// The bytes of a regular file. Throws Error(cause) when it cannot be read or is larger than
// `limit`.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit = 1ULL << 34,
                      Cause cause = Cause::kIo);

// Writes `bytes` as `path` so that at every moment, also after a crash, `path` is either what it
// was or all of `bytes`. Reads the temporary file back and compares before the rename. Throws
// Error(kIo) naming the path and the reason ("No space left on device"); the temporary file is then
// removed.
void write_durably(const std::filesystem::path& path, std::string_view bytes);

// The two halves of write_durably, for folders that are filled first and renamed into place whole.
// Writes `bytes` as the new file `path`, fsyncs it, reads it back and compares. Throws Error(kIo),
// also if `path` exists; what was written is then removed.
void write_new_file(const std::filesystem::path& path, std::string_view bytes);
// A free name beside `path`: ".tmp-<process>-<count>".
std::filesystem::path temporary_beside(const std::filesystem::path& path);
// Deletes the files and folders of such names: what interrupted writes left. For the one process
// that writes in `folder`, while it writes nothing. What cannot be deleted stays.
void remove_leftovers(const std::filesystem::path& folder);

// fsync of a folder, so that renames within it are on disk.
void sync_folder(const std::filesystem::path& folder);

// XXH3, 64 bits, as 16 hexadecimal digits.
std::string checksum(std::string_view bytes);

// Holds an exclusive lock on `folder`/lock as long as it lives; the kernel frees it if the process
// dies, however it dies. Throws Error(kLocked) naming the process that holds it, Error(kIo) if the
// folder is missing or may not be written.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace figment
