// A recipe: everything that decides a training, in one file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "figment/core/config.h"
#include "figment/data/open.h"
#include "figment/nn/precision.h"

namespace figment {

struct TrainConfig {
  int64_t epochs = 10;
  int64_t steps = 0;
  int64_t batch_size = 128;
  Precision precision = Precision::kFloat32;
  int64_t log_every = 50;
  int64_t validate_every = 1;
  int64_t checkpoint_every = 1;
  int64_t keep = 2;
  int64_t patience = 0;
  int64_t picture_every = 1;
  std::string start_from = "";

  static constexpr auto fields() {
    using C = TrainConfig;
    return std::tuple{
        Field{"epochs", &C::epochs, "Passes over the training examples.", Within{1, 1000000}},
        Field{"steps", &C::steps, "Stop after this many steps instead; 0 goes by epochs.",
              AtLeast{0}},
        Field{"batch_size", &C::batch_size, "Examples in a step.", Within{1, 1048576}},
        Field{
            "precision", &C::precision,
            "Of matrix products and convolutions in a training step. bfloat16: 8 binary digits in "
            "place of 24, faster on processors and GPUs made for it and far slower on others; "
            "weights, losses and all that is judged or sampled stay in float32."},
        Field{"log_every", &C::log_every, "Steps between two lines of metrics.", AtLeast{1}},
        Field{"validate_every", &C::validate_every, "Epochs between two validations.", AtLeast{1}},
        Field{"checkpoint_every", &C::checkpoint_every, "Epochs between two checkpoints.",
              AtLeast{1}},
        Field{"keep", &C::keep, "Checkpoints kept besides the best.", AtLeast{1}},
        Field{"patience", &C::patience,
              "Stop when this many validations in a row bring no better loss; 0 never does.",
              AtLeast{0}},
        Field{"picture_every", &C::picture_every, "Epochs between two pictures; 0 draws none.",
              AtLeast{0}},
        Field{"start_from", &C::start_from,
              "Run folder or checkpoint of a model of the same family and sizes, whose weights the "
              "training starts from. Empty: random weights."}};
  }
};

struct Recipe {
  std::string family = "";
  std::uint64_t seed = 1;
  std::string device = "auto";
  int64_t threads = 0;
  DataConfig data{};
  TrainConfig train{};
  Value model{};

  static constexpr auto fields() {
    using C = Recipe;
    return std::tuple{
        Field{"family", &C::family, "The family of the model; `figment list` names them."},
        Field{"seed", &C::seed, "Everything random follows from it."},
        Field{"device", &C::device, "auto, cpu, cuda or cuda:N."},
        Field{"threads", &C::threads, "Threads to compute with; 0 takes the machine's cores.",
              Within{0, 4096}},
        Field{"data", &C::data, "The data."},
        Field{"train", &C::train, "The training."},
        Field{"model", &C::model, "The model; its keys are those of the family."}};
  }
};

// The values of a recipe file, for overrides to be laid on. Throws Error(kConfig), or Error(kIo)
// when the file cannot be read.
Value read_recipe_file(const std::string& path);

// The recipe that `values` say; problems with anything but [model] are added.
Recipe read_recipe(const Value& values, Problems& problems);

}  // namespace figment
