// Downloads of files that are known by their SHA-256: over https, resumable, never half there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace figment {

// One file to download, and what it must be.
struct Download {
  std::vector<std::string> urls{};   // mirrors, tried in this order; https:// only
  std::string sha256{};              // 64 lower-case hexadecimal digits
  std::uint64_t size = 0;            // bytes, if known; 0 if not
  std::uint64_t limit = 1ULL << 30;  // bytes at most, where the size is not known

  // Bytes so far and in all (0 when not known); called often, also while another process has the
  // file. Returning true from `interrupted` ends the download within about a second.
  std::function<void(std::uint64_t, std::uint64_t)> progress{};
  std::function<bool()> interrupted{};

  long connect_timeout = 20;  // seconds to reach a server
  long stall_timeout = 30;    // seconds below 1 KiB/s after which a server counts as stalled
  int rounds = 3;             // times through the mirrors, but not again to one that refused
  double pause = 2.0;         // seconds before the second round, twice that before the third ...

  std::string by_hand{};          // replaces the closing advice of errors, if not empty
  bool allow_local_http = false;  // for tests: also http://127.0.0.1, with no proxy
};

// Brings the file to `to`, creating its folder. Returns at once if it is there already with this
// SHA-256; one with another is replaced. Until it is whole and its hash is right it is `to`.part,
// which an interrupted download leaves and the next resumes; a wrong one is discarded. Processes
// that want the same file take turns, and the later ones find it done. With FIGMENT_OFFLINE set (to
// anything but "" or "0") nothing touches the network.
// Throws Error(kData) that names each address with what went wrong there, and where to put the file
// by hand; Error(kIo) if it cannot be written; Error(kRun) if interrupted. What `progress` or
// `interrupted` throw passes through.
void download(const Download& job, const std::filesystem::path& to);

bool offline();  // FIGMENT_OFFLINE

// 64 lower-case hexadecimal digits. Throws Error(kIo) if the file cannot be read.
std::string sha256_of(const std::filesystem::path& file);

}  // namespace figment
