// The control: what the other cases include and call, used as it is meant to be.
// expect: compiles
#include "figment/core/error.h"

int main() {
  throw figment::Error(figment::Cause::kData, "digits.png", "expected a PNG, got 3 bytes");
}
