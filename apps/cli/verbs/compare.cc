// figment compare: how one set of examples differs from another, whatever either came from.
#include <filesystem>
#include <iostream>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/open.h"
#include "figment/data/padding.h"
#include "figment/eval/sample_sets.h"
#include "figment/train/device.h"
#include "measured.h"
#include "verb.h"

namespace figment::cli {
namespace {

// What one side is, and what a feature network may learn from.
struct Side {
  std::string source{};
  Dataset examples{};  // what is compared
  Dataset training{}, test{};
};

DataConfig config_of(const Options& options, const std::string& source) {
  Value values;
  for (const auto& word : options.words) set_override(values, word);
  Problems problems;
  const Place place{"command line", 0, 0};
  if (const auto* given = values.as<Table>())
    for (const auto& entry : *given)
      if (entry.key != "data")
        problems.add(entry.place, entry.key, "expected settings such as data.image_size=32");
  set_path(values, "data.source", Value(source, place));
  const auto* table = values.find("data");
  auto config = read_config<DataConfig>(*table, "data", problems);
  problems.throw_if_any();
  config.validation = 0;
  return config;
}

// "mnist:train" is the training part of mnist, unless something of that very name is there.
std::string part_of(std::string& source) {
  std::error_code error;
  const auto colon = source.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(source, error)) return "";
  const auto part = source.substr(colon + 1);
  if (part != "train" && part != "test") return "";
  source.resize(colon);
  return part;
}

Side open_side(const Options& options, const std::string& given) {
  Side side;
  side.source = given;
  const auto part = part_of(side.source);
  auto config = config_of(options, side.source);
  const auto held_out = config.test;
  config.test = 0;
  auto data = open_data(config, console_watch(false));
  const bool has_test = data.test.size() > 0;
  if (part == "test" && !has_test)
    fail(Cause::kData, given, "expected a data set with a test part of its own, got one without");
  side.examples = has_test && part != "train" ? data.test : data.train;
  if (!has_test && suits_lenet(data.train)) {
    // Some of it tells how good the network is.
    config.test = held_out;
    data = open_data(config);
  }
  side.training = data.train;
  side.test = data.test;
  return side;
}

void check_alike(const Side& a, const Side& b) {
  const auto &one = a.examples.spec, &other = b.examples.spec;
  if (one.modality == other.modality && one.shape == other.shape) return;
  auto plain = one, wanted = other;
  plain.classes.clear();
  wanted.classes.clear();
  fail(Cause::kData, a.source, "expected examples of ", wanted.text(), ", as ", b.source,
       " has, got ", plain.text(),
       one.modality == Modality::kImage && other.modality == Modality::kImage
           ? "; data.image_size=N and data.channels=C bring both to one form"
           : "");
}

// Examples of a side, by the rows that are compared. What they are made of is taken a few at a
// time.
struct Chosen {
  const Dataset& set;
  torch::Tensor rows;  // [n] int64

  Chosen(const Dataset& of, int64_t most) : set(of), rows(some_rows(of.size(), most)) {}
  int64_t size() const { return rows.size(0); }
};

// The space, with classes where either side has labels to learn them from; the reference knows best
// what is in its examples.
FeatureSpace space_of(const Side& a, const Side& b, const Scaling& scaling,
                      const std::string& features) {
  const auto& teacher = suits_lenet(b.training) || !suits_lenet(a.training) ? b : a;
  auto space = feature_space(features, teacher.training, teacher.test, scaling, say_on_stderr);
  if (!space.classes().empty()) return space;
  const auto& labelled = teaches_classes(b.training) ? b : a;
  if (teaches_classes(labelled.training)) space.learn_classes(labelled.training, labelled.test);
  return space;
}

// Copies of the reference among (the first of) the judged, held against such among themselves.
void compare_pixels(const Chosen& judged, const Chosen& real, const Scaling& scaling,
                    Measured& out) {
  const auto numbers = numbers_of(scaling);
  const auto first = [](const Chosen& of) { return some_rows(of.size(), kPixelExamples); };
  const auto own = first(real);
  const HeldRows reference{real.set.x, real.rows, numbers};
  judge_copies(reference, {judged.set.x, judged.rows.index_select(0, first(judged)), numbers},
               {real.set.x, real.rows.index_select(0, own), numbers}, own, out);
}

Measured compare(const Side& a, const Side& b, const Chosen& judged, const Chosen& real,
                 const Scaling& scaling, const std::string& features) {
  const auto space = space_of(a, b, scaling, features);
  const auto one = space.observe(judged.set.x, judged.rows);
  const auto other = space.observe(real.set.x, real.rows);
  Measured out;
  out.notes = {{"features", space.title()},
               {"examples", std::to_string(judged.size()) + " of " + a.source + " against " +
                                std::to_string(real.size()) + " of " + b.source + ", " +
                                std::to_string(space.width()) + " numbers each"}};
  if (!space.classifier().empty()) out.notes.emplace_back("classifier", space.classifier());
  judge_fid(one, other, true, out);
  judge_kid(one, other, true, out);
  judge_prdc(one, other, true, out);
  if (!space.classes().empty()) {
    judge_modes(one, other, true, out);
    judge_inception_score(one, other, true, out);
    if (judged.set.label.defined())
      judge_labels(one.log_p, space.classes(), judged.set.label.index_select(0, judged.rows),
                   judged.set.spec.classes, out);
  } else {
    out.notes.emplace_back("classes", "left out: a classifier learns from labelled examples alone");
  }
  compare_pixels(judged, real, scaling, out);
  return out;
}

}  // namespace

int verb_compare(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "compare",
         "expected two data sets: folders of images, arrays (.npy), or names (figment data list)");
  set_threads(std::max<std::int64_t>(0, options.threads));
  auto a = open_side(options, options.subject), b = open_side(options, options.object);
  check_alike(a, b);
  const auto scaling = Scaling::fit(b.training, ScalingKind::kAuto);
  // Rows are scaled without their lengths: what pads a series is to be nothing then.
  for (auto* side : {&a, &b})
    for (auto* set : {&side->examples, &side->training, &side->test})
      set->x = padded_for(scaling, *set);
  const auto most = options.n > 0 ? options.n : kUsualExamples;
  const Chosen judged(a.examples, most), real(b.examples, most);
  const auto measured = compare(a, b, judged, real, scaling, options.features);
  if (options.json) {
    nlohmann::json document = {{"judged", options.subject},
                               {"reference", options.object},
                               {"n", judged.size()},
                               {"n_reference", real.size()}};
    fill_measured(document, measured);
    print_json(options, document);
    return 0;
  }
  print_measured(measured);
  return 0;
}

}  // namespace figment::cli
