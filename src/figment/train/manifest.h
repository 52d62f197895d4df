// MANIFEST.json: what a checkpoint consists of, guarded by a checksum over itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace figment {

struct Manifest {
  struct File {
    std::uint64_t size = 0;
    std::string xxh3{};  // 16 hexadecimal digits
  };

  static constexpr const char* kName = "MANIFEST.json";
  static constexpr int kSchema = 1;

  std::int64_t step = 0;
  std::map<std::string, File> files{};

  // The one text of this manifest: the same manifest has the same bytes.
  std::string text() const;
  // Throws Error(kCheckpoint) for any text but the one that text() gives.
  static Manifest parse(std::string_view bytes, const std::filesystem::path& path);
};

// Letters, digits, '.', '_' and '-', at most 200, not beginning with '.', not the manifest's own.
bool is_file_name(std::string_view name);

}  // namespace figment
