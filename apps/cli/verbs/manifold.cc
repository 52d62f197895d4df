// figment manifold: a plane of codes decoded, as a grid or as a walk through it.
#include <iostream>

#include "figment/apply/latent.h"
#include "figment/apply/plane.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"
#include "figment/report/animation.h"
#include "figment/report/grid.h"
#include "latent_sheet.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kCodes = 5000;  // of training examples, that the plane is laid through
constexpr int64_t kFrames = 72;   // of a walk
constexpr int64_t kMapSide = 8;   // of the map beside a walk
constexpr int kFrameMs = 100;

std::optional<std::pair<int64_t, int64_t>> asked_axes(const std::string& text) {
  if (text.empty()) return {};
  const auto comma = text.find(',');
  const auto whole = [](const std::string& word) {
    return !word.empty() && word.size() < 10 &&
           word.find_first_not_of("0123456789") == std::string::npos;
  };
  if (comma == std::string::npos || !whole(text.substr(0, comma)) || !whole(text.substr(comma + 1)))
    fail(Cause::kConfig, "--axes", "expected two coordinates counted from 0, such as 0,3, got '",
         printable(text), "'");
  return std::pair<int64_t, int64_t>{std::stoll(text.substr(0, comma)),
                                     std::stoll(text.substr(comma + 1))};
}

// Checks the suffix against the model; whether it is an animation.
bool wants_walk(const Options& options, const LoadedRun& run) {
  need_out(options, "manifold.png");
  const auto suffix = suffix_of(options.out);
  const bool walk = suffix == ".apng" || suffix == ".gif";
  if (!walk && suffix != ".png" && suffix != ".npy")
    fail(Cause::kConfig, "manifold",
         "expected --out FILE.png, FILE.apng, FILE.gif or FILE.npy, got '", printable(options.out),
         "'");
  if (suffix != ".npy" && run.example().modality != Modality::kImage)
    fail(Cause::kConfig, "manifold", "expected --out FILE.npy for a model of ",
         name_of(run.example().modality), " examples, got '", printable(options.out), "'");
  return walk;
}

void write_walk(const Options& options, const CodeSpace& space, const CodePlane& plane,
                const Dataset& given) {
  const auto unit = unit_walk(options.steps > 0 ? options.steps : kFrames);
  const auto map = space.decode(plane.codes(unit_grid(kMapSide)), given);
  const auto frames = walk_frames(map, space.decode(plane.codes(unit), given), unit);
  AnimationOptions animation;
  animation.delay_ms = kFrameMs;
  write_durably(options.out, suffix_of(options.out) == ".gif" ? encode_gif(frames, animation)
                                                              : encode_apng(frames, animation));
  std::cerr << "wrote " << options.out << " (" << frames.size() << " frames of a walk; ";
}

void write_grid(const Options& options, const CodeSpace& space, const CodePlane& plane,
                const Dataset& given) {
  const auto images = space.decode(plane.codes(unit_grid(options.side)), given);
  if (suffix_of(options.out) == ".npy") {
    write_durably(options.out, encode_npy(to_output(space.run(), images).contiguous()));
  } else {
    GridOptions grid;
    grid.columns = options.side;
    grid.gap = 0;
    write_durably(options.out, encode_png(image_grid(images, grid)));
  }
  std::cerr << "wrote " << options.out << " (" << options.side << " x " << options.side << "; ";
}

}  // namespace

int verb_manifold(const Options& options) {
  const auto axes = asked_axes(options.axes);
  const auto run = open_subject(options);
  // The plane of a model that does not encode is its prior's, unless it is to go through examples.
  const bool search = !options.data.empty() && can_search(*run.model);
  const CodeSpace space(run, "manifold", search ? CodesOf::kExamples : CodesOf::kExamplesOrPrior,
                        say_on_stderr);
  const bool walk = wants_walk(options, run);
  Dataset given;
  if (space.conditional())
    given = examples_at(open_part(run, options.split, options.data, console_watch(false)),
                        {options.queries.empty() ? 0 : options.queries.front()}, "--query",
                        options.split);
  const auto through = search ? open_part(run, options.split, options.data, console_watch(false))
                              : open_part(run, "train");
  const CodePlane plane(space, through.first(kCodes), axes);
  walk ? write_walk(options, space, plane, given) : write_grid(options, space, plane, given);
  std::cerr << plane.names().first << " to the right, " << plane.names().second << " upwards)\n";
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"code_dim", space.width()},
                         {"across", plane.names().first},
                         {"upwards", plane.names().second}});
  return 0;
}

}  // namespace figment::cli
