// figment inspect: what a run, a checkpoint or a file of tensors holds, after verifying it.
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/safetensors.h"
#include "figment/train/state.h"
#include "verb.h"

namespace figment::cli {
namespace {

nlohmann::json tensors_json(const NamedTensors& tensors) {
  auto all = nlohmann::json::array();
  for (const auto& [name, tensor] : tensors) {
    const auto values = tensor.to(torch::kDouble);
    const bool any = tensor.numel() > 0;
    all.push_back({{"name", name},
                   {"shape", tensor.sizes().vec()},
                   {"type", type_name(tensor)},
                   {"mean", any ? values.mean().item<double>() : 0.0},
                   {"std", any ? values.std(false).item<double>() : 0.0},
                   {"finite", values.isfinite().all().item<bool>()}});
  }
  return all;
}

void print_tensors(const nlohmann::json& tensors) {
  int64_t total = 0;
  for (const auto& one : tensors) {
    int64_t count = 1;
    std::string shape;
    for (const auto& extent : one["shape"]) {
      count *= extent.get<int64_t>();
      shape += (shape.empty() ? "" : "x") + extent.dump();
    }
    total += count;
    char line[200];
    std::snprintf(line, sizeof line, "  %-40s %-7s %-18s mean %10.3g  std %9.3g%s",
                  one["name"].get<std::string>().c_str(), one["type"].get<std::string>().c_str(),
                  shape.empty() ? "scalar" : shape.c_str(), one["mean"].get<double>(),
                  one["std"].get<double>(), one["finite"].get<bool>() ? "" : "  NOT FINITE");
    std::cout << line << "\n";
  }
  std::cout << "  " << total << " numbers in " << tensors.size() << " tensors\n";
}

}  // namespace

int verb_inspect(const Options& options) {
  namespace fs = std::filesystem;
  if (fs::is_regular_file(options.subject)) {
    const auto file = decode_safetensors(read_file(options.subject), options.subject);
    const auto tensors = tensors_json(file.tensors);
    if (options.json) {
      print_json(options, {{"path", options.subject}, {"tensors", tensors}});
    } else {
      print_tensors(tensors);
    }
    return 0;
  }
  const auto path = find_checkpoint(options.subject, options.checkpoint);
  const auto files = read_checkpoint(path);
  const auto header = unpack_header(files, path.string());
  nlohmann::json document = {
      {"checkpoint", path.string()},      {"family", header.recipe.family},
      {"step", header.state.step},        {"finished", header.state.finished},
      {"example", header.example.text()}, {"files", nlohmann::json::object()}};
  for (const auto& [name, bytes] : files.files) {
    document["files"][name] = {{"bytes", bytes.size()}};
    if (fs::path(name).extension() == ".safetensors")
      document["files"][name]["tensors"] =
          tensors_json(decode_safetensors(bytes, path.string() + "/" + name).tensors);
  }
  if (options.json) {
    print_json(options, document);
    return 0;
  }
  std::cout << path.string() << ": whole\n"
            << header.recipe.family << " for " << header.example.text() << ", step "
            << header.state.step << (header.state.finished ? ", finished" : ", not finished")
            << "\n";
  for (const auto& [name, file] : document["files"].items()) {
    std::cout << name << "  " << human_bytes(file["bytes"].get<double>()) << "\n";
    if (file.contains("tensors")) print_tensors(file["tensors"]);
  }
  return 0;
}

}  // namespace figment::cli
