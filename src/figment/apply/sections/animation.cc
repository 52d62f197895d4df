// The pictures of the training as an animation.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/report/animation.h"

namespace figment::sections {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kFrames = 60;

void write(ReportContext& context) {
  for (const auto* name : {"manifold", "samples"}) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(context.folder / "samples", none)) {
      const auto file = entry.path() / (std::string(name) + ".png");
      if (fs::is_regular_file(file)) files.push_back(file);
    }
    std::sort(files.begin(), files.end());
    if (files.size() < 2) continue;
    std::vector<torch::Tensor> frames;
    const auto stride = (files.size() + kFrames - 1) / kFrames;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (i % stride == 0 || i + 1 == files.size())
        frames.push_back(decode_image(read_file(files[i], 1 << 28), files[i].string()));
    AnimationOptions options;
    options.delay_ms = 250;
    options.last_delay_ms = 2000;
    const auto apng = encode_apng(frames, options);
    const auto stem = (context.folder / "samples" / name).string();
    write_durably(stem + ".apng", apng);
    write_durably(stem + ".gif", encode_gif(frames, options));
    context.page.section("How it came to be");
    context.page.image(apng, "The " + std::string(name) + " from the first picture to the last (" +
                                 std::to_string(frames.size()) + " frames). Also as samples/" +
                                 name + ".gif in the folder of the run.");
    return;
  }
}

}  // namespace

extern const Section animation;
const Section animation = {300, &write};

}  // namespace figment::sections
