// Takes named files out of a .tar.gz, and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace figment {

// A file to take: `name` is the last part of its path in the archive.
struct ArchiveMember {
  std::string name{};
  std::uint64_t size = 0;  // bytes, exactly; 0: any number up to kMemberLimit
};

constexpr std::uint64_t kMemberLimit = 1 << 16;

// Writes every one of `members` durably into `folder`, under its name in `members`: no name, link
// or mode of the archive is ever used. Reads the tar formats v7, ustar and GNU, as far as plain
// files go (POSIX.1-1988 header), up to 1 GiB unpacked. Throws Error(kData) naming the archive and
// the offset in the unpacked stream when it is damaged or truncated, holds a member twice or with
// another size, or lacks one; Error(kIo) when writing fails. Members written before an error stay:
// each is whole.
void extract_members(const std::filesystem::path& archive,
                     const std::vector<ArchiveMember>& members,
                     const std::filesystem::path& folder);

}  // namespace figment
