#include "figment/data/jpeg_encode.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
// libjpeg's header needs those above.
#include <jpeglib.h>

#include "figment/core/error.h"

namespace figment {

std::string encode_jpeg(const torch::Tensor& image, int quality) {
  FIGMENT_CHECK(image.dim() == 3 && image.scalar_type() == torch::kUInt8 && quality >= 1 &&
                quality <= 100);
  FIGMENT_CHECK(image.size(0) == 1 || image.size(0) == 3);
  const auto pixels = image.permute({1, 2, 0}).contiguous();  // [H, W, C]
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  // The default handler ends the process; nothing here can fail but memory, since the image is
  // ours.
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = static_cast<JDIMENSION>(pixels.size(1));
  jpeg.image_height = static_cast<JDIMENSION>(pixels.size(0));
  jpeg.input_components = static_cast<int>(pixels.size(2));
  jpeg.in_color_space = pixels.size(2) == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg.optimize_coding = TRUE;
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  const auto stride = pixels.size(1) * pixels.size(2);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = pixels.data_ptr<std::uint8_t>() + stride * jpeg.next_scanline;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string out(reinterpret_cast<const char*>(buffer), size);
  std::free(buffer);
  jpeg_destroy_compress(&jpeg);
  return out;
}

}  // namespace figment
