// A cause is a name, never a bare exit code.
// expect: no matching function for call to
#include "figment/core/error.h"

int main() { figment::fail(3, "digits.png", "expected a PNG, got 3 bytes"); }
