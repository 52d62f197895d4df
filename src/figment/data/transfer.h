// One HTTP request that appends to an open file: the part of a download that talks to libcurl.
#pragma once

#include <cstdint>
#include <string>

#include "figment/data/download.h"

namespace figment {

struct TransferResult {
  bool complete = false;  // the server sent all it had to send
  bool hopeless = false;  // asking this server again makes no sense
  bool restart = false;   // what the file holds is of no use to this server: start from 0
  std::string reason{};   // why not complete: "HTTP 404", "connection refused"
};

// Asks `url` for what follows the first `offset` bytes and writes it at `offset` of `descriptor`;
// if the server sends the whole file instead, the file is emptied first. Never writes beyond
// job.size (or job.limit). Throws Error(kIo) naming `file` if writing fails, Error(kRun) when
// interrupted, and whatever the callbacks of `job` throw.
TransferResult transfer(const Download& job, const std::string& url, int descriptor,
                        std::uint64_t offset, const std::string& file);

}  // namespace figment
