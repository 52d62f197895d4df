// Folders of PNG and JPEG images: all in one, or one sub-folder a class, or these under train/,
// test/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Whether there is an image in the folder or up to three folders below it.
bool is_image_folder(const std::filesystem::path& folder);

// The images of a folder as uint8 [n, C, H, W], in the order of their paths' bytes within each
// class; classes are named and sorted by their folders (by value if all are whole numbers). Hidden
// files and files that are no images are passed over. Images in deeper folders count for the class
// above. A folder that holds nothing but one folder of folders stands for that. With a sub-folder
// train/ (and test/, while val/ and valid/ are passed over) these are the two sets.
//
// Throws Error(kData) naming the file or folder for: an image that does not decode or differs from
// the first in size or channels while options do not say what to bring it to; a class without
// images; images both beside and inside sub-folders; images of another format (WebP, GIF, ...);
// symbolic links that lead in circles. Images that are more than is held in memory go to the disk
// (large.h); throws Error(kIo) where that has no room.
Source read_image_folder(const std::filesystem::path& folder, const ReadOptions& options = {});

// The files that the examples of that source come from, in their order, as paths below the folder
// of the set ("cats/1.png"); `test` is empty where there is no such set.
struct ImageFiles {
  std::vector<std::string> train{}, test{};
};
ImageFiles image_files(const std::filesystem::path& folder);

}  // namespace figment
