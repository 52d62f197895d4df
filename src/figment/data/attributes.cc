#include "figment/data/attributes.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/csv_layout.h"
#include "figment/data/csv_records.h"
#include "figment/data/gzip.h"
#include "figment/data/image_folder.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPiece = 4096;  // images measured at a time
constexpr std::uint64_t kMaxBytes = 1ULL << 30;

// --- Measured ---

// The length of the outline of ink [n, H, W]: the sum of the slopes between any four neighbours,
// by their diagonal differences (Roberts 1963), which is exact for edges along the grid and along
// its diagonals. [n]
torch::Tensor outline(const torch::Tensor& ink) {
  const auto padded = torch::constant_pad_nd(ink, {1, 1, 1, 1});
  const auto h = padded.size(1) - 1, w = padded.size(2) - 1;
  const auto corner = [&](int64_t row, int64_t column) {
    return padded.narrow(1, row, h).narrow(2, column, w);
  };
  const auto falling = corner(0, 0) - corner(1, 1), rising = corner(0, 1) - corner(1, 0);
  return ((falling.square() + rising.square()) / 2).sqrt().flatten(1).sum(1);
}

torch::Tensor thickness(const torch::Tensor& ink, const torch::Tensor& most) {
  const auto even = ink / most.view({-1, 1, 1}).clamp_min(1e-6);
  const auto area = even.flatten(1).sum(1), half = outline(even) / 2;
  return (half - (half.square() - 4 * area).clamp_min(0).sqrt()) / 2;
}

torch::Tensor slant(const torch::Tensor& ink) {
  const auto mass = ink.sum({1, 2}).clamp_min(1e-6).view({-1, 1, 1});
  const auto row = torch::arange(ink.size(1), torch::kFloat).view({1, -1, 1});
  const auto column = torch::arange(ink.size(2), torch::kFloat).view({1, 1, -1});
  const auto share = ink / mass;
  const auto y = row - (share * row).sum({1, 2}, true);
  const auto x = column - (share * column).sum({1, 2}, true);
  const auto covariance = (share * x * y).sum({1, 2});
  const auto variance = (share * y.square()).sum({1, 2});
  // A single row of ink leans nowhere.
  return torch::where(variance > 1e-4, -covariance / variance.clamp_min(1e-4),
                      torch::zeros_like(variance));
}

// Places from the first to the last true one of [n, places] bool.
torch::Tensor extent(const torch::Tensor& inked) {
  const auto places = inked.size(1);
  const auto at = torch::arange(places).unsqueeze(0);
  const auto last = torch::where(inked, at + 1, torch::zeros_like(at)).amax(1);
  const auto first = torch::where(inked, at, torch::full_like(at, places)).amin(1);
  return (last - first).clamp_min(0).to(torch::kFloat);
}

torch::Tensor measure(const torch::Tensor& images, const std::string& name) {
  auto ink = images.to(torch::kFloat).mean(1);  // [n, H, W]
  if (images.scalar_type() == torch::kUInt8) ink /= 255;
  const auto most = ink.amax({1, 2});
  if (name == "slant") return slant(ink);
  if (name == "thickness") return thickness(ink, most);
  if (name == "brightness") return ink.mean({1, 2});
  const auto dark = (ink >= most.view({-1, 1, 1}) / 2) & (ink > 0);
  return extent(dark.any(name == "width" ? 1 : 2));
}

// --- Words ---

// Yes and no as 1 and 0; -1 for other words.
int64_t answer_of(const std::string& word) {
  std::string plain = word;
  for (auto& c : plain) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto* yes : {"yes", "true", "y", "t", "1", "+"})
    if (plain == yes) return 1;
  for (const auto* no : {"no", "false", "n", "f", "0", "-"})
    if (plain == no) return 0;
  return -1;
}

// --- Columns of a table ---

// Takes the column `name` out of a table: [n].
torch::Tensor take_column(Dataset& set, const std::string& name) {
  const auto found = std::find(set.columns.begin(), set.columns.end(), name);
  if (found == set.columns.end())
    fail(Cause::kConfig, "data.attributes", "there is no column '", printable(name), "' in ",
         set.name, did_you_mean(name, set.columns));
  if (set.columns.size() == 1)
    fail(Cause::kConfig, "data.attributes", "expected inputs beside the attributes of ", set.name,
         ", got none");
  const auto at = found - set.columns.begin();
  auto values = set.x.select(1, at).clone();
  if (!set.categories.empty()) {
    const auto& words = set.categories[static_cast<std::size_t>(at)];
    std::vector<float> answers;
    for (const auto& word : words) {
      answers.push_back(static_cast<float>(answer_of(word)));
      if (answers.back() < 0)
        fail(Cause::kData, set.name, "column '", printable(name),
             "': expected an attribute of numbers, or of yes and no, got '", printable(word), "'");
    }
    if (!words.empty()) values = torch::tensor(answers).index_select(0, values.to(torch::kLong));
    set.categories.erase(set.categories.begin() + at);
    if (std::all_of(set.categories.begin(), set.categories.end(),
                    [](const auto& one) { return one.empty(); }))
      set.categories.clear();
  }
  set.columns.erase(found);
  const auto after = set.x.size(1) - at - 1;
  set.x = torch::cat({set.x.narrow(1, 0, at), set.x.narrow(1, at + 1, after)}, 1);
  set.spec.shape = {set.x.size(1)};
  return values;
}

// --- A file beside a folder of images ---

// A CSV of a column "file" and attributes.
class AttributesFile {
 public:
  explicit AttributesFile(const fs::path& path) : where_(path.string()) {
    const auto text = read_data(path, kMaxBytes);
    CsvRecords records(text, where_);
    std::vector<std::string_view> fields;
    if (!records.next(fields) || fields.size() < 2 || fields[0] != "file")
      fail(Cause::kData, where_,
           "expected a header 'file,' and names of attributes in the first line");
    names_.assign(fields.begin() + 1, fields.end());
    while (records.next(fields)) add(fields, records.where());
  }

  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  // The attribute of each of these files: [n].
  torch::Tensor of(const std::vector<std::string>& files, const std::string& name) const {
    const auto column =
        static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
    std::vector<float> out;
    for (const auto& file : files) {
      auto found = rows_.find(file);
      if (found == rows_.end()) found = rows_.find(fs::path(file).filename().string());
      if (found == rows_.end())
        fail(Cause::kData, where_, "expected a line for each image, found none for '",
             printable(file), "'");
      out.push_back(found->second[column]);
    }
    return torch::tensor(out);
  }

 private:
  void add(const std::vector<std::string_view>& fields, const std::string& where) {
    if (fields.size() != names_.size() + 1)
      fail(Cause::kData, where, "expected ", names_.size() + 1,
           " fields as in the first line, got ", fields.size());
    std::vector<float> values;
    for (std::size_t i = 1; i < fields.size(); ++i) {
      const auto answer = answer_of(std::string(fields[i]));
      const auto number = parse_number(fields[i]);
      if (!number && answer < 0)
        fail(Cause::kData, where, "'", printable(names_[i - 1]),
             "': expected a number, or yes or no, got '", printable(fields[i]), "'");
      values.push_back(number ? *number : static_cast<float>(answer));
      if (!std::isfinite(values.back()))
        fail(Cause::kData, where, "'", printable(names_[i - 1]),
             "': expected a finite number, got '", printable(fields[i]), "'");
    }
    if (!rows_.emplace(std::string(fields[0]), std::move(values)).second)
      fail(Cause::kData, where, "the file '", printable(fields[0]), "' is there twice");
  }

  std::string where_;
  std::vector<std::string> names_{};
  std::unordered_map<std::string, std::vector<float>> rows_{};
};

// The file that the configuration names or that lies in the folder, or "".
fs::path attributes_file(const DataConfig& config, const fs::path& folder) {
  if (!config.attributes_file.empty()) {
    if (folder.empty() || !is_image_folder(folder))
      fail(Cause::kConfig, "data.attributes_file", "expected a folder of images, got ",
           printable(config.source));
    return config.attributes_file;
  }
  std::error_code error;
  const auto beside = folder / "attributes.csv";
  return !folder.empty() && fs::is_regular_file(beside, error) ? beside : fs::path();
}

void describe_images(Source& source, const DataConfig& config, const fs::path& folder) {
  std::optional<AttributesFile> file;
  ImageFiles files;
  if (const auto path = attributes_file(config, folder); !path.empty() && is_image_folder(folder)) {
    file.emplace(path);
    files = image_files(folder);
  }
  auto names = config.attributes;
  if (names.empty() && file) names = file->names();
  const auto& measured = measured_attributes();
  auto known = measured;
  if (file) known.insert(known.end(), file->names().begin(), file->names().end());
  const auto describe_part = [&](Dataset& set, const std::vector<std::string>& paths) {
    if (file && static_cast<int64_t>(paths.size()) != set.size())
      fail(Cause::kData, folder.string(), "expected as many images as there are examples, ",
           set.size(), ", got ", paths.size());
    std::vector<torch::Tensor> columns;
    for (const auto& name : names) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        fail(Cause::kConfig, "data.attributes", "expected attributes of images (",
             join(known, ", "), "), got '", printable(name), "'", did_you_mean(name, known));
      columns.push_back(file && file->has(name) ? file->of(paths, name)
                                                : measure_attributes(set.x, {name}).select(1, 0));
    }
    set.attributes = torch::stack(columns, 1);
    set.spec.attributes = names;
  };
  describe_part(source.train, files.train);
  if (source.test) describe_part(*source.test, files.test);
}

}  // namespace

const std::vector<std::string>& measured_attributes() {
  static const std::vector<std::string> names = {"slant", "thickness", "width", "height",
                                                 "brightness"};
  return names;
}

torch::Tensor measure_attributes(const torch::Tensor& images,
                                 const std::vector<std::string>& names) {
  std::vector<torch::Tensor> parts;
  for (const auto& piece : images.split(kPiece)) {
    std::vector<torch::Tensor> columns;
    columns.reserve(names.size());
    for (const auto& name : names) columns.push_back(measure(piece, name));
    parts.push_back(torch::stack(columns, 1));
  }
  return torch::cat(parts);
}

void describe(Source& source, const DataConfig& config, const fs::path& folder) {
  if (config.attributes.empty() && config.attributes_file.empty()) return;
  auto unique = config.attributes;
  std::sort(unique.begin(), unique.end());
  if (const auto twice = std::adjacent_find(unique.begin(), unique.end()); twice != unique.end())
    fail(Cause::kConfig, "data.attributes", "'", printable(*twice), "' is named twice");
  if (source.train.spec.modality == Modality::kImage)
    return describe_images(source, config, folder);
  if (source.train.spec.modality != Modality::kVector || !config.attributes_file.empty())
    fail(Cause::kConfig,
         config.attributes_file.empty() ? "data.attributes" : "data.attributes_file",
         "expected a table or images, got examples of ", source.train.spec.text());
  for (auto* set : {&source.train, source.test ? &*source.test : nullptr}) {
    if (set == nullptr) continue;
    std::vector<torch::Tensor> columns;
    for (const auto& name : config.attributes) columns.push_back(take_column(*set, name));
    set->attributes = torch::stack(columns, 1);
    set->spec.attributes = config.attributes;
  }
}

}  // namespace figment
