// The same samples over the training, side by side, and beside the last of them the training image
// that is nearest: whether they come near to copies.
#include <algorithm>
#include <string>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/eval/nearest.h"
#include "figment/report/grid.h"

namespace figment::sections {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kColumns = 10;
constexpr int64_t kSamples = 8;    // a row each
constexpr int64_t kPiece = 10000;  // training images looked through at a time

// The pictures of samples that were drawn while training, by step.
std::vector<fs::path> sheets_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "samples", none)) {
    auto file = entry.path() / "samples.png";
    if (fs::is_regular_file(file)) out.push_back(std::move(file));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// `n` of them at most, evenly from the first to the last.
std::vector<fs::path> evenly(const std::vector<fs::path>& files, std::size_t n) {
  if (files.size() <= n) return files;
  std::vector<fs::path> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(files[(i * (files.size() - 1) + (n - 1) / 2) / (n - 1)]);
  return out;
}

// The first samples of a sheet, [kSamples, C, H, W] uint8, as image_grid laid them out with its
// defaults; undefined when the picture is smaller than that.
torch::Tensor first_of(const torch::Tensor& sheet, const std::vector<int64_t>& shape) {
  const auto gap = GridOptions().gap;
  const auto h = shape[1], w = shape[2];
  const auto columns = (sheet.size(2) - gap) / (w + gap);
  std::vector<torch::Tensor> out;
  for (int64_t i = 0; i < kSamples; ++i) {
    const auto row = columns == 0 ? 0 : i / columns, column = columns == 0 ? 0 : i % columns;
    const auto top = gap + row * (h + gap), left = gap + column * (w + gap);
    if (columns == 0 || top + h > sheet.size(1)) return {};
    out.push_back(sheet.narrow(1, top, h).narrow(2, left, w));
  }
  return torch::stack(out);
}

// The training image nearest to each of `images`, looked for piece by piece.
torch::Tensor nearest_images(ReportContext& context, const torch::Tensor& images) {
  const auto& all = context.data.train.x;
  const auto rows = [](const torch::Tensor& x) { return x.flatten(1).to(torch::kFloat); };
  const auto queries = rows(images);
  torch::Tensor index, distance;  // [n, 1]
  for (int64_t first = 0; first < all.size(0); first += kPiece) {
    const auto n = std::min(kPiece, all.size(0) - first);
    const auto found = nearest(rows(all.narrow(0, first, n)), queries, 1);
    const auto closer = distance.defined() ? found.distance < distance
                                           : torch::ones_like(found.distance, torch::kBool);
    index = index.defined() ? torch::where(closer, found.index + first, index) : found.index;
    distance = distance.defined() ? torch::min(distance, found.distance) : found.distance;
  }
  return all.index_select(0, index.flatten());
}

void write(ReportContext& context) {
  const auto& example = context.run.example();
  if (example.modality != Modality::kImage || context.able<Samples>() == nullptr) return;
  const auto files = evenly(sheets_in(context.folder), kColumns);
  if (files.size() < 2) return;
  std::vector<torch::Tensor> columns;
  for (const auto& file : files) {
    const auto some =
        first_of(decode_image(read_file(file, 1 << 28), file.string()), example.shape);
    if (!some.defined() || some.size(1) != example.shape[0]) return;
    columns.push_back(some);
  }
  columns.push_back(torch::full_like(columns.back(), 255));  // an empty column
  columns.push_back(nearest_images(context, columns[files.size() - 1]));
  GridOptions grid;
  grid.columns = static_cast<int64_t>(columns.size());
  const auto step = [](const fs::path& file) {
    const auto name = file.parent_path().filename().string();  // step_00000100
    const auto digits = name.find_first_not_of("0", name.find('_') + 1);
    return digits == std::string::npos ? std::string("0") : name.substr(digits);
  };
  context.page.section("The same samples over the training");
  context.page.image(encode_png(image_grid(torch::stack(columns, 1).flatten(0, 1), grid)),
                     "A row for each sample of seed 1, from step " + step(files.front()) +
                         " to step " + step(files.back()) +
                         "; apart at the right the training image that is nearest to the last, by "
                         "its pixels.",
                     example.shape[1] <= 32 ? 2 : 1);
}

}  // namespace

extern const Section film;
const Section film = {301, &write};

}  // namespace figment::sections
