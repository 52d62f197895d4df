#include "figment/data/download.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <thread>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/file_lock.h"
#include "figment/data/transfer.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

bool is_right(const Download& job, const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return false;
  if (job.size && fs::file_size(file, error) != job.size) return false;
  return sha256_of(file) == job.sha256;
}

void check_interrupted(const Download& job, const fs::path& to) {
  if (job.interrupted && job.interrupted()) {
    fail(Cause::kRun, to.string(), "download interrupted; the next start goes on from there");
  }
}

void check_urls(const Download& job) {
  for (const std::string& url : job.urls) {
    const bool local = job.allow_local_http && url.compare(0, 17, "http://127.0.0.1:") == 0;
    if (url.compare(0, 8, "https://") != 0 && !local) {
      fail(Cause::kData, printable(url, 200),
           "expected an address that begins with https://, since figment downloads over nothing "
           "else; change the address or download the file yourself");
    }
  }
}

std::string advice(const Download& job, const fs::path& to) {
  if (!job.by_hand.empty()) return job.by_hand;
  const std::string size = job.size ? std::to_string(job.size) + " bytes, " : "";
  return "to go on without, put the file there by hand: " + to.string() + " (" + size + "SHA-256 " +
         job.sha256 + ")";
}

// The file while it grows: `to`.part, locked. An empty one is not left behind.
class Part {
 public:
  Part(const Download& job, const fs::path& to)
      : path_(to.string() + ".part"), lock_(path_, [&] { while_waiting(job, to); }) {}
  ~Part() {
    if (!renamed_ && size() == 0) ::unlink(path_.c_str());
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const fs::path& path() const { return path_; }
  int descriptor() const { return lock_.descriptor(); }
  std::uint64_t size() const {
    struct stat status {};
    ::fstat(descriptor(), &status);
    return static_cast<std::uint64_t>(status.st_size);
  }
  void clear() {
    if (::ftruncate(descriptor(), 0) != 0) fail_io("could not be emptied");
  }
  void rename_to(const fs::path& to) {
    if (::fsync(descriptor()) != 0) fail_io("could not be written");
    if (::rename(path_.c_str(), to.c_str()) != 0) fail_io("could not be renamed");
    renamed_ = true;
    sync_folder(to.parent_path());
  }

 private:
  // Another process downloads: what it has so far is our progress too.
  void while_waiting(const Download& job, const fs::path& to) const {
    check_interrupted(job, to);
    std::error_code error;
    const auto there = fs::file_size(path_, error);
    if (job.progress && !error) job.progress(there, job.size);
  }
  [[noreturn]] void fail_io(const char* what) const {
    fail(Cause::kIo, path_.string(), what, ": ", std::strerror(errno));
  }

  fs::path path_;
  FileLock lock_;
  bool renamed_ = false;
};

// One try at one mirror, from what is there already.
TransferResult attempt(const Download& job, const std::string& url, Part& part) {
  if (part.size() > (job.size ? job.size : job.limit)) part.clear();
  const std::uint64_t offset = part.size();
  if (offset == 0 || offset != job.size) {
    TransferResult result = transfer(job, url, part.descriptor(), offset, part.path().string());
    if (result.restart) part.clear();
    if (!result.complete) return result;
  }
  const std::string hash = sha256_of(part.path());
  if (hash == job.sha256) return {true, false, false, {}};
  TransferResult wrong;
  // Bytes of two sources may have been joined: then the mirror deserves a try from the start.
  wrong.hopeless = offset == 0 && (job.size == 0 || part.size() == job.size);
  wrong.reason = "wrong content, discarded: " + std::to_string(part.size()) +
                 " bytes with SHA-256 " + hash + ", expected " + job.sha256;
  part.clear();
  return wrong;
}

void pause(const Download& job, double seconds, const fs::path& to) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    check_interrupted(job, to);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Through the mirrors, several times. What went wrong at each, or empty when `part` is right.
std::vector<std::string> try_mirrors(const Download& job, Part& part, const fs::path& to) {
  constexpr std::uint64_t kProgress = 1 << 16;
  std::vector<TransferResult> results(job.urls.size());
  std::uint64_t best = part.size();
  for (int round = 0; round < job.rounds;) {
    for (std::size_t i = 0; i < job.urls.size(); ++i) {
      if (results[i].hopeless) continue;
      check_interrupted(job, to);
      results[i] = attempt(job, job.urls[i], part);
      if (results[i].complete) return {};
    }
    const bool hopeless = std::all_of(results.begin(), results.end(),
                                      [](const TransferResult& result) { return result.hopeless; });
    if (hopeless) break;
    // A connection that is cut again and again still gets there, so long as each time brings more.
    if (part.size() >= best + kProgress) {
      best = part.size();
    } else if (++round < job.rounds) {
      pause(job, job.pause * round, to);
    }
  }
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < results.size(); ++i) {
    reasons.push_back(job.urls[i] + ": " + results[i].reason);
  }
  return reasons;
}

}  // namespace

bool offline() {
  const char* value = std::getenv("FIGMENT_OFFLINE");
  return value && *value && std::string(value) != "0";
}

std::string sha256_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  FIGMENT_CHECK(digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  std::vector<char> buffer(1 << 18);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof()) fail(Cause::kIo, file.string(), "could not be read: ", std::strerror(errno));
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", bytes[i]);
    text += hex;
  }
  return text;
}

void download(const Download& job, const fs::path& target) {
  FIGMENT_CHECK(!job.urls.empty() && job.sha256.size() == 64 && job.rounds > 0);
  check_urls(job);
  const fs::path to = fs::absolute(target);  // so that it has a folder to create and to sync
  if (is_right(job, to)) return;
  if (offline()) {
    const char* state = fs::exists(to) ? "is not the file expected" : "is not here";
    fail(Cause::kData, to.string(), state, ", and FIGMENT_OFFLINE forbids downloading it; ",
         advice(job, to));
  }
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (error) fail(Cause::kIo, to.parent_path().string(), "could not be created: ", error.message());

  Part part(job, to);
  if (is_right(job, to)) {  // another process was faster
    part.clear();
    return;
  }
  const std::vector<std::string> reasons = try_mirrors(job, part, to);
  if (!reasons.empty()) {
    fail(Cause::kData, to.filename().string(), "could not be downloaded: ", join(reasons, "; "),
         "; ", advice(job, to));
  }
  part.rename_to(to);
}

}  // namespace figment
