// An error names its cause, since the exit code comes from it.
// expect: no matching function for call to
#include "figment/core/error.h"

int main() { figment::fail("digits.png", "expected a PNG, got 3 bytes"); }
