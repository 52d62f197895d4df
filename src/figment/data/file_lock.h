// An exclusive lock on a file that other processes honour, and that waits its turn.
#pragma once

#include <filesystem>
#include <functional>

namespace figment {

// Holds `path` (created if need be, never through a symbolic link) as long as it lives; the kernel
// frees it if the process dies. Who holds the lock may rename or remove the file: those who wait
// then open it anew.
class FileLock {
 public:
  // `waiting`, if given, is called about ten times a second until the lock is ours; it may throw to
  // give up. Throws Error(kIo) when the file cannot be opened or locked.
  explicit FileLock(const std::filesystem::path& path, const std::function<void()>& waiting = {});
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  int descriptor() const { return file_; }  // open for reading and writing

 private:
  void open_file();
  bool still_at_path() const;

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace figment
