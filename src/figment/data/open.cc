#include "figment/data/open.h"

#include <cmath>
#include <filesystem>
#include <iterator>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/data/attributes.h"
#include "figment/data/builtin.h"
#include "figment/data/column_names.h"
#include "figment/data/named.h"
#include "figment/data/reader.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

// Which examples are held out must not change with the seed of a run, or runs would not compare.
constexpr std::uint64_t kSplitSeed = 20140414;
enum SplitPurpose : std::uint64_t { kTestPart = 0, kValidationPart = 1 };

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const auto& card : builtins()) names.emplace_back(card.name);
  for (const auto& set : list_named()) names.push_back(set.name);
  return names;
}

std::vector<NamedColumn> given_names(const DataConfig& config) {
  if (!config.columns_file.empty()) return read_column_names(config.columns_file);
  std::vector<NamedColumn> names;
  for (const auto& name : config.column_names) names.push_back({name, ColumnRole::kAny});
  return names;
}

ReadOptions reading_of(const DataConfig& config, const TableEncoding* fitted) {
  ReadOptions reading;
  reading.label_column = config.label_column;
  reading.columns = given_names(config);
  reading.ignore = config.ignore;
  reading.words = config.one_hot;
  reading.image_size = config.image_size;
  reading.channels = config.channels;
  reading.series = config.series;
  reading.masking = config.masking;
  reading.new_classes = !config.normal.empty();
  reading.applying = fitted != nullptr;
  reading.guard_label = fitted == nullptr;
  if (fitted == nullptr) return reading;
  // What was words in training is words, though this file may have numbers there in its first row.
  for (const auto& column : fitted->columns)
    if (!column.categories.empty()) reading.words.push_back(column.name);
  return reading;
}

// A path as it is, or, where nothing is there, in a folder of $FIGMENT_DATA: "odds/thyroid.csv".
fs::path path_of(const std::string& source) {
  const fs::path path = source;
  std::error_code error;
  if (fs::exists(path, error) || path.is_absolute() || path.begin() == path.end()) return path;
  const auto folder = find_local(path.begin()->string());
  if (!folder) return path;
  auto inside = *folder;
  for (auto part = std::next(path.begin()); part != path.end(); ++part) inside /= *part;
  return fs::exists(inside, error) ? inside : path;
}

// Options of tables and arrays, which would silently have no effect, are refused; those of a run
// that is used on this set were made for another.
void refuse_unused(const DataConfig& config) {
  const bool label = !config.label_column.empty() && config.label_column != "none";
  const char* key = label                          ? "data.label_column"
                    : !config.column_names.empty() ? "data.column_names"
                    : !config.columns_file.empty() ? "data.columns_file"
                    : config.series                ? "data.series"
                    : config.masking               ? "data.masking"
                                                   : nullptr;
  if (key != nullptr)
    fail(Cause::kConfig, key, "expected a table or an array, got the built-in ", config.source,
         "; leave it out");
}

Source make_builtin(const DataConfig& config, Source made, bool applying) {
  if (config.channels == 3)
    fail(Cause::kConfig, "data.channels", "expected 0 or 1 for the built-in ", config.source,
         ", got 3");
  if (!config.ignore.empty() || !config.one_hot.empty())
    fail(Cause::kConfig, config.ignore.empty() ? "data.one_hot" : "data.ignore",
         "expected a table, got the built-in ", config.source);
  if (!applying) refuse_unused(config);
  return made;
}

Source find_source(const DataConfig& config, const Watch& watch, const TableEncoding* fitted) {
  BuiltinOptions making;
  if (config.image_size > 0) making.image_size = config.image_size;
  // What is not used need not be made: example i is the same however many there are.
  if (config.size > 0 && config.normal.empty()) making.n_train = config.size;
  if (auto made = builtin(config.source, making))
    return make_builtin(config, std::move(*made), fitted != nullptr);
  auto reading = reading_of(config, fitted);
  const bool looks_like_path =
      config.source.find('/') != std::string::npos || config.source.find('.') != std::string::npos;
  if (looks_like_path) return read_path(path_of(config.source), reading);
  const auto names = known_names();
  if (std::find(names.begin(), names.end(), config.source) != names.end()) {
    reading.name = config.source;
    return read_path(locate(config.source, watch), reading);
  }
  if (!fs::exists(config.source))
    fail(Cause::kData, "data.source",
         "expected a built-in set, a set known by name or a path, got '", printable(config.source),
         "'", did_you_mean(config.source, names), " (figment data list names them all)");
  return read_path(config.source, reading);
}

// The folder that the images of a source lie in, for those that do; "" for the built-in.
fs::path folder_of(const DataConfig& config) {
  for (const auto& card : builtins())
    if (config.source == card.name) return {};
  std::error_code error;
  auto folder = path_of(config.source);
  if (!fs::is_directory(folder, error))
    if (const auto local = find_local(config.source)) folder = *local;
  return fs::is_directory(folder, error) ? folder : fs::path();
}

// Takes `share` of a set out into `out`, chosen by a fixed shuffle; the rest keeps its order.
void hold_out(Dataset& set, double share, std::uint64_t purpose, Dataset& out) {
  const auto n = set.size();
  const auto held = static_cast<int64_t>(std::llround(share * static_cast<double>(n)));
  if (held <= 0 || held >= n) return;
  auto order = permutation(n, kSplitSeed, purpose);
  std::sort(order.begin(), order.begin() + held);
  std::sort(order.begin() + held, order.end());
  const auto index = torch::tensor(order, torch::kLong);
  out = set.select(index.narrow(0, 0, held));
  set = set.select(index.narrow(0, held, n - held));
}

std::string_view bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

std::string fingerprint_of(const Dataset& set) {
  auto sums = checksum(bytes_of(set.x.contiguous()));
  if (set.label.defined()) sums += checksum(bytes_of(set.label.contiguous()));
  if (set.length.defined()) sums += checksum(bytes_of(set.length.contiguous()));
  if (set.attributes.defined()) sums += checksum(bytes_of(set.attributes.contiguous()));
  return checksum(sums);
}

}  // namespace

torch::Tensor anomalies(const Dataset& set, const std::vector<std::string>& normal) {
  if (!set.label.defined())
    fail(Cause::kData, set.name,
         "expected examples with labels, to tell which are normal, got none");
  auto odd = torch::ones_like(set.label, torch::kBool);
  for (const auto& name : normal) {
    const auto& classes = set.spec.classes;
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end())
      fail(Cause::kConfig, "data.normal", "expected classes of ", set.name, " (",
           join(std::vector<std::string>(
                    classes.begin(), classes.begin() + std::min<std::ptrdiff_t>(
                                                           20, classes.end() - classes.begin())),
                ", "),
           "), got '", printable(name), "'", did_you_mean(name, classes));
    odd &= set.label != static_cast<int64_t>(found - classes.begin());
  }
  return odd;
}

Splits open_data(const DataConfig& config, const Watch& watch, const TableEncoding* fitted) {
  auto source = find_source(config, watch, fitted);
  describe(source, config, folder_of(config));
  Splits out;
  out.train = std::move(source.train);
  Dataset odd;  // training examples that are not normal
  if (!config.normal.empty()) {
    const auto is_odd = anomalies(out.train, config.normal);
    odd = out.train.select(is_odd.nonzero().flatten());
    out.train = out.train.select(is_odd.logical_not().nonzero().flatten());
  }
  if (config.size > 0) out.train = out.train.first(config.size);
  if (source.test) {
    out.test = std::move(*source.test);
  } else {
    hold_out(out.train, config.test, kTestPart, out.test);
    // A source with a test set of its own has anomalies there already.
    if (odd.size() > 0) out.test = out.test.size() > 0 ? out.test.joined(odd) : odd;
  }
  hold_out(out.train, config.validation, kValidationPart, out.validation);
  out.encoding = fitted != nullptr ? *fitted : TableEncoding::fit(out.train, config.log1p);
  for (auto* part : {&out.train, &out.validation, &out.test})
    if (part->size() > 0) *part = out.encoding.encode(*part, config.source);
  out.fingerprint = fingerprint_of(out.train);
  return out;
}

}  // namespace figment
