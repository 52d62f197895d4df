// What a checkpoint holds, between the model in memory and the bytes of its files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/data/table_encoding.h"
#include "figment/model/model.h"
#include "figment/train/checkpoint.h"
#include "figment/train/recipe.h"

namespace figment {

// Where a training is; everything else that it needs follows from the recipe and the tensors.
struct TrainingState {
  int64_t stage = 0;       // index of the stage
  int64_t stage_step = 0;  // steps done in it
  int64_t step = 0;        // steps done in all
  bool finished = false;   // no step is left
  double best = 0;         // lowest first measure of a validation; meaningless when best_step is 0
  int64_t best_step = 0;   // 0: none yet
  int64_t stale = 0;       // validations since the best
  int64_t threads = 1;     // with another number the bits differ
  std::string data{};      // fingerprint of the training examples
  // Sums of the metrics since the last logged line: name -> (sum, count).
  std::map<std::string, std::pair<double, int64_t>> window{};
};

// What can be read of a checkpoint before there is a model.
struct CheckpointHeader {
  Recipe recipe{};
  ExampleSpec example{};
  Scaling scaling{};
  TableEncoding encoding{};
  TrainingState state{};
};

CheckpointFiles pack(const Model& model, const Recipe& recipe, const Scaling& scaling,
                     const TableEncoding& encoding, const TrainingState& state);

// All of these throw Error(kCheckpoint) with `where` when a file is not what it should be.
CheckpointHeader unpack_header(const CheckpointFiles& files, const std::string& where);
// Parameters and buffers; names, shapes and types must be the model's own, none more or less.
void unpack_model(const CheckpointFiles& files, Model& model, const std::string& where);
// The parameters, averaged where there are averages, for another training to start from; buffers
// where the model has them too.
void take_weights(const CheckpointFiles& files, Model& model, const std::string& where);
// The optimizers registered now, with their averages.
void unpack_optimizers(const CheckpointFiles& files, Model& model, const std::string& where);
// Puts averaged weights, where there are any, into the model: what is sampled and judged.
void apply_averages(const CheckpointFiles& files, Model& model, const std::string& where);

}  // namespace figment
