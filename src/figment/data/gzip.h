// Whole files in memory, gunzipped where they are gzip (RFC 1952), within a bound.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace figment {

// What a reader takes into memory at most unless told otherwise: 4 GiB.
constexpr std::uint64_t kMaxDataBytes = 1ULL << 32;

bool is_gzip(std::string_view bytes);

// Inflates gzip, of one member or several. Throws Error(kData) with `where` and the offset in
// `bytes` when it is truncated, corrupt, followed by anything else, or inflates to more than
// `limit` bytes. Memory grows with what has been inflated, not with what the file claims.
std::string gunzip(std::string_view bytes, const std::string& where,
                   std::uint64_t limit = kMaxDataBytes);

// The content of a regular file, gunzipped if its first bytes say gzip. Throws Error(kData) when it
// is missing, no regular file (a pipe is never waited for), larger than `limit` or bad gzip;
// Error(kIo) when the system does not let it be read.
std::string read_data(const std::filesystem::path& path, std::uint64_t limit = kMaxDataBytes);

// The first `count` bytes of that content, or all if there are fewer; for telling formats apart, so
// damage further on is not noticed, and gzip too damaged to begin with yields nothing.
std::string read_data_head(const std::filesystem::path& path, std::size_t count);

}  // namespace figment
