#include "figment/data/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "figment/core/error.h"

namespace figment {

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting)
    : path_(path) {
  try {
    open_file();
    for (;;) {
      if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
        if (still_at_path()) return;
        open_file();  // the holder before us renamed or removed it
        continue;
      }
      if (errno != EWOULDBLOCK && errno != EINTR) {
        fail(Cause::kIo, path_.string(), "could not be locked: ", std::strerror(errno));
      }
      if (waiting) waiting();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

FileLock::~FileLock() { ::close(file_); }

void FileLock::open_file() {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file_ < 0) {
    fail(Cause::kIo, path_.string(), "could not be opened for writing: ", std::strerror(errno));
  }
}

bool FileLock::still_at_path() const {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file_, &ours) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace figment
