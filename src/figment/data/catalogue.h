// The data sets figment can fetch by name: where they come from and what their files must be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/untar.h"

namespace figment {

struct CatalogueFile {
  std::string name{};
  std::uint64_t size = 0;           // bytes
  std::string sha256{};             // 64 lower-case hexadecimal digits
  std::vector<std::string> urls{};  // mirrors of the same bytes
};

struct CatalogueEntry {
  std::string name{};                  // what the user writes, and the name of its folder: "mnist"
  std::string title{};                 // "MNIST handwritten digits"
  std::string source{};                // authors, year and licence
  std::vector<CatalogueFile> files{};  // what is downloaded
  // If `files` is one archive: what is taken out of it. The archive is then removed.
  std::vector<ArchiveMember> members{};

  std::uint64_t bytes() const;                // of the download
  std::vector<std::string> contents() const;  // names of the files its folder holds in the end
};

// In the order in which they are shown.
const std::vector<CatalogueEntry>& catalogue();

}  // namespace figment
