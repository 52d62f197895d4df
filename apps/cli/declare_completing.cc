// The options of verbs that finish, vary or repair examples; and of drawing in steps.
#include "declare.h"

namespace figment::cli {

Verb& Verb::drawing() {
  // Out of range by a default that is not: not asked for.
  return text("--sampler", options_.sampler,
              "Of models that draw in steps: ancestral, ddim or dpm_solver, in place of the run's")
      .whole("--steps", options_.steps, "Of the same: how many steps", 1, 100000)
      .real("--eta", options_.eta, "Of ddim: 0 draws no noise on the way, 1 as much as ancestral",
            0, 1)
      .real("--guidance", options_.guidance,
            "Of the same, of classes: 1 is the model as it is, more obeys the class more", 0, 100);
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
}

}  // namespace figment::cli
