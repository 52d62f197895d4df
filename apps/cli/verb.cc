#include "verb.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"
#include "figment/report/grid.h"
#include "figment/train/device.h"

namespace figment::cli {
namespace fs = std::filesystem;

void say_on_stderr(const std::string& line) { std::cerr << line << "\n"; }

LoadedRun open_subject(const Options& options) {
  set_threads(std::max<std::int64_t>(0, options.threads));
  return open_run(options.subject,
                  {options.checkpoint, options.device.empty() ? "auto" : options.device});
}

Watch console_watch(bool quiet, std::function<bool()> interrupted) {
  Watch watch;
  watch.interrupted = std::move(interrupted);
  if (quiet) return watch;
  watch.say = say_on_stderr;
  if (isatty(STDERR_FILENO) == 0) return watch;
  watch.progress = [](const std::string& file, std::uint64_t done, std::uint64_t all) {
    std::fprintf(stderr, "\r\x1b[K%s  %s of %s%s", file.c_str(),
                 human_bytes(static_cast<double>(done)).c_str(),
                 human_bytes(static_cast<double>(all)).c_str(), done >= all ? "\n" : "");
  };
  return watch;
}

void print_json(const Options& options, nlohmann::json document) {
  document["schema"] = 1;
  document["verb"] = options.verb;
  std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

std::string suffix_of(const std::string& path) {
  auto suffix = fs::path(path).extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return suffix;
}

bool is_training_part(const Options& options) {
  return options.data.empty() && options.split == "train";
}

void need_out(const Options& options, const char* example) {
  if (options.out.empty())
    fail(Cause::kConfig, options.verb, "expected where to write, such as --out ", example);
}

namespace {

// NaN in series [n, T, D] is what stands behind their end: a field of nothing.
std::string csv_of(const torch::Tensor& rows) {
  const auto table = rows.to(torch::kDouble).flatten(1).contiguous();
  std::string out;
  const auto* value = table.data_ptr<double>();
  for (int64_t i = 0; i < table.size(0); ++i) {
    for (int64_t j = 0; j < table.size(1); ++j, ++value) {
      if (rows.dim() != 3 || !std::isnan(*value)) out += shortest(static_cast<float>(*value));
      out += j + 1 < table.size(1) ? "," : "\n";
    }
  }
  return out;
}

void write_folder(const fs::path& folder, const torch::Tensor& images) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(Cause::kIo, folder.string(), "cannot make the folder: ", error.message());
  for (int64_t i = 0; i < images.size(0); ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%06lld.png", static_cast<long long>(i));
    write_durably(folder / name, encode_png(images[i]));
  }
}

}  // namespace

std::string type_name(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kBool:
      return "bool";
    case torch::kUInt8:
      return "uint8";
    case torch::kInt32:
      return "int32";
    case torch::kInt64:
      return "int64";
    case torch::kHalf:
      return "float16";
    case torch::kFloat:
      return "float32";
    case torch::kDouble:
      return "float64";
    default:
      return c10::toString(tensor.scalar_type());
  }
}

void write_examples(const std::string& out, const torch::Tensor& x, const std::string& verb,
                    int64_t columns, const std::string& header) {
  const auto suffix = suffix_of(out);
  const bool images = x.dim() == 4 && x.scalar_type() == torch::kUInt8;
  std::string shape;
  for (const auto extent : x.sizes()) shape += (shape.empty() ? "" : "x") + std::to_string(extent);
  if (suffix == ".npy") {
    write_durably(out, encode_npy(x));
  } else if (suffix == ".csv") {
    write_durably(out, header + csv_of(x));
  } else if ((suffix == ".png" || suffix.empty()) && !images) {
    fail(Cause::kConfig, verb, "expected --out FILE.npy or FILE.csv for what is no image, got '",
         printable(out), "'");
  } else if (suffix == ".png") {
    GridOptions options;
    options.columns = columns;
    write_durably(out, encode_png(image_grid(x, options)));
  } else if (suffix.empty()) {
    write_folder(out, x);
  } else {
    fail(Cause::kConfig, verb, "expected --out FILE.png, FILE.npy, FILE.csv or a folder, got '",
         printable(out), "'");
  }
  std::cerr << "wrote " << out << " (" << shape << ")\n";
}

}  // namespace figment::cli
