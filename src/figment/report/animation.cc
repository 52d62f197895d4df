#include "figment/report/animation.h"

#include <gif_lib.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "figment/core/error.h"
#include "figment/data/image_codec.h"

namespace figment {
namespace {

void check_frames(const std::vector<torch::Tensor>& frames, const AnimationOptions& options) {
  FIGMENT_CHECK(!frames.empty());
  FIGMENT_CHECK(options.delay_ms >= 10 && options.delay_ms <= 65535);
  FIGMENT_CHECK(options.last_delay_ms >= 0 && options.last_delay_ms <= 65535);
  FIGMENT_CHECK(options.loops >= 0 && options.loops <= 65535);
  for (const auto& frame : frames) {
    FIGMENT_CHECK(frame.scalar_type() == torch::kUInt8 && frame.dim() == 3 && frame.numel() > 0);
    FIGMENT_CHECK(frame.size(0) == 1 || frame.size(0) == 3);
    FIGMENT_CHECK(frame.sizes() == frames.front().sizes());
  }
}

int delay_of(std::size_t frame, std::size_t frames, const AnimationOptions& options) {
  const bool last = frame + 1 == frames;
  return last && options.last_delay_ms > 0 ? options.last_delay_ms : options.delay_ms;
}

// --- APNG: https://wiki.mozilla.org/APNG_Specification ---

std::string big_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
  return out;
}

std::uint32_t read_big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string chunk(std::string_view kind, std::string_view data) {
  const auto body = std::string(kind) + std::string(data);
  const auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size()), 4) + body +
         big_endian(static_cast<std::uint32_t>(sum), 4);
}

struct Chunk {
  std::string_view kind;
  std::string_view data;
};

// The chunks of a PNG that we encoded ourselves.
std::vector<Chunk> chunks_of(std::string_view png) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const auto size = read_big_endian(png.substr(at));
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, size)});
    at += size + 12;
  }
  return chunks;
}

// --- GIF ---

int append_to_string(GifFileType* gif, const GifByteType* bytes, int count) {
  try {
    static_cast<std::string*>(gif->UserData)
        ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return count;
  } catch (...) {  // nothing may be thrown through C
    return 0;
  }
}

using Palette = std::vector<GifColorType>;

Palette grey_palette() {
  Palette palette;
  for (int i = 0; i < 256; ++i) {
    const auto level = static_cast<GifByteType>(i);
    palette.push_back({level, level, level});
  }
  return palette;
}

constexpr std::array<int, 3> kLevels = {6, 7, 6};

Palette cube_palette() {
  Palette palette;
  for (int r = 0; r < kLevels[0]; ++r) {
    for (int g = 0; g < kLevels[1]; ++g) {
      for (int b = 0; b < kLevels[2]; ++b) {
        palette.push_back({static_cast<GifByteType>(r * 255 / (kLevels[0] - 1)),
                           static_cast<GifByteType>(g * 255 / (kLevels[1] - 1)),
                           static_cast<GifByteType>(b * 255 / (kLevels[2] - 1))});
      }
    }
  }
  return palette;
}

// [3, H, W] uint8 -> [H, W] int32, 0xRRGGBB.
torch::Tensor packed_colours(const torch::Tensor& frame) {
  const auto wide = frame.to(torch::kInt);
  return wide[0] * 65536 + wide[1] * 256 + wide[2];
}

// All colours of the frames, sorted, if they are 256 or fewer. [m] int32.
std::optional<torch::Tensor> exact_colours(const std::vector<torch::Tensor>& frames) {
  torch::Tensor all = torch::empty({0}, torch::kInt);
  for (const auto& frame : frames) {
    const auto colours = torch::cat({all, packed_colours(frame).flatten()});
    all = std::get<0>(torch::unique_consecutive(std::get<0>(colours.sort())));
    if (all.numel() > 256) return std::nullopt;
  }
  return all;
}

// Bayer's 8 x 8 matrix: thresholds in (0, 1), spread so that neighbours differ. [8, 8]
torch::Tensor bayer() {
  auto matrix = torch::zeros({8, 8});
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      int value = 0;
      for (int bit = 0; bit < 3; ++bit) {
        const int xb = x >> bit & 1;
        const int yb = y >> bit & 1;
        value = value << 2 | (xb ^ yb) << 1 | yb;
      }
      matrix[y][x] = (value + 0.5) / 64;
    }
  }
  return matrix;
}

// [3, H, W] -> [H, W] uint8, an index into cube_palette(): each level is rounded up or down by the
// threshold at its place.
torch::Tensor dithered(const torch::Tensor& frame) {
  const auto height = frame.size(1);
  const auto width = frame.size(2);
  const auto threshold =
      bayer().repeat({(height + 7) / 8, (width + 7) / 8}).narrow(0, 0, height).narrow(1, 0, width);
  torch::Tensor index = torch::zeros({height, width});
  for (int c = 0; c < 3; ++c) {
    const double top = kLevels[static_cast<std::size_t>(c)] - 1;
    const auto level = (frame[c].to(torch::kFloat) * (top / 255) + threshold).floor().clamp(0, top);
    index = index * (top + 1) + level;
  }
  return index.to(torch::kUInt8);
}

// The palette of all frames, and how a frame becomes indices into it.
struct Colours {
  Palette palette;
  torch::Tensor exact{};  // sorted colours [m], undefined unless the frames are coloured and exact

  explicit Colours(const std::vector<torch::Tensor>& frames) {
    if (frames.front().size(0) == 1) {
      palette = grey_palette();
    } else if (auto few = exact_colours(frames)) {
      exact = *few;
      for (int64_t i = 0; i < exact.numel(); ++i) {
        const auto rgb = exact[i].item<int>();
        palette.push_back({static_cast<GifByteType>(rgb >> 16), static_cast<GifByteType>(rgb >> 8),
                           static_cast<GifByteType>(rgb)});
      }
    } else {
      palette = cube_palette();
    }
  }

  torch::Tensor indices(const torch::Tensor& frame) const {  // uint8 [H, W]
    if (frame.size(0) == 1) return frame[0].contiguous();
    if (!exact.defined()) return dithered(frame).contiguous();
    return torch::searchsorted(exact, packed_colours(frame)).to(torch::kUInt8).contiguous();
  }
};

class GifWriter {
 public:
  GifWriter(std::string* bytes, int width, int height, const Palette& palette)
      : width_(width), height_(height) {
    int error = 0;
    gif_ = EGifOpen(bytes, append_to_string, &error);
    FIGMENT_CHECK(gif_ != nullptr);
    EGifSetGifVersion(gif_, true);  // 89a, which has times and loops
    int bits = 1;
    while ((std::size_t{1} << bits) < palette.size()) ++bits;
    auto padded = palette;
    padded.resize(std::size_t{1} << bits, {0, 0, 0});
    ColorMapObject* map = GifMakeMapObject(1 << bits, padded.data());
    FIGMENT_CHECK(map != nullptr);
    const int result = EGifPutScreenDesc(gif_, width, height, bits, 0, map);
    GifFreeMapObject(map);
    require(result);
  }
  ~GifWriter() {
    if (gif_ != nullptr) EGifCloseFile(gif_, nullptr);
  }
  GifWriter(const GifWriter&) = delete;
  GifWriter& operator=(const GifWriter&) = delete;

  // Readers count repetitions after the first showing; 0 means forever, absence means none.
  void loops(int times) {
    if (times == 1) return;
    const int repeats = times == 0 ? 0 : times - 1;
    const GifByteType data[] = {1, static_cast<GifByteType>(repeats & 255),
                                static_cast<GifByteType>(repeats >> 8)};
    require(EGifPutExtensionLeader(gif_, APPLICATION_EXT_FUNC_CODE));
    require(EGifPutExtensionBlock(gif_, 11, "NETSCAPE2.0"));
    require(EGifPutExtensionBlock(gif_, 3, data));
    require(EGifPutExtensionTrailer(gif_));
  }

  void frame(torch::Tensor indices, int delay_ms) {  // uint8 [H, W], contiguous
    GraphicsControlBlock control{};
    control.DisposalMode = DISPOSE_DO_NOT;
    control.DelayTime = (delay_ms + 5) / 10;
    control.TransparentColor = NO_TRANSPARENT_COLOR;
    GifByteType packed[4];
    EGifGCBToExtension(&control, packed);
    require(EGifPutExtension(gif_, GRAPHICS_EXT_FUNC_CODE, sizeof packed, packed));
    require(EGifPutImageDesc(gif_, 0, 0, width_, height_, false, nullptr));
    for (int y = 0; y < height_; ++y) {
      require(EGifPutLine(gif_, indices.data_ptr<uint8_t>() + int64_t{y} * width_, width_));
    }
  }

  void close() {
    int error = 0;
    const int result = EGifCloseFile(gif_, &error);
    gif_ = nullptr;
    if (result != GIF_OK) fail(Cause::kRun, "encode_gif", "giflib: error ", error, " on closing");
  }

 private:
  void require(int result) const {
    if (result == GIF_OK) return;
    const char* reason = GifErrorString(gif_->Error);
    fail(Cause::kRun, "encode_gif", "giflib: ", reason != nullptr ? reason : "unknown error");
  }

  int width_;
  int height_;
  GifFileType* gif_ = nullptr;
};

}  // namespace

std::string encode_apng(const std::vector<torch::Tensor>& frames, const AnimationOptions& options) {
  check_frames(frames, options);
  const auto size = big_endian(static_cast<std::uint32_t>(frames.front().size(2)), 4) +
                    big_endian(static_cast<std::uint32_t>(frames.front().size(1)), 4);
  std::string out;
  std::uint32_t sequence = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto png = encode_png(frames[i]);
    const auto control = [&] {
      return chunk(
          "fcTL",
          big_endian(sequence++, 4) + size + std::string(8, '\0') +
              big_endian(static_cast<std::uint32_t>(delay_of(i, frames.size(), options)), 2) +
              big_endian(1000, 2) + std::string(2, '\0'));
    };
    if (i == 0) out = png.substr(0, 8);
    bool controlled = false;
    for (const auto& [kind, data] : chunks_of(png)) {
      if (kind == "IDAT") {
        if (!controlled) out += control();
        controlled = true;
        out += i == 0 ? chunk(kind, data)
                      : chunk("fdAT", big_endian(sequence++, 4) + std::string(data));
      } else if (i == 0 && kind != "IEND") {
        out += chunk(kind, data);
        if (kind == "IHDR") {
          out += chunk("acTL", big_endian(static_cast<std::uint32_t>(frames.size()), 4) +
                                   big_endian(static_cast<std::uint32_t>(options.loops), 4));
        }
      }
    }
  }
  return out + chunk("IEND", "");
}

std::string encode_gif(const std::vector<torch::Tensor>& frames, const AnimationOptions& options) {
  check_frames(frames, options);
  const auto height = frames.front().size(1);
  const auto width = frames.front().size(2);
  if (width > 65535 || height > 65535) {
    fail(Cause::kRun, "encode_gif", "expected at most 65535 pixels a side, got ", width, " x ",
         height, "; write an APNG instead");
  }
  const Colours colours(frames);
  std::string bytes;
  GifWriter gif(&bytes, static_cast<int>(width), static_cast<int>(height), colours.palette);
  gif.loops(options.loops);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    gif.frame(colours.indices(frames[i].cpu()), delay_of(i, frames.size(), options));
  }
  gif.close();
  return bytes;
}

}  // namespace figment
