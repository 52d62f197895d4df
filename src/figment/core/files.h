// Every durable write of figment goes through here: temporary file in the same folder, fsync,
// rename, fsync of the folder; only then is it acknowledged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace figment {

// The bytes of a regular file. Throws Error(cause) when it cannot be read or is larger than
// `limit`.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit = 1ULL << 34);

// Writes `bytes` as `path` so that at every moment, also after a crash, `path` is either what it
// was or all of `bytes`. Reads the temporary file back and compares before the rename. Throws
// Error(kIo) naming the path and the reason ("No space left on device"); the temporary file is then
// removed.
void write_durably(const std::filesystem::path& path, std::string_view bytes);

// fsync of a folder, so that renames within it are on disk.
void sync_folder(const std::filesystem::path& folder);

// XXH3, 64 bits, as 16 hexadecimal digits.
std::string checksum(std::string_view bytes);

// Holds an exclusive lock on `folder`/lock as long as it lives; the kernel frees it if the process
// dies. Throws Error(kLocked) naming the process that holds it.
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
