#include "figment/data/image_folder.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <mutex>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/gzip.h"
#include "figment/data/image_codec.h"
#include "figment/data/image_fit.h"
#include "figment/data/labels.h"
#include "figment/data/large.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDepth = 16;  // folders below each other

std::string lower_suffix(const fs::path& path) {
  auto suffix = path.extension().string();
  for (auto& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return suffix;
}

bool has_image_suffix(const fs::path& path) {
  const auto suffix = lower_suffix(path);
  return suffix == ".png" || suffix == ".jpg" || suffix == ".jpeg";
}

// Formats that are images to everybody but cannot be read: leaving them out would go unnoticed.
bool has_foreign_suffix(const fs::path& path) {
  const auto suffix = lower_suffix(path);
  for (const auto* foreign : {".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"})
    if (suffix == foreign) return true;
  return false;
}

struct Listing {
  std::vector<fs::path> images{};   // files, sorted
  std::vector<fs::path> folders{};  // sorted
};

// What one folder holds, hidden entries left out.
Listing list(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const auto& path = entries->path();
    if (path.filename().string().front() == '.') continue;
    std::error_code unknown;
    if (fs::is_directory(path, unknown))
      listing.folders.push_back(path);
    else if (has_image_suffix(path))
      listing.images.push_back(path);
    else if (has_foreign_suffix(path))
      fail(Cause::kData, path.string(),
           "expected PNG or JPEG images; convert this one or take it away");
  }
  if (error) fail(Cause::kIo, folder.string(), "cannot be listed: ", error.message());
  std::sort(listing.images.begin(), listing.images.end());
  std::sort(listing.folders.begin(), listing.folders.end());
  return listing;
}

// Appends all images in and below a folder. `above` are the folders that lead to it.
void collect(const fs::path& folder, std::vector<fs::path>& above, std::vector<fs::path>& images) {
  for (const auto& ancestor : above)
    if (fs::equivalent(ancestor, folder))
      fail(Cause::kData, folder.string(), "a symbolic link leads back to ", ancestor.string());
  if (above.size() == kMaxDepth)
    fail(Cause::kData, folder.string(), "more than ", kMaxDepth, " folders below each other");
  above.push_back(folder);
  const auto listing = list(folder);
  images.insert(images.end(), listing.images.begin(), listing.images.end());
  for (const auto& below : listing.folders) collect(below, above, images);
  above.pop_back();
}

std::vector<fs::path> images_below(const fs::path& folder, const fs::path& root) {
  std::vector<fs::path> above = {root}, images;
  collect(folder, above, images);
  return images;
}

bool has_image_within(const fs::path& folder, int depth) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  std::vector<fs::path> folders;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const auto& path = entries->path();
    if (path.filename().string().front() == '.') continue;
    std::error_code unknown;
    if (fs::is_directory(path, unknown))
      folders.push_back(path);
    else if (has_image_suffix(path))
      return true;
  }
  return depth > 0 && std::any_of(folders.begin(), folders.end(), [depth](const auto& below) {
           return has_image_within(below, depth - 1);
         });
}

// The files of one set with their classes.
struct Files {
  std::vector<fs::path> images{};
  std::vector<int64_t> label{};  // empty if there are no classes
  std::vector<std::string> classes{};
};

Files files_of(const fs::path& folder) {
  const auto top = list(folder);
  Files files;
  if (!top.images.empty()) {
    for (const auto& below : top.folders)
      if (const auto inside = images_below(below, folder); !inside.empty())
        fail(Cause::kData, folder.string(), "holds images (",
             top.images.front().filename().string(), ") beside folders of images (",
             below.filename().string(), "); put all images into folders by class, or none");
    files.images = top.images;
    return files;
  }
  for (const auto& below : top.folders) files.classes.push_back(below.filename().string());
  sort_class_names(files.classes);
  for (std::size_t i = 0; i < files.classes.size(); ++i) {
    const auto inside = images_below(folder / files.classes[i], folder);
    if (inside.empty())
      fail(Cause::kData, (folder / files.classes[i]).string(),
           "expected PNG or JPEG images of this class, found none");
    files.images.insert(files.images.end(), inside.begin(), inside.end());
    files.label.insert(files.label.end(), inside.size(), static_cast<int64_t>(i));
  }
  if (files.images.empty())
    fail(Cause::kData, folder.string(), "expected PNG or JPEG images, found none");
  return files;
}

torch::Tensor read_image(const fs::path& path, const ReadOptions& options) {
  const auto image = decode_image(read_data(path, options.max_bytes), path.string());
  return fit_image(image, options, path.string());
}

std::string size_text(const torch::Tensor& image) {
  return std::to_string(image.size(2)) + " x " + std::to_string(image.size(1)) +
         (image.size(0) == 1 ? " grey" : " RGB");
}

// Decodes on all threads; of several bad images the first in order is the one reported.
torch::Tensor read_images(const std::vector<fs::path>& files, const ReadOptions& options) {
  const auto first = read_image(files.front(), options);
  const auto n = static_cast<int64_t>(files.size());
  auto all = room_for({n, first.size(0), first.size(1), first.size(2)}, torch::kByte);
  std::mutex mutex;
  int64_t failed_at = n;
  std::exception_ptr failure;
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      try {
        const auto& path = files[static_cast<std::size_t>(i)];
        const auto image = i == 0 ? first : read_image(path, options);
        if (image.sizes() != first.sizes())
          fail(Cause::kData, path.string(), "is ", size_text(image), ", while ",
               files.front().filename().string(), " is ", size_text(first), "; give ",
               image.size(0) != first.size(0) ? "channels" : "image_size", " to make them alike");
        all[i].copy_(image);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (i < failed_at) {
          failed_at = i;
          failure = std::current_exception();
        }
        return;
      }
    }
  });
  if (failure) std::rethrow_exception(failure);
  return all;
}

Dataset read_set(const fs::path& folder, const ReadOptions& options) {
  auto files = files_of(folder);
  Dataset set;
  set.x = read_images(files.images, options);
  set.spec.modality = Modality::kImage;
  set.spec.shape = set.x.sizes().slice(1).vec();
  if (!files.label.empty()) set.label = torch::tensor(files.label, torch::kLong);
  set.spec.classes = std::move(files.classes);
  return set;
}

// Steps through folders that hold nothing but one folder of folders.
fs::path innermost(fs::path folder) {
  for (std::size_t depth = 0; depth < kMaxDepth; ++depth) {
    const auto here = list(folder);
    if (!here.images.empty() || here.folders.size() != 1) break;
    if (here.folders.front().filename() == "train") break;
    const auto below = list(here.folders.front());
    if (!below.images.empty() || below.folders.empty()) break;
    folder = here.folders.front();
  }
  return folder;
}

std::vector<std::string> paths_below(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& file : files_of(folder).images)
    out.push_back(file.lexically_relative(folder).generic_string());
  return out;
}

}  // namespace

bool is_image_folder(const fs::path& folder) { return has_image_within(folder, 3); }

Source read_image_folder(const fs::path& folder, const ReadOptions& options) {
  check_image_options(options);
  const auto root = innermost(folder);
  const auto top = list(root);
  Source source;
  const auto is_there = [&](const char* name) {
    return std::find(top.folders.begin(), top.folders.end(), root / name) != top.folders.end();
  };
  if (!is_there("train")) {
    source.train = read_set(root, options);
    return source;
  }
  for (const auto& other : top.folders) {
    const auto name = other.filename().string();
    if (name != "train" && name != "test" && name != "val" && name != "valid")
      fail(Cause::kData, root.string(), "holds '", printable(name),
           "' beside train/; expected train/, test/ and val/ only");
  }
  if (!top.images.empty())
    fail(Cause::kData, top.images.front().string(), "is an image beside train/, in neither set");
  source.train = read_set(root / "train", options);
  if (is_there("test")) {
    source.test = read_set(root / "test", options);
    if (options.new_classes) unite_classes(source.train, *source.test);
    match_test(source.train, *source.test, (root / "test").string());
  }
  return source;
}

ImageFiles image_files(const fs::path& folder) {
  const auto root = innermost(folder);
  std::error_code error;
  if (!fs::is_directory(root / "train", error)) return {paths_below(root), {}};
  const bool tested = fs::is_directory(root / "test", error);
  return {paths_below(root / "train"),
          tested ? paths_below(root / "test") : std::vector<std::string>()};
}

}  // namespace figment
