// figment augment: samples of every class, written as a data set with labels.
#include <iostream>

#include "drawing.h"
#include "figment/apply/labelled_samples.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "verb.h"

namespace figment::cli {
namespace {

// Whether rows go into a table; throws for an --out that does not suit the examples.
bool wants_table(const Options& options, const ExampleSpec& example) {
  const auto suffix = suffix_of(options.out);
  if (example.modality == Modality::kImage) {
    if (!suffix.empty())
      fail(Cause::kConfig, "augment", "expected --out FOLDER for images, got '",
           printable(options.out), "'");
    return false;
  }
  if (example.modality == Modality::kSeries && example.shape.back() != 1)
    fail(Cause::kConfig, "augment",
         "expected a model of images, rows of numbers or series of single values, got one of ",
         example.text());
  if (suffix != ".csv")
    fail(Cause::kConfig, "augment", "expected --out FILE.csv for rows of numbers, got '",
         printable(options.out), "'");
  return true;
}

}  // namespace

int verb_augment(const Options& options) {
  const auto run = open_subject(options);
  need_labelled_samples(run, "augment");
  prepare_drawing(run, options);
  const bool images = run.example().modality == Modality::kImage;
  need_out(options, images ? "samples" : "samples.csv");
  const bool table = wants_table(options, run.example());
  const auto& classes = run.example().classes;
  const auto label = labels_of_each(static_cast<int64_t>(classes.size()), options.per_class);
  const auto x = to_output(run, sample_of_classes(run, label, options.seed, options.temperature));
  if (table)
    write_durably(options.out,
                  labelled_csv(x.flatten(1), label, classes, run.encoding.input_names()));
  else
    write_image_folder(options.out, x, label, classes);
  std::cerr << "wrote " << options.out << " (" << options.per_class << " samples of each of "
            << classes.size() << " classes)\n";
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", label.size(0)},
                         {"per_class", options.per_class},
                         {"classes", classes},
                         {"seed", options.seed}});
  return 0;
}

}  // namespace figment::cli
