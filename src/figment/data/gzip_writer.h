// Compression with gzip (RFC 1952); gzip.h reads it.
#pragma once

#include <string>
#include <string_view>

namespace figment {

// One gzip member of `bytes` (less than 4 GiB), compressed as far as zlib goes, naming no file and
// no time: the same input gives the same bytes.
std::string gzip(std::string_view bytes);

}  // namespace figment
