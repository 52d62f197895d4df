// The latent space of a trained model that decodes, to move about in: between codes of examples, or
// where the model does not encode between codes drawn from its prior, or found by search. Of a
// model that draws in steps the codes are the noise it starts from, which is found by going
// backwards. Codes of a conditional model are decoded under the condition that a given example
// holds.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "figment/apply/code_search.h"
#include "figment/apply/open_run.h"
#include "figment/model/draws_codes.h"

namespace figment {

struct Inverts;

// Which codes are asked for. A prior's will do for what asks only for some: then a model that does
// not encode is not searched for codes of examples.
enum class CodesOf { kExamples, kExamplesOrPrior };

class CodeSpace {
 public:
  // Throws Error(kConfig) naming `verb` when the model does not decode or has no such codes. `say`
  // is told what a search for codes does.
  CodeSpace(const LoadedRun& run, const char* verb, CodesOf codes = CodesOf::kExamples,
            Say say = {});

  const LoadedRun& run() const { return run_; }
  int64_t width() const { return width_; }  // numbers of a code

  // What decoding depends on beside the code, as Conditions says.
  bool on_class() const;
  bool on_attributes() const;
  bool conditional() const { return on_class() || on_attributes() || on_part(); }

  bool encodes() const { return encodes_ != nullptr || inverts_ != nullptr || search_ != nullptr; }
  // Whether codes are drawn from the prior, found by search or by going backwards, rather than
  // encoded: wide ones then lie about equally far from the prior's middle, where nothing was ever
  // decoded.
  bool on_prior() const { return encodes_ == nullptr; }
  // Codes [n, width] float32 on the CPU. The model must encode.
  torch::Tensor encode(const Dataset& set) const;
  // n codes of the prior likewise; row i by (seed, i) alone. For models that do not encode.
  torch::Tensor draw(int64_t n, std::uint64_t seed) const;

  // Codes [n, width] -> examples [n, shape...] in the model's numbers, on the CPU. `given` holds n
  // examples, or one for all, of whose conditions each code is decoded under its own: their labels,
  // their attributes, the part of them that the model conditions on. Models without conditions
  // ignore it.
  torch::Tensor decode(const torch::Tensor& codes, const Dataset& given) const;

 private:
  bool on_part() const;

  const LoadedRun& run_;
  Encodes* encodes_;  // null: by inverts_, or codes are drawn
  Inverts* inverts_;
  DrawsPrior* prior_;                     // null: they cannot be
  std::shared_ptr<CodeSearch> search_{};  // null: not needed, or cannot be
  Decodes& decodes_;
  Conditions* conditions_;  // null: none
  int64_t width_;
};

// The images, or other examples, of `set` in the model's numbers. [n, shape...]
torch::Tensor in_model_numbers(const LoadedRun& run, const Dataset& set);

// What the model made, [n, shape...] in the model's numbers, as a set of examples: images are
// rounded to 8 bits, as they would be in a file. With the labels and attributes of `given`, of n
// examples or none.
Dataset as_examples(const LoadedRun& run, const torch::Tensor& x, const Dataset& given = {});

}  // namespace figment
