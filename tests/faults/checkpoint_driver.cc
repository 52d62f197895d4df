// Does what training does with checkpoints, to be killed and tripped up by the tests beside it:
//   checkpoint_driver FOLDER FIRST LAST VARIANT
// writes each step, lets `last` point to it, says "STEP\n" on stdout, and keeps the newest two.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "content.h"
#include "figment/core/error.h"
#include "figment/train/checkpoint.h"

int main(int argc, char** argv) {
  using namespace figment;
  if (argc != 5) return 2;
  try {
    for (int64_t step = std::atoll(argv[2]); step <= std::atoll(argv[3]); ++step) {
      write_checkpoint(argv[1], step, faults::content_of(step, argv[4]));
      point(argv[1], "last", step);
      const std::string acknowledged = std::to_string(step) + "\n";
      if (::write(1, acknowledged.data(), acknowledged.size()) < 0) return 1;
      prune(argv[1], 2);
    }
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_code(error.cause());
  }
}
