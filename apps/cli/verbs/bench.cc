// figment bench: how fast a recipe trains on this machine, and where the time goes.
#include "figment/train/speed.h"

#include "speed.h"
#include "training.h"
#include "verb.h"

namespace figment::cli {

int verb_bench(const Options& options) {
  const auto asked = asked_recipe(options);
  SpeedOptions how;
  if (options.n > 0) {
    how.steps = options.n;
    how.seconds = 600;  // who says how many waits for them
  }
  const auto speed = measure_speed(*asked.family, asked.recipe, how, console_watch(options.quiet));
  if (options.json)
    print_json(options, json_of(speed));
  else
    print_speed(speed);
  return 0;
}

}  // namespace figment::cli
