// Data sets by name: `mnist`, or any folder the user keeps in $FIGMENT_DATA.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "figment/core/say.h"
#include "figment/data/catalogue.h"

namespace figment {

// How a search and a download tell what they do. Every member may be empty.
struct Watch {
  Say say{};  // for the log
  // File, bytes so far, bytes in all.
  std::function<void(const std::string& file, std::uint64_t, std::uint64_t)> progress{};
  std::function<bool()> interrupted{};  // true ends a download: a signal came
};

// The folder of the set `name`: <folder>/<name> for the folders of $FIGMENT_DATA (separated by ':',
// the first that has it and where it is not empty), else the user's cache, where a set of the
// catalogue is brought if it is not there. What lies in $FIGMENT_DATA is the user's and taken as it
// is, also in part (`say` tells); what lies in the cache must have the catalogue's sizes and
// hashes. Throws Error(kData) if the name is unknown or the download fails (then with every file,
// its hash and where to put it by hand), Error(kIo) and Error(kRun) as download() does.
std::filesystem::path locate(const std::string& name, const Watch& watch = {});

// The same with no network and no hashing: nothing if the set is not here, or not whole in the
// cache.
std::optional<std::filesystem::path> find_local(const std::string& name);

// $XDG_CACHE_HOME/figment/data or ~/.cache/figment/data; nothing if neither variable is set.
std::optional<std::filesystem::path> cache_folder();

// One line of the list of sets that have names.
struct NamedSet {
  std::string name{};
  std::string title{};   // "" for a folder that is not in the catalogue
  std::string source{};  // authors and licence, "" likewise
  std::optional<std::filesystem::path> where{};
  std::vector<std::string> missing{};  // files of the catalogue that `where` lacks
  std::uint64_t download = 0;          // bytes to download if it is not here

  std::string status() const;  // "/data/mnist", "/data/cifar10 (in part: no ...)", "not here, ..."
};

// The catalogue in its order, then the other folders of $FIGMENT_DATA by name.
std::vector<NamedSet> list_named();

// Brings `entry` whole into `folder`; returns at once if it is. Processes take turns.
// `allow_local_http` is for tests (see Download).
void fetch(const CatalogueEntry& entry, const std::filesystem::path& folder, const Watch& watch,
           bool allow_local_http = false);

}  // namespace figment
