#include "figment/apply/labelled_samples.h"

#include <algorithm>
#include <cstdio>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/data/csv_records.h"
#include "figment/data/image_codec.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kBatch = 256;

}  // namespace

void need_labelled_samples(const LoadedRun& run, const char* verb) {
  auto& able = ability<Samples>(run, &Abilities::samples, verb);
  if (!able.knows_classes() || run.example().classes.empty())
    fail(Cause::kConfig, verb, "expected a model that is told the class of what it samples, but '",
         run.family->name, "' draws any; train a conditional model");
}

torch::Tensor labels_of_each(int64_t classes, int64_t per_class) {
  return torch::arange(classes, torch::kLong).repeat_interleave(per_class);
}

torch::Tensor sample_of_classes(const LoadedRun& run, const torch::Tensor& label,
                                std::uint64_t seed, double temperature) {
  torch::NoGradGuard no_grad;
  need_labelled_samples(run, "sample");
  auto& able = ability<Samples>(run, &Abilities::samples, "sample");
  torch::Tensor out;
  for (int64_t k = 0; k < static_cast<int64_t>(run.example().classes.size()); ++k) {
    const auto where = (label == k).nonzero().flatten();
    for (int64_t first = 0; first < where.size(0); first += kBatch) {
      const auto n = std::min(kBatch, where.size(0) - first);
      Noise noise(mix(seed, static_cast<std::uint64_t>(k)), first, n, run.device());
      SampleRequest request{n, &noise, torch::full({n}, k, torch::kLong).to(run.device()),
                            temperature};
      const auto x = able.sample(request).to(torch::kCPU, torch::kFloat);
      if (!out.defined()) {
        auto shape = x.sizes().vec();
        shape[0] = label.size(0);
        out = torch::zeros(shape);
      }
      out.index_copy_(0, where.narrow(0, first, n), x);
    }
  }
  FIGMENT_CHECK(out.defined());
  return out;
}

std::vector<std::string> folder_names(const std::vector<std::string>& classes) {
  std::vector<std::string> out;
  for (const auto& name : classes) {
    auto plain = name.empty() ? "_" : name.substr(0, 200);
    for (auto& c : plain)
      if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32) c = '_';
    if (plain[0] == '.') plain[0] = '_';
    auto unique = plain;
    for (int k = 2; std::find(out.begin(), out.end(), unique) != out.end(); ++k)
      unique = plain + "_" + std::to_string(k);
    out.push_back(unique);
  }
  return out;
}

void write_image_folder(const fs::path& folder, const torch::Tensor& images,
                        const torch::Tensor& label, const std::vector<std::string>& classes) {
  std::error_code error;
  if (fs::exists(folder, error) &&
      (!fs::is_directory(folder, error) || !fs::is_empty(folder, error)))
    fail(Cause::kConfig, folder.string(),
         "expected a new or an empty folder, got one that holds something; its images would be "
         "taken for samples");
  const auto names = folder_names(classes);
  for (int64_t k = 0; k < static_cast<int64_t>(classes.size()); ++k) {
    const auto where = (label == k).nonzero().flatten();
    if (where.size(0) == 0) continue;
    const auto inside = folder / names[static_cast<std::size_t>(k)];
    fs::create_directories(inside, error);
    if (error) fail(Cause::kIo, inside.string(), "cannot make the folder: ", error.message());
    for (int64_t i = 0; i < where.size(0); ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "%06lld.png", static_cast<long long>(i) + 1);
      write_durably(inside / name, encode_png(images[where[i].item<int64_t>()]));
    }
  }
}

std::string labelled_csv(const torch::Tensor& rows, const torch::Tensor& label,
                         const std::vector<std::string>& classes,
                         const std::vector<std::string>& columns) {
  const auto table = rows.to(torch::kFloat).contiguous();
  const auto d = table.size(1);
  const bool named = static_cast<int64_t>(columns.size()) == d;
  std::string out;
  for (int64_t j = 0; j < d; ++j)
    out +=
        (named ? csv_field(columns[static_cast<std::size_t>(j)]) : "x_" + std::to_string(j + 1)) +
        ",";
  out += "label\n";
  const auto* value = table.data_ptr<float>();
  for (int64_t i = 0; i < table.size(0); ++i) {
    for (int64_t j = 0; j < d; ++j) out += shortest(*value++) + ",";
    out += csv_field(classes[static_cast<std::size_t>(label[i].item<int64_t>())]) + "\n";
  }
  return out;
}

}  // namespace figment
