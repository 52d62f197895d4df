// What takes long to make, such as a small network, and is made once and kept in a file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/say.h"
#include "figment/data/file_lock.h"

namespace figment {

template <class Thing>
struct Keeping {
  std::string what;                                // for messages: "the feature network"
  std::filesystem::path file;                      // empty: made each time
  std::function<Thing()> make;                     // tells what it does by itself
  std::function<Thing()> read;                     // of the file; throws Error when it is damaged
  std::function<std::string(const Thing&)> bytes;  // what the file is to hold
};

// What lies in the file, or made and written there. Processes that want the same one take turns. A
// damaged file is told of and made anew; a folder that cannot be written is told of and done
// without.
template <class Thing>
Thing kept_or_made(const Keeping<Thing>& keeping, const Say& say) {
  const auto tell = [&](const std::string& line) {
    if (say) say(line);
  };
  const auto whole = [&](bool told) -> std::optional<Thing> {
    std::error_code error;
    if (!std::filesystem::exists(keeping.file, error)) return std::nullopt;
    try {
      return keeping.read();
    } catch (const Error& broken) {
      if (told) tell(std::string("not used, and made anew: ") + broken.what());
      return std::nullopt;
    }
  };
  if (keeping.file.empty()) return keeping.make();
  if (auto thing = whole(false)) return *thing;  // before any lock: the folder may be read-only
  std::error_code error;
  std::filesystem::create_directories(keeping.file.parent_path(), error);
  std::optional<FileLock> turn;
  try {
    turn.emplace(keeping.file.parent_path() / ("." + keeping.file.stem().string() + ".lock"));
  } catch (const Error& refused) {
    tell(keeping.what + " will not be kept: " + refused.what());
    return keeping.make();
  }
  if (auto thing = whole(true)) return *thing;  // another process made it meanwhile
  auto thing = keeping.make();
  try {
    write_durably(keeping.file, keeping.bytes(thing));
    tell("kept as " + keeping.file.string());
  } catch (const Error& refused) {
    tell(keeping.what + " is not kept: " + refused.what());
  }
  return thing;
}

}  // namespace figment
