// Durable writing, careful reading, checksums and the lock of a folder, on POSIX calls.
#include "figment/core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

#include "figment/core/text.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporaryPrefix = ".tmp-";

// Repeats a call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void fail_errno(Cause cause, const fs::path& path, std::string_view action,
                             int error) {
  fail(cause, path.string(), action, ": ", std::generic_category().message(error));
}

[[noreturn]] void fail_errno(Cause cause, const fs::path& path, std::string_view action) {
  fail_errno(cause, path, action, errno);
}

// An open file, closed on every way out.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  // Some file systems report a failed write only here. Not retried: Linux frees the number first.
  bool close() { return ::close(release()) == 0 || errno == EINTR; }

 private:
  int number_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Reads until `size` bytes are there or the file ends.
std::size_t read_up_to(int file, char* bytes, std::size_t size, Cause cause, const fs::path& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = retry([&] { return ::read(file, bytes + done, size - done); });
    if (got < 0) fail_errno(cause, path, "cannot be read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = retry([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (put < 0) fail_errno(Cause::kIo, path, "cannot be written");
    if (put == 0) fail(Cause::kIo, path.string(), "cannot be written: the disk takes no more");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void verify(int file, std::string_view expected, const fs::path& path) {
  if (::lseek(file, 0, SEEK_SET) != 0) fail_errno(Cause::kIo, path, "cannot be read back");
  std::string found(std::min<std::size_t>(expected.size() + 1, 1 << 20), '\0');
  for (;;) {
    const std::size_t got = read_up_to(file, found.data(), found.size(), Cause::kIo, path);
    if (got == 0 && expected.empty()) return;
    if (got == 0 || expected.substr(0, got) != std::string_view(found).substr(0, got)) {
      fail(Cause::kIo, path.string(), "the file read back differs from what was written to it");
    }
    expected.remove_prefix(got);
  }
}

// Writes through to the disk and compares, under the name that messages are to show.
void fill(Descriptor& file, std::string_view bytes, const fs::path& shown) {
  write_all(file.get(), bytes, shown);
  if (retry([&] { return ::fsync(file.get()); }) != 0) {
    fail_errno(Cause::kIo, shown, "cannot be written to the disk");
  }
  verify(file.get(), bytes, shown);
  if (!file.close()) fail_errno(Cause::kIo, shown, "cannot be written");
}

Descriptor create_new(const fs::path& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  return Descriptor(retry([&] { return ::open(path.c_str(), kFlags, 0666); }));
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t limit, Cause cause) {
  // O_NONBLOCK, so that a pipe in the place of a file is refused instead of waited on.
  const Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!file.is_open()) fail_errno(cause, path, "cannot be opened for reading");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_errno(cause, path, "cannot be read");
  if (!S_ISREG(status.st_mode)) {
    fail(cause, path.string(), "expected a file, got ", kind_of(status.st_mode));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) {
    fail(cause, path.string(), "expected at most ", limit, " bytes, got ", size);
  }
  std::string bytes(size, '\0');
  bytes.resize(read_up_to(file.get(), bytes.data(), bytes.size(), cause, path));
  return bytes;
}

void write_new_file(const fs::path& path, std::string_view bytes) {
  Descriptor file = create_new(path);
  if (!file.is_open()) fail_errno(Cause::kIo, path, "cannot be created");
  try {
    fill(file, bytes, path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
}

void write_durably(const fs::path& path, std::string_view bytes) {
  if (std::error_code ignored; fs::is_directory(path, ignored)) {
    fail(Cause::kIo, path.string(), "expected a file to write, got a folder");
  }
  const fs::path temporary = temporary_beside(path);
  Descriptor file = create_new(temporary);
  if (!file.is_open()) fail_errno(Cause::kIo, path, "cannot be created");
  try {
    fill(file, bytes, path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      fail_errno(Cause::kIo, path, "cannot be replaced");
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.parent_path());
}

fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  for (;;) {
    const std::string name = std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" +
                             std::to_string(count.fetch_add(1));
    fs::path candidate = path.parent_path() / name;
    // In a container process numbers come back: skip what a dead namesake left behind.
    struct stat status {};
    if (::lstat(candidate.c_str(), &status) != 0) return candidate;
  }
}

void remove_leftovers(const fs::path& folder) {
  std::vector<fs::path> leftovers;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (name.rfind(kTemporaryPrefix, 0) == 0) leftovers.push_back(it->path());
  }
  for (const auto& path : leftovers) fs::remove_all(path, ignored);
}

void sync_folder(const fs::path& folder) {
  const fs::path path = folder.empty() ? fs::path(".") : folder;
  const Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!file.is_open()) fail_errno(Cause::kIo, path, "cannot be opened as a folder");
  // EINVAL: a file system that has nothing to sync for a folder.
  if (retry([&] { return ::fsync(file.get()); }) != 0 && errno != EINVAL) {
    fail_errno(Cause::kIo, path, "cannot be written to the disk");
  }
}

std::string checksum(std::string_view bytes) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return digits;
}

FolderLock::FolderLock(const fs::path& folder) {
  const fs::path path = folder / "lock";
  Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666); }));
  if (!file.is_open()) fail_errno(Cause::kIo, path, "cannot be opened to lock the folder");
  if (retry([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) fail_errno(Cause::kIo, path, "cannot be locked");
    char text[256];
    const ssize_t got = ::pread(file.get(), text, sizeof text, 0);
    const std::string holder =
        got > 0 ? printable(std::string_view(text, static_cast<std::size_t>(got)), 200)
                : "another process";
    fail(Cause::kLocked, folder.string(), "the folder is in use by ", holder,
         "; wait for it to end or stop it");
  }
  char host[128] = "";
  ::gethostname(host, sizeof host - 1);
  const std::string holder = "process " + std::to_string(::getpid()) + " on " + host;
  // The kernel holds the lock; the text only serves the message above. On a full disk it stays
  // empty.
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), holder.data(), holder.size(), 0) !=
                                             static_cast<ssize_t>(holder.size())) {
    [[maybe_unused]] const int emptied = ::ftruncate(file.get(), 0);
  }
  file_ = file.release();
}

FolderLock::~FolderLock() {
  // The file stays: deleting it would let two processes lock two different files of one name.
  [[maybe_unused]] const int emptied = ::ftruncate(file_, 0);
  ::close(file_);
}

}  // namespace figment
