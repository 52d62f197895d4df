#include "figment/data/reader.h"

#include <algorithm>
#include <cctype>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/cifar.h"
#include "figment/data/column_names.h"
#include "figment/data/csv.h"
#include "figment/data/documents.h"
#include "figment/data/gzip.h"
#include "figment/data/idx.h"
#include "figment/data/image_fit.h"
#include "figment/data/image_folder.h"
#include "figment/data/labels.h"
#include "figment/data/matrix_market.h"
#include "figment/data/npy.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHead = 1 << 16;  // bytes that suffice to tell a table

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.rfind(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// "Faces.CSV.gz" -> "faces.csv"
std::string plain_name(const fs::path& path) {
  const auto name = lower(path.filename().string());
  return ends_with(name, ".gz") ? name.substr(0, name.size() - 3) : name;
}

[[noreturn]] void fail_unrecognised(const fs::path& path, const std::string& found) {
  fail(Cause::kData, path.string(), found,
       "; expected a folder with IDX files (train-images-idx3-ubyte, ...), with CIFAR-10's "
       "data_batch_*.bin, with PNG or JPEG images, with one .csv, .tsv, .npy or .mtx, or with two "
       "tables whose names say train and test, or such a file itself");
}

// The two sets of a source: files of one format, training first; either may be of several parts.
struct Parts {
  std::vector<fs::path> train{};
  std::vector<fs::path> test{};
};

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unknown;
    if (fs::is_regular_file(entries->path(), unknown)) files.push_back(entries->path());
  }
  if (error) fail(Cause::kIo, folder.string(), "cannot be listed: ", error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::string names_of(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(files.size(), 6); ++i)
    names.push_back(printable(files[i].filename().string()));
  if (files.size() > names.size()) names.push_back("...");
  return join(names, ", ");
}

// --- IDX ---

// The labels that belong to a file of images, or "": train-images-idx3-ubyte.gz has
// train-labels-idx1-ubyte, gzip or not.
fs::path labels_beside(const fs::path& images) {
  const auto name = images.filename().string();
  auto labels = replaced(replaced(name, "images", "labels"), "idx3", "idx1");
  if (labels == name) return {};
  if (ends_with(labels, ".gz")) labels.resize(labels.size() - 3);
  for (const auto& candidate : {labels, labels + ".gz"})
    if (std::error_code error; fs::exists(images.parent_path() / candidate, error))
      return images.parent_path() / candidate;
  return {};
}

Source read_idx_pair(const fs::path& folder, const Parts& parts, const ReadOptions& options) {
  if (parts.train.size() != 1 || parts.test.size() > 1)
    fail(Cause::kData, folder.string(),
         "expected one IDX file of training images and one of test images at most, got ",
         parts.train.size(), " and ", parts.test.size(), " (",
         names_of(parts.train.empty() ? parts.test : parts.train),
         "); name the file that is meant");
  Source source;
  source.train = read_idx(parts.train[0], labels_beside(parts.train[0]), options);
  if (!parts.test.empty())
    source.test = read_idx(parts.test[0], labels_beside(parts.test[0]), options);
  return source;
}

Parts idx_parts(const std::vector<fs::path>& files) {
  Parts parts;
  for (const auto& file : files) {
    const auto name = plain_name(file);
    if (!contains(name, "images") || !contains(name, "idx3")) continue;
    const bool test = contains(name, "t10k") || contains(name, "test");
    (test ? parts.test : parts.train).push_back(file);
  }
  return parts;
}

// --- CIFAR-10 ---

Parts cifar_parts(const std::vector<fs::path>& files) {
  Parts parts;
  bool whole_test = false;
  for (const auto& file : files) {
    const auto name = plain_name(file);
    if (!ends_with(name, ".bin")) continue;
    if (name.rfind("data_batch", 0) == 0) parts.train.push_back(file);
    if (name == "test_batch.bin") {
      parts.test = {file};
      whole_test = true;
    } else if (name.rfind("test", 0) == 0 && !whole_test) {
      parts.test.push_back(file);
    }
  }
  return parts;
}

Source read_cifar_pair(const Parts& parts, const ReadOptions& options) {
  Source source;
  source.train = read_cifar(parts.train, options);
  if (!parts.test.empty()) source.test = read_cifar(parts.test, options);
  return source;
}

// --- Tables and arrays ---

bool is_table_name(const fs::path& file) {
  const auto name = plain_name(file);
  return ends_with(name, ".csv") || ends_with(name, ".tsv") || ends_with(name, ".npy");
}

// "ecg_train.csv" -> "ecg_test.csv"; "" if the name does not say that it is the training set.
std::string test_name(const fs::path& train) {
  const auto name = plain_name(train);
  const auto stem = fs::path(name).stem().string();
  if (!ends_with(stem, "train")) return {};
  return stem.substr(0, stem.size() - 5) + "test" + fs::path(name).extension().string();
}

// Whether a name has `word` as a word: "x_test", "KDDTest+", not "latest".
bool has_word(const fs::path& file, std::string_view word) {
  const auto name = file.filename().string(), plain = lower(name);
  for (auto at = plain.find(word); at != std::string::npos; at = plain.find(word, at + 1)) {
    const auto is = [&](int (*kind)(int), std::size_t i) {
      return kind(static_cast<unsigned char>(name[i])) != 0;
    };
    if (at == 0 || !is(std::isalpha, at - 1) || is(std::isupper, at)) return true;
  }
  return false;
}

bool says_train(const fs::path& file) {
  return !test_name(file).empty() || has_word(file, "train");
}

// A text that is a table, and whose name says which part it is: others are read by their own name
// only, as a folder may hold any text.
bool is_text_table(const fs::path& file) {
  const auto name = plain_name(file);
  if (!ends_with(name, ".txt") && !ends_with(name, ".data")) return false;
  return (says_train(file) || has_word(file, "test")) && is_csv(read_data_head(file, kHead));
}

std::vector<fs::path> tables_of(const std::vector<fs::path>& files) {
  std::vector<fs::path> tables;
  for (const auto& file : files)
    if (!is_columns_file(file) && (is_table_name(file) || is_text_table(file)))
      tables.push_back(file);
  return tables;
}

Parts table_parts(const fs::path& folder, const std::vector<fs::path>& tables) {
  Parts parts;
  for (const auto& file : tables)
    if (says_train(file)) parts.train.push_back(file);
  if (tables.size() == 1) parts.train = tables;
  if (parts.train.size() != 1)
    fail(Cause::kData, folder.string(), "holds several sets (", names_of(tables),
         "); name the file that is meant");
  const auto wanted = test_name(parts.train[0]);
  for (const auto& file : tables)
    if (plain_name(file) == wanted) parts.test.push_back(file);
  if (!parts.test.empty()) return parts;
  for (const auto& file : tables)
    if (!says_train(file) && has_word(file, "test")) parts.test.push_back(file);
  if (parts.test.size() > 1)
    fail(Cause::kData, folder.string(), "holds several test sets (", names_of(parts.test),
         "); name the file that is meant");
  return parts;
}

Dataset read_table(const fs::path& path, const ReadOptions& options) {
  if (!options.columns.empty()) return read_csv(path, options);
  const auto beside = is_columns_file(path) ? fs::path() : columns_beside(path);
  if (beside.empty()) return read_csv(path, options);
  auto reading = options;
  reading.columns = read_column_names(beside);
  return read_csv(path, reading);
}

// Options of tables, which would silently have no effect on another format, are refused.
void refuse_table_options(const fs::path& path, const ReadOptions& options) {
  if (options.applying) return;
  const char* key = !options.columns.empty()  ? "data.column_names"
                    : !options.ignore.empty() ? "data.ignore"
                    : !options.words.empty()  ? "data.one_hot"
                                              : nullptr;
  if (key != nullptr) fail(Cause::kConfig, key, path.string(), " is no table of text (CSV)");
}

bool is_table_file(const fs::path& path, const std::string& head, const ReadOptions& options) {
  const auto name = plain_name(path);
  if (is_npy(head) || is_idx(head) || is_matrix_market(head)) return false;
  return ends_with(name, ".csv") || ends_with(name, ".tsv") || options.masking || is_csv(head);
}

Dataset read_file_set(const fs::path& path, const ReadOptions& options) {
  const auto head = read_data_head(path, kHead);
  const auto name = plain_name(path);
  if (head.empty()) {
    read_data(path, options.max_bytes);  // tells what is wrong with gzip that yields nothing
    fail(Cause::kData, path.string(), "the file is empty");
  }
  if (!is_table_file(path, head, options)) refuse_table_options(path, options);
  if (is_npy(head) || ends_with(name, ".npy")) return read_npy(path, options);
  if (is_idx(head) || contains(name, "-idx") || contains(name, ".idx"))
    return read_idx(path, labels_beside(path), options);
  if (head.rfind("PK\x03\x04", 0) == 0)
    fail(Cause::kData, path.string(), "is an archive (.npz or .zip), which is not read; ",
         "save the one array by numpy.save, or unpack it");
  if (head.rfind("\x89PNG", 0) == 0 || head.rfind("\xff\xd8\xff", 0) == 0)
    fail(Cause::kData, path.string(), "is a single image; name the folder that holds the images");
  if (ends_with(name, ".bin")) return read_cifar({path}, options);
  if (is_matrix_market(head) || ends_with(name, ".mtx")) return read_matrix_market(path, options);
  if (is_table_file(path, head, options)) return read_table(path, options);
  fail_unrecognised(path, "is of no known format, it begins with '" + printable(head, 12) + "'");
}

// The one file of a folder that is a Matrix Market file by name, or "".
fs::path matrix_of(const fs::path& folder, const std::vector<fs::path>& files) {
  std::vector<fs::path> found;
  for (const auto& file : files)
    if (ends_with(plain_name(file), ".mtx")) found.push_back(file);
  if (found.size() > 1)
    fail(Cause::kData, folder.string(), "holds several sets (", names_of(found),
         "); name the file that is meant");
  return found.empty() ? fs::path() : found[0];
}

Source read_folder(const fs::path& folder, const ReadOptions& options) {
  const auto files = files_in(folder);
  if (const auto parts = idx_parts(files); !parts.train.empty() || !parts.test.empty())
    return read_idx_pair(folder, parts, options);
  if (const auto parts = cifar_parts(files); !parts.train.empty())
    return read_cifar_pair(parts, options);
  if (const auto matrix = matrix_of(folder, files); !matrix.empty()) {
    refuse_table_options(folder, options);
    return read_documents(matrix, options);
  }
  if (is_image_folder(folder)) return read_image_folder(folder, options);
  const auto tables = tables_of(files);
  if (tables.empty()) fail_unrecognised(folder, "holds no data set that is known");
  const auto parts = table_parts(folder, tables);
  Source source;
  source.train = read_file_set(parts.train[0], options);
  if (!parts.test.empty()) source.test = read_file_set(parts.test[0], options);
  return source;
}

// Options that would silently have no effect are refused.
void check_options_apply(const Dataset& set, const ReadOptions& options, const fs::path& path) {
  const bool image = set.spec.modality == Modality::kImage;
  if (image) refuse_table_options(path, options);
  if (options.masking && set.spec.modality != Modality::kSeries)
    fail(Cause::kConfig, "data.masking", path.string(), " holds no series; say data.series=true");
  if (image && options.series)
    fail(Cause::kConfig, "series", path.string(), " holds images, which cannot be read as series");
  if (!image && (options.image_size != 0 || options.channels != 0))
    fail(Cause::kConfig, options.image_size != 0 ? "image_size" : "channels", path.string(),
         " holds no images");
  const bool asked = !options.label_column.empty() && options.label_column != "none";
  if (asked && !options.applying && (image || !set.label.defined()))
    fail(Cause::kConfig, "label_column", path.string(), " is no table with columns by name");
}

// Series of both parts are padded to the longest of either.
void pad_to_equal(Dataset& train, Dataset& test) {
  const auto steps = std::max(train.x.size(1), test.x.size(1));
  for (auto* set : {&train, &test}) {
    set->x = torch::constant_pad_nd(set->x, {0, 0, 0, steps - set->x.size(1)});
    set->spec.shape[0] = steps;
  }
}

std::string name_from(const fs::path& path) {
  auto whole = fs::absolute(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  auto name = whole.filename();
  if (lower(name.extension().string()) == ".gz") name = name.stem();
  std::error_code error;
  return fs::is_directory(path, error) ? name.string() : name.stem().string();
}

}  // namespace

Source read_path(const fs::path& path, const ReadOptions& options) {
  check_image_options(options);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status))
    fail(Cause::kData, path.string(), "there is no such file or folder",
         error && status.type() != fs::file_type::not_found ? " (" + error.message() + ")" : "");
  Source source;
  if (fs::is_directory(status))
    source = read_folder(path, options);
  else
    source.train = read_file_set(path, options);

  const auto name = options.name.empty() ? name_from(path) : options.name;
  source.train.name = name;
  check_options_apply(source.train, options, path);
  if (source.train.spec.modality == Modality::kImage)
    fit_images(source.train, options, path.string());
  if (source.test) {
    source.test->name = name;
    if (source.test->spec.modality == Modality::kImage)
      fit_images(*source.test, options, path.string());
    if (options.masking) pad_to_equal(source.train, *source.test);
    if (options.new_classes) unite_classes(source.train, *source.test);
    match_test(source.train, *source.test, path.string());
  }
  return source;
}

}  // namespace figment
