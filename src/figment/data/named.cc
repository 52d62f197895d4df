#include "figment/data/named.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <system_error>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/download.h"
#include "figment/data/file_lock.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// A name is one folder's name: nothing that leads elsewhere, nothing hidden.
bool is_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

std::vector<fs::path> user_folders() {
  std::vector<fs::path> folders;
  const std::string list = variable("FIGMENT_DATA");
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) folders.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

bool has_entries(const fs::path& folder) {
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  return !error && entries != fs::directory_iterator();
}

std::optional<fs::path> find_user_folder(const std::string& name) {
  for (const fs::path& folder : user_folders()) {
    if (has_entries(folder / name)) return folder / name;
  }
  return std::nullopt;
}

const CatalogueEntry* find_entry(const std::string& name) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool has_size(const fs::path& file, std::uint64_t size) {
  std::error_code error;
  return fs::is_regular_file(file, error) && fs::file_size(file, error) == size && !error;
}

// All files there, with their sizes; members whose size varies need only be there.
bool is_whole(const CatalogueEntry& entry, const fs::path& folder) {
  std::error_code error;
  for (const ArchiveMember& member : entry.members) {
    const fs::path file = folder / member.name;
    if (member.size ? !has_size(file, member.size) : !fs::is_regular_file(file, error))
      return false;
  }
  if (!entry.members.empty()) return true;
  return std::all_of(entry.files.begin(), entry.files.end(), [&](const CatalogueFile& file) {
    return has_size(folder / file.name, file.size);
  });
}

// Whole, and each downloaded file with its hash. Members were written from an archive that had it.
bool is_verified(const CatalogueEntry& entry, const fs::path& folder) {
  if (!is_whole(entry, folder)) return false;
  if (!entry.members.empty()) return true;
  return std::all_of(entry.files.begin(), entry.files.end(), [&](const CatalogueFile& file) {
    return sha256_of(folder / file.name) == file.sha256;
  });
}

// Files of the catalogue that a user's folder lacks; uncompressed copies count.
std::vector<std::string> missing_files(const CatalogueEntry& entry, const fs::path& folder) {
  std::vector<std::string> missing;
  std::error_code error;
  for (const std::string& name : entry.contents()) {
    const bool packed = name.size() > 3 && name.compare(name.size() - 3, 3, ".gz") == 0;
    if (fs::exists(folder / name, error)) continue;
    if (packed && fs::exists(folder / name.substr(0, name.size() - 3), error)) continue;
    missing.push_back(name);
  }
  return missing;
}

std::string by_hand(const CatalogueEntry& entry, const fs::path& folder) {
  std::string text = "to go on without, put by hand into " + folder.string() + ":";
  for (const CatalogueFile& file : entry.files) {
    text += "\n  " + file.name + "  " + std::to_string(file.size) + " bytes, SHA-256 " +
            file.sha256 + "\n    from " + join(file.urls, " or ");
  }
  return text;
}

Download job_of(const CatalogueEntry& entry, const CatalogueFile& file, const fs::path& folder,
                const Watch& watch) {
  Download job;
  job.urls = file.urls;
  job.sha256 = file.sha256;
  job.size = file.size;
  job.by_hand = by_hand(entry, folder);
  job.interrupted = watch.interrupted;
  if (watch.progress) {
    job.progress = [&watch, name = file.name](std::uint64_t got, std::uint64_t total) {
      watch.progress(name, got, total);
    };
  }
  return job;
}

void say(const Watch& watch, const std::string& line) {
  if (watch.say) watch.say(line);
}

[[noreturn]] void fail_unknown(const std::string& name) {
  std::vector<std::string> known;
  for (const NamedSet& set : list_named()) known.push_back(set.name);
  const std::string folders = variable("FIGMENT_DATA");
  fail(Cause::kData, printable(name), "expected the name of a data set: ", join(known, ", "),
       ", or a folder in $FIGMENT_DATA (", folders.empty() ? "not set" : printable(folders, 200),
       ")", did_you_mean(name, known));
}

}  // namespace

std::optional<fs::path> cache_folder() {
  const fs::path cache = variable("XDG_CACHE_HOME");
  if (cache.is_absolute()) return cache / "figment" / "data";  // its standard: else ignore it
  const fs::path home = variable("HOME");
  if (home.is_absolute()) return home / ".cache" / "figment" / "data";
  return std::nullopt;
}

std::optional<fs::path> find_local(const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  if (auto folder = find_user_folder(name)) return folder;
  const CatalogueEntry* entry = find_entry(name);
  const auto cache = cache_folder();
  if (entry && cache && is_whole(*entry, *cache / name)) return *cache / name;
  return std::nullopt;
}

fs::path locate(const std::string& name, const Watch& watch) {
  const CatalogueEntry* entry = find_entry(name);
  if (is_name(name)) {
    if (const auto folder = find_user_folder(name)) {
      const auto missing = entry ? missing_files(*entry, *folder) : std::vector<std::string>();
      if (!missing.empty()) {
        say(watch,
            name + ": only in part in " + folder->string() + ", without " + join(missing, ", "));
      }
      return *folder;
    }
  }
  if (!entry) fail_unknown(name);
  const auto cache = cache_folder();
  if (!cache) {
    fail(Cause::kData, name,
         "expected a folder to keep the download in, got none; set HOME or XDG_CACHE_HOME, or put "
         "the set into a folder that FIGMENT_DATA names");
  }
  fetch(*entry, *cache / name, watch);
  return *cache / name;
}

void fetch(const CatalogueEntry& entry, const fs::path& folder, const Watch& watch,
           bool allow_local_http) {
  if (is_verified(entry, folder)) return;  // before any lock: the cache may be read-only
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(Cause::kIo, folder.string(), "could not be created: ", error.message());
  const FileLock turn(folder / ".lock", [&] {
    if (watch.interrupted && watch.interrupted()) {
      fail(Cause::kRun, folder.string(), "interrupted while another process downloads into it");
    }
  });
  if (is_verified(entry, folder)) return;
  if (!offline()) {
    say(watch, entry.name + ": downloading " + human_bytes(double(entry.bytes())) + " into " +
                   folder.string() + " (" + entry.source + ")");
  }
  for (const CatalogueFile& file : entry.files) {
    Download job = job_of(entry, file, folder, watch);
    job.allow_local_http = allow_local_http;
    download(job, folder / file.name);
  }
  if (entry.members.empty()) return;
  const fs::path archive = folder / entry.files.front().name;
  extract_members(archive, entry.members, folder);
  fs::remove(archive, error);  // a left-over archive harms nobody
}

std::string NamedSet::status() const {
  if (!where) return "not here, " + human_bytes(double(download)) + " to download";
  if (missing.empty()) return where->string();
  return where->string() + " (in part: no " + join(missing, ", ") + ")";
}

std::vector<NamedSet> list_named() {
  std::vector<NamedSet> sets;
  for (const CatalogueEntry& entry : catalogue()) {
    NamedSet set{entry.name, entry.title, entry.source, find_local(entry.name), {}, entry.bytes()};
    if (set.where) set.missing = missing_files(entry, *set.where);
    sets.push_back(std::move(set));
  }
  std::set<std::string> others;
  for (const fs::path& folder : user_folders()) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (is_name(name) && !find_entry(name) && has_entries(at->path())) others.insert(name);
    }
  }
  for (const std::string& name : others) {
    if (const auto where = find_user_folder(name)) sets.push_back({name, "", "", where, {}, 0});
  }
  return sets;
}

}  // namespace figment
