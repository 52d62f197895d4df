#include "figment/train/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"

namespace figment {
namespace {

using nlohmann::json;

std::string closing_line(std::string_view body) {
  return "  \"checksum\": \"" + checksum(body) + "\"\n}\n";
}

bool is_count(const json& value) { return value.is_number_unsigned(); }

bool is_checksum(const json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() != 16) return false;
  const auto& digits = value.get_ref<const std::string&>();
  return digits.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The fields, or false where one is missing or of another kind.
bool take(const json& root, Manifest& manifest) {
  if (!root.is_object() || !root.contains("step") || !is_count(root["step"])) return false;
  if (!root.contains("files") || !root["files"].is_object()) return false;
  manifest.step = root["step"].get<std::int64_t>();
  for (const auto& [name, entry] : root["files"].items()) {
    if (!is_file_name(name) || !entry.is_object()) return false;
    if (!entry.contains("size") || !is_count(entry["size"])) return false;
    if (!entry.contains("xxh3") || !is_checksum(entry["xxh3"])) return false;
    manifest.files[name] = {entry["size"].get<std::uint64_t>(), entry["xxh3"].get<std::string>()};
  }
  return manifest.step >= 0;
}

}  // namespace

bool is_file_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 200 && name.front() != '.' && name != Manifest::kName &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string Manifest::text() const {
  std::string body = "{\n  \"schema\": " + std::to_string(kSchema) +
                     ",\n  \"step\": " + std::to_string(step) + ",\n  \"files\": {";
  const char* separator = "\n";
  for (const auto& [name, file] : files) {
    body += separator;
    body += "    \"" + name + "\": {\"size\": " + std::to_string(file.size) + ", \"xxh3\": \"" +
            file.xxh3 + "\"}";
    separator = ",\n";
  }
  body += "\n  },\n";
  return body + closing_line(body);
}

Manifest Manifest::parse(std::string_view bytes, const std::filesystem::path& path) {
  const std::size_t closing = closing_line("").size();
  const std::string_view body = bytes.substr(0, bytes.size() - std::min(closing, bytes.size()));
  if (bytes.substr(body.size()) != closing_line(body)) {
    fail(Cause::kCheckpoint, path.string(),
         "the manifest does not agree with its own checksum; expected as its last lines ",
         printable(closing_line(body)), ", got ", printable(bytes.substr(body.size())));
  }
  // What follows is reached only by a text that somebody else gave a right checksum.
  const json root = json::parse(bytes, nullptr, false);
  if (root.is_object() && root.contains("schema") && root["schema"] != kSchema) {
    fail(Cause::kCheckpoint, path.string(), "expected manifest schema ", kSchema, ", got ",
         printable(root["schema"].dump()), "; a newer figment wrote it");
  }
  Manifest manifest;
  if (!take(root, manifest) || manifest.text() != bytes) {
    fail(Cause::kCheckpoint, path.string(), "the manifest is not in the form figment writes");
  }
  return manifest;
}

}  // namespace figment
