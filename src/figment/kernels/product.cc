#include "figment/kernels/product.h"

#include <stdexcept>
#include <string>

#ifdef FIGMENT_ONEDNN
#include <dnnl.h>
#include <dnnl_debug.h>
#endif

namespace figment {

#ifdef FIGMENT_ONEDNN
bool multiplies() { return true; }

void multiply(std::int64_t rows, std::int64_t columns, std::int64_t inner, const Factor& left,
              const Factor& right, float* out, std::int64_t stride, bool add) {
  const auto status =
      dnnl_sgemm(left.turned ? 'T' : 'N', right.turned ? 'T' : 'N', rows, columns, inner, 1,
                 left.data, left.stride, right.data, right.stride, add ? 1 : 0, out, stride);
  if (status != dnnl_success)
    throw std::runtime_error("oneDNN could not multiply two matrices: " +
                             std::string(dnnl_status2str(status)));
}
#else
bool multiplies() { return false; }

void multiply(std::int64_t, std::int64_t, std::int64_t, const Factor&, const Factor&, float*,
              std::int64_t, bool) {
  throw std::runtime_error("figment was built without oneDNN");
}
#endif

}  // namespace figment
