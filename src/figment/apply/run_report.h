// The report of a run: one HTML file with its numbers, curves and pictures.
#pragma once

#include <filesystem>

namespace figment {

// Writes the report of the run in `folder` to `out` (report.html in the folder when empty) and
// returns its path. Beside it, under samples/, go the animations it shows (manifold or samples over
// the training, as APNG and GIF). Throws Error(kCheckpoint) when there is no run, Error(kData) when
// its data cannot be opened any more, Error(kIo).
std::filesystem::path write_report(const std::filesystem::path& folder,
                                   const std::filesystem::path& out = {});

}  // namespace figment
