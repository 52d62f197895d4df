#include "figment/data/image_codec.h"

#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"

// Both libraries report errors by leaving through a jump, which must not pass over an object with a
// destructor. So each decoder is cut into phases: a phase is one function that sets the jump, holds
// only plain locals, and says by its result whether it went well; what allocates or throws is done
// between the phases.
namespace figment {
namespace {

constexpr int64_t kMaxSide = 16384;
// A progressive JPEG of a few bytes per scan can ask for hours of work; real ones have about ten.
constexpr int kMaxScans = 200;

void check_size(int64_t width, int64_t height, const std::string& where) {
  if (width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide) return;
  fail(Cause::kData, where, "expected an image of 1 to ", kMaxSide, " pixels a side, got ", width,
       " x ", height);
}

// Compression has a bound, so a header may not claim more than the file can hold.
void check_plausible(double least_bytes, std::size_t size, int64_t width, int64_t height,
                     const std::string& where) {
  if (least_bytes <= static_cast<double>(size)) return;
  fail(Cause::kData, where, "expected the data of ", width, " x ", height, " pixels, got only ",
       size, " bytes in the whole file; it is truncated");
}

// v / 255, rounded, for v up to 255 * 255.
int divide_by_255(int v) { return (v * 257 + 128 * 257) >> 16; }

// [H, W, channels] interleaved -> [1 or 3, H, W]; a second or fourth channel is alpha, laid on
// white.
torch::Tensor planar_on_white(const std::vector<unsigned char>& pixels, int channels,
                              int64_t height, int64_t width) {
  const bool alpha = channels == 2 || channels == 4;
  const int colours = alpha ? channels - 1 : channels;
  auto image = torch::empty({colours, height, width}, torch::kUInt8);
  for (int c = 0; c < colours; ++c) {
    const unsigned char* in = pixels.data();
    auto* out = image.data_ptr<uint8_t>() + c * height * width;
    for (int64_t i = 0; i < height * width; ++i, in += channels) {
      const int opaque = alpha ? in[channels - 1] : 255;
      out[i] = static_cast<uint8_t>(divide_by_255(in[c] * opaque + 255 * (255 - opaque)));
    }
  }
  return image;
}

// --- PNG ---

class PngDecoder {
 public:
  PngDecoder(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
    FIGMENT_CHECK(info_ != nullptr);
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  torch::Tensor decode() {
    require(read_header());
    const int64_t width = png_get_image_width(png_, info_);
    const int64_t height = png_get_image_height(png_, info_);
    check_size(width, height, where_);
    // Deflate shrinks by 1032 at most; each row has one byte of filter besides.
    const auto raw_bytes =
        static_cast<double>(height) * static_cast<double>(png_get_rowbytes(png_, info_) + 1);
    check_plausible(raw_bytes / 1032, bytes_.size(), width, height, where_);
    require(set_transforms());
    const int channels = png_get_channels(png_, info_);
    const auto row_bytes = png_get_rowbytes(png_, info_);
    FIGMENT_CHECK(row_bytes == static_cast<std::size_t>(width * channels));
    std::vector<unsigned char> pixels(row_bytes * static_cast<std::size_t>(height));
    require(read_rows(pixels.data(), row_bytes, height));
    return planar_on_white(pixels, channels, height, width);
  }

 private:
  void require(bool went_well) const {
    if (went_well) return;
    fail(Cause::kData, at_offset(where_, offset_), "expected a sound PNG, got: ", message_);
  }

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, on_read);
    // Larger ones get our own message; this only keeps libpng from doing sums that overflow.
    png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);
    // A wrong checksum in tRNS would change pixels, so ancillary chunks are judged like the others.
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Texts and colour profiles are not used; skipping them also spares inflating them.
    static const png_byte skipped[] = "iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0sPLT\0hIST\0pCAL\0sCAL";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, skipped, sizeof skipped / 5);
    png_read_info(png_, info_);
    return true;
  }

  bool set_transforms() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_scale_16(png_);
    png_set_expand(png_);  // palettes, 1, 2 and 4 bits, and tRNS to alpha
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool read_rows(unsigned char* pixels, std::size_t row_bytes, int64_t height) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (int64_t y = 0; y < height; ++y) {
        png_read_row(png_, pixels + static_cast<std::size_t>(y) * row_bytes, nullptr);
      }
    }
    png_read_end(png_, nullptr);
    return true;
  }

  static void on_read(png_structp png, png_bytep out, png_size_t count) {
    auto& self = *static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (count > self.bytes_.size() - self.offset_) {
      self.offset_ = self.bytes_.size();
      png_error(png, "the file ends early");
    }
    std::memcpy(out, self.bytes_.data() + self.offset_, count);
    self.offset_ += count;
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto& self = *static_cast<PngDecoder*>(png_get_error_ptr(png));
    std::snprintf(self.message_, sizeof self.message_, "%s", message);
    png_longjmp(png, 1);
  }

  static void on_warning(png_structp, png_const_charp) {}

  std::string_view bytes_;
  const std::string& where_;
  std::size_t offset_ = 0;
  int passes_ = 1;
  char message_[200] = "";
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// --- JPEG ---

class JpegDecoder {
 public:
  JpegDecoder(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  // A decompressor that was never created is all zeros, which this accepts.
  ~JpegDecoder() { jpeg_destroy_decompress(&jpeg_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  torch::Tensor decode() {
    require(read_header());
    const int64_t width = jpeg_.image_width;
    const int64_t height = jpeg_.image_height;
    check_size(width, height, where_);
    // Huffman codes spend a bit at least on each block of 8 x 8 pixels.
    const int64_t blocks = ((width + 7) / 8) * ((height + 7) / 8);
    if (jpeg_.arith_code == FALSE)
      check_plausible(static_cast<double>(blocks) / 8, bytes_.size(), width, height, where_);
    choose_colours();
    require(start());
    const auto row_bytes = static_cast<std::size_t>(width * jpeg_.output_components);
    std::vector<unsigned char> pixels(row_bytes * static_cast<std::size_t>(height));
    require(read_rows(pixels.data(), row_bytes));
    if (jpeg_.out_color_space == JCS_CMYK) return rgb_of_cmyk(pixels, height, width);
    return planar_on_white(pixels, jpeg_.output_components, height, width);
  }

 private:
  void require(bool went_well) const {
    if (went_well) return;
    const auto left = jpeg_.src != nullptr ? jpeg_.src->bytes_in_buffer : 0;
    const auto offset = bytes_.size() - std::min(left, bytes_.size());
    fail(Cause::kData, at_offset(where_, offset), "expected a sound JPEG, got: ", message_);
  }

  bool read_header() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  void choose_colours() {
    switch (jpeg_.jpeg_color_space) {
      case JCS_GRAYSCALE:
        jpeg_.out_color_space = JCS_GRAYSCALE;
        return;
      case JCS_RGB:
      case JCS_YCbCr:
        jpeg_.out_color_space = JCS_RGB;
        return;
      case JCS_CMYK:
      case JCS_YCCK:
        jpeg_.out_color_space = JCS_CMYK;
        return;
      default:
        fail(Cause::kData, where_, "expected a JPEG in grey, RGB, YCbCr or CMYK, got ",
             jpeg_.num_components, " components of unknown meaning");
    }
  }

  bool start() {
    if (setjmp(jump_) != 0) return false;
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  bool read_rows(unsigned char* pixels, std::size_t row_bytes) {
    if (setjmp(jump_) != 0) return false;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  // Adobe's programs, hence everybody, store CMYK inverted: 255 is no ink.
  static torch::Tensor rgb_of_cmyk(const std::vector<unsigned char>& pixels, int64_t height,
                                   int64_t width) {
    auto image = torch::empty({3, height, width}, torch::kUInt8);
    for (int c = 0; c < 3; ++c) {
      const unsigned char* in = pixels.data();
      auto* out = image.data_ptr<uint8_t>() + c * height * width;
      for (int64_t i = 0; i < height * width; ++i, in += 4) {
        out[i] = static_cast<uint8_t>(divide_by_255(in[c] * in[3]));
      }
    }
    return image;
  }

  [[noreturn]] void leave(j_common_ptr jpeg) {
    jpeg->err->format_message(jpeg, message_);
    std::longjmp(jump_, 1);
  }

  [[noreturn]] static void on_error(j_common_ptr jpeg) {
    static_cast<JpegDecoder*>(jpeg->client_data)->leave(jpeg);
  }

  // Level -1 is a warning: data was damaged or missing and grey was put in its place.
  static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0) static_cast<JpegDecoder*>(jpeg->client_data)->leave(jpeg);
  }

  static void on_progress(j_common_ptr jpeg) {
    auto& self = *static_cast<JpegDecoder*>(jpeg->client_data);
    if (self.jpeg_.input_scan_number <= kMaxScans) return;
    std::snprintf(self.message_, sizeof self.message_, "more than %d scans", kMaxScans);
    std::longjmp(self.jump_, 1);
  }

  std::string_view bytes_;
  const std::string& where_;
  char message_[JMSG_LENGTH_MAX] = "";
  std::jmp_buf jump_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct jpeg_{};
};

bool begins_with(std::string_view bytes, std::string_view magic) {
  return bytes.substr(0, magic.size()) == magic;
}

}  // namespace

torch::Tensor decode_image(std::string_view bytes, const std::string& where) {
  if (begins_with(bytes, "\x89PNG\r\n\x1a\n")) return PngDecoder(bytes, where).decode();
  if (begins_with(bytes, "\xff\xd8\xff")) return JpegDecoder(bytes, where).decode();
  if (bytes.empty()) fail(Cause::kData, where, "expected a PNG or JPEG file, got an empty one");
  fail(Cause::kData, where, "expected a PNG or JPEG file, got one that begins with '",
       printable(bytes, 8), "'");
}

std::string encode_png(const torch::Tensor& image) {
  FIGMENT_CHECK(image.defined() && image.scalar_type() == torch::kUInt8);
  FIGMENT_CHECK(image.dim() == 2 ||
                (image.dim() == 3 && (image.size(0) == 1 || image.size(0) == 3)));
  FIGMENT_CHECK(image.numel() > 0 && image.size(-1) <= 0x7fffffff && image.size(-2) <= 0x7fffffff);
  const bool colour = image.dim() == 3 && image.size(0) == 3;
  const auto pixels =
      (colour ? image.permute({1, 2, 0}) : image).to(torch::kCPU).contiguous();  // [H, W(, 3)]

  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.size(-1));
  header.height = static_cast<png_uint_32>(image.size(-2));
  header.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&header, bytes.data(), &size, 0, pixels.data_ptr<uint8_t>(), 0,
                                nullptr) == 0) {
    fail(Cause::kRun, "encode_png", "libpng: ", header.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace figment
