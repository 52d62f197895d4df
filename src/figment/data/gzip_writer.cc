#include "figment/data/gzip_writer.h"

#include <zlib.h>

#include <limits>

#include "figment/core/error.h"

namespace figment {

std::string gzip(std::string_view bytes) {
  FIGMENT_CHECK(bytes.size() < std::numeric_limits<uInt>::max());
  z_stream stream{};
  // 15 + 16: the largest window, with gzip's header; 9: the most memory for matches.
  FIGMENT_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9,
                             Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib does not write through next_in; its interface merely predates const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  FIGMENT_CHECK(code == Z_STREAM_END);
  return out;
}

}  // namespace figment
