// The latent space of a trained model that encodes and decodes, to move about in. Codes of a
// conditional model are decoded under the condition that a given example holds. Of a model that
// draws in steps the codes are the noise it starts from, which is found by going backwards.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/apply/open_run.h"

namespace figment {

struct Inverts;

class CodeSpace {
 public:
  // Throws Error(kConfig) naming `verb` when the model does not encode or does not decode.
  CodeSpace(const LoadedRun& run, const char* verb);

  const LoadedRun& run() const { return run_; }
  int64_t width() const { return width_; }  // numbers of a code

  // What decoding depends on beside the code.
  bool on_class() const;
  bool on_attributes() const;
  bool conditional() const { return on_class() || on_attributes() || on_part(); }

  // Codes [n, width] float32 on the CPU.
  torch::Tensor encode(const Dataset& set) const;

  // Codes [n, width] -> examples [n, shape...] in the model's numbers, on the CPU. `given` holds n
  // examples, or one for all, of whose conditions each code is decoded under its own: their labels,
  // their attributes, the part of them that the model conditions on. Models without conditions
  // ignore it.
  torch::Tensor decode(const torch::Tensor& codes, const Dataset& given) const;

 private:
  bool on_part() const;

  const LoadedRun& run_;
  Encodes* encodes_;  // null: by inverts_
  Inverts* inverts_;
  Decodes& decodes_;
  Conditions* conditions_;  // null: none
  bool by_label_;           // Decodes::decode asks for the class
  int64_t width_;
};

// The images, or other examples, of `set` in the model's numbers. [n, shape...]
torch::Tensor in_model_numbers(const LoadedRun& run, const Dataset& set);

// What the model made, [n, shape...] in the model's numbers, as a set of examples: images are
// rounded to 8 bits, as they would be in a file. With the labels and attributes of `given`, of n
// examples or none.
Dataset as_examples(const LoadedRun& run, const torch::Tensor& x, const Dataset& given = {});

}  // namespace figment
