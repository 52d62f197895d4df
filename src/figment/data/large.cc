#include "figment/data/large.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr char kVariable[] = "FIGMENT_SET_MEMORY";
constexpr char kDefaultFolder[] = "/var/tmp";  // unlike /tmp never in memory
constexpr std::uint64_t kShare = 4;            // of the memory, for one set

// What the machine has, or less where a control group of the process, or one above it, says so.
std::uint64_t find_memory() {
  auto all = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
             static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  std::ifstream groups("/proc/self/cgroup");  // lines "0::/path" (version 2), "4:memory:/path" (1)
  for (std::string line; std::getline(groups, line);) {
    const auto path_at = line.find('/');
    const bool second = line.rfind("0::", 0) == 0;
    if (path_at == std::string::npos || (!second && line.find(":memory:") == std::string::npos))
      continue;
    const fs::path root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (auto group = fs::path(line.substr(path_at));; group = group.parent_path()) {
      std::ifstream file(root / group.relative_path() /
                         (second ? "memory.max" : "memory.limit_in_bytes"));
      std::uint64_t most = 0;
      if (file >> most) all = std::min(all, most);
      if (!group.has_relative_path()) break;
    }
  }
  return all;
}

std::uint64_t memory_of_process() {
  static const auto found = find_memory();
  return found;
}

std::uint64_t asked_memory(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const auto number = std::strtoull(text.c_str(), &end, 10);
  const std::string unit = end;
  const auto shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (end == text.c_str() || text[0] == '-' || errno != 0 || shift < 0 ||
      number > (UINT64_MAX >> shift))
    fail(Cause::kConfig, kVariable, "expected a number of bytes such as 500M or 2G, got '",
         printable(text), "'");
  return number << shift;
}

// A file of that many bytes that has no name.
int nameless_file(const fs::path& folder, std::uint64_t bytes) {
  const auto wrong = [&](const std::string& what, int error) {
    fail(Cause::kIo, folder.string(), what, " for ", human_bytes(static_cast<double>(bytes)),
         " of examples, which are more than is held in memory: ", std::strerror(error),
         "; let TMPDIR name a folder with room, or ", kVariable, " a number of bytes to hold");
  };
  auto path = (folder / "figment-set-XXXXXX").string();
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) wrong("no file can be made", errno);
  unlink(path.c_str());
  // All of it now: a full disk must be an error here rather than a signal when a page is written.
  if (const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes)); error != 0) {
    close(file);
    wrong("there is no room", error);
  }
  return file;
}

torch::Tensor in_file(at::IntArrayRef sizes, torch::ScalarType type, std::uint64_t bytes) {
  const auto* asked = std::getenv("TMPDIR");
  const fs::path folder = asked != nullptr && *asked != '\0' ? asked : kDefaultFolder;
  const int file = nameless_file(folder, bytes);
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  close(file);  // the mapping keeps it
  if (at == MAP_FAILED)
    fail(Cause::kIo, folder.string(), "a file of ", human_bytes(static_cast<double>(bytes)),
         " cannot be mapped: ", std::strerror(error));
  return torch::from_blob(
      at, sizes, [bytes](void* begin) { munmap(begin, bytes); }, torch::dtype(type));
}

}  // namespace

std::uint64_t set_memory() {
  const auto* asked = std::getenv(kVariable);
  return asked != nullptr && *asked != '\0' ? asked_memory(asked) : memory_of_process() / kShare;
}

bool is_large(const torch::Tensor& tensor) { return tensor.nbytes() > set_memory(); }

torch::Tensor room_for(at::IntArrayRef sizes, torch::ScalarType type) {
  auto bytes = static_cast<std::uint64_t>(c10::elementSize(type));
  for (const auto extent : sizes) bytes *= static_cast<std::uint64_t>(extent);
  if (bytes > set_memory()) return in_file(sizes, type, bytes);
  return torch::empty(sizes, torch::dtype(type));
}

torch::Tensor rows_of(const torch::Tensor& x, const torch::Tensor& index) {
  auto sizes = x.sizes().vec();
  sizes[0] = index.size(0);
  auto out = room_for(sizes, x.scalar_type());
  return at::index_select_out(out, x, 0, index);
}

torch::Tensor rows_joined(const torch::Tensor& a, const torch::Tensor& b) {
  auto sizes = a.sizes().vec();
  sizes[0] += b.size(0);
  auto out = room_for(sizes, a.scalar_type());
  return at::cat_out(out, {a, b});
}

void expect_rows(const torch::Tensor& x, const torch::Tensor& index) {
  if (!is_large(x)) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGE_SIZE));
  const auto row = x.nbytes() / static_cast<std::size_t>(x.size(0));
  auto* begin = static_cast<char*>(x.data_ptr());
  const auto* rows = index.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < index.size(0); ++i) {
    auto* from = begin + static_cast<std::size_t>(rows[i]) * row;
    const auto into_page = reinterpret_cast<std::uintptr_t>(from) % page;
    // Only advice: where it cannot be given, the rows are read when they are wanted.
    madvise(from - into_page, row + into_page, MADV_WILLNEED);
  }
}

}  // namespace figment
