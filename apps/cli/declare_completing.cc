// The options of verbs that finish, vary or repair examples; and of drawing in steps.
#include "declare.h"

namespace figment::cli {
namespace {

constexpr const char* kGuidance =
    "Of the same, of classes: 1 is the model as it is, more obeys the class more";

}  // namespace

Verb& Verb::drawing() {
  // Out of range by a default that is not: not asked for.
  return text("--sampler", options_.sampler,
              "Of models that draw in steps: ancestral, ddim or dpm_solver, in place of the run's")
      .whole("--steps", options_.steps, "Of the same: how many steps", 1, 100000)
      .real("--eta", options_.eta, "Of ddim: 0 draws no noise on the way, 1 as much as ancestral",
            0, 1)
      .real("--guidance", options_.guidance, kGuidance, 0, 100);
}

Verb& Verb::ancestral_drawing() {
  return whole("--steps", options_.steps,
               "Of models that draw in steps: how many, in place of the run's", 1, 100000)
      .real("--guidance", options_.guidance, kGuidance, 0, 100);
}

void declare_completing(CLI::App& app, Options& options) {
  Verb restore(app, options, "restore", "Undo the damage that a model was trained to undo");
  restore.subject("RUN", "Folder of the run")
      .data("Damaged examples, all of which are restored; with --corrupt, clean ones")
      .split()
      .number("How many examples (all of --data; 32 with --corrupt)")
      .seed("The damage of --corrupt follows from it")
      .out("FILE.png for clean, damaged and restored in rows; FILE.npy for the restored numbers")
      .checkpoint()
      .device()
      .json();
  restore.flag("--corrupt", options.corrupt,
               "Damage the examples of the run's --split first, as in training, and "
               "compare with what they were");
  restore
      .real("--noise", options.noise,
            "Take off Gaussian noise of this deviation (of pixels in 0..1, or of what the model "
            "sees), for models that know noise of any",
            1e-6, 1e6)
      .flag("--drawn", options.drawn,
            "Of the same: one example that it may have been, drawn in steps, not their mean")
      .drawing();
  Verb inpaint(app, options, "inpaint", "Fill in what of an image is hidden");
  inpaint.subject("RUN", "Folder of the run")
      .text("--mask", options.mask,
            "What is hidden: centre, left, right, top, bottom, border or lines; or a file (.png, "
            ".npy), bright or 1 where known. Without: centre, or the model's own part")
      .data("Images to hide parts of, in place of the run's")
      .split()
      .number("How many images (16)")
      .whole("--answers", options.answers, "Answers for each (4)", 1, 1000)
      .text("--beside", options.object, "Folder of another run, which fills in the same")
      .text("--features", options.features,
            "FILE.safetensors of a feature network in place of figment's own, by which 100 images "
            "or more are judged as a set")
      .seed("The answers follow from it")
      .out(
          "FILE.png for a sheet, a row an image: what is known, answers, what it was; FILE.npy "
          "for all answers")
      .ancestral_drawing()
      .checkpoint()
      .device()
      .json();
  Verb vary(app, options, "vary", "Make examples like given ones");
  vary.subject("RUN", "Folder of the run")
      .real("--strength", options.strength,
            "How much of an example is forgotten, above 0 and at most 1 (0.5)", 0, 1)
      .data("Data set that the examples are of, in place of the run's")
      .split()
      .number("How many examples (8)")
      .whole("--answers", options.answers, "Variations of each (6)", 1, 1000)
      .seed("The variations follow from it")
      .out(
          "FILE.png for a sheet, a row an example: as it is, then its variations; FILE.npy for "
          "all variations")
      .drawing()
      .checkpoint()
      .device()
      .json();
  vary.indices("-q,--query", options.queries,
               "Which examples of that part, counted from 0, in place of the first");
  Verb lab(app, options, "lab", "Train families on points in the plane and lay them side by side");
  lab.subject("SET", "A toy set; figment data list names them (8gaussians)", false)
      .words("KEY=VALUE",
             "Settings of every training, such as train.steps=9000; FAMILY.KEY=VALUE of the model "
             "of one, such as flow.steps=8")
      .texts("--families", options.families,
             "Names by commas; without, all that sample and take points")
      .real("--seconds", options.seconds, "For which each may train at most (60)", 0.01, 1e7)
      .out("A new folder for lab.html and the runs")
      .seed("As seed=N")
      .threads()
      .quiet()
      .json();
}

}  // namespace figment::cli
