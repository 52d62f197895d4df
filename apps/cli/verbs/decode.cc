// figment decode: codes from other tools become examples.
#include <fstream>
#include <string>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/reader.h"
#include "verb.h"

namespace figment::cli {
namespace {

// As encode writes them: a CSV whose last column is named label has the class there.
ReadOptions reading(const std::string& path) {
  ReadOptions options;
  std::string header;
  if (suffix_of(path) != ".csv" || !std::getline(std::ifstream(path), header)) return options;
  if (!header.empty() && header.back() == '\r') header.pop_back();
  const std::string label = ",label";
  if (header.size() > label.size() &&
      header.compare(header.size() - label.size(), label.size(), label) == 0)
    options.label_column = "label";
  return options;
}

// The classes of a file whose last column they are, as the model numbers them: [n], or undefined.
torch::Tensor labels_of(const Dataset& file) {
  if (!file.label.defined()) return {};
  std::vector<int64_t> numbers;
  for (const auto& name : file.spec.classes) {
    if (name.empty() || name.size() > 9 ||
        name.find_first_not_of("0123456789") != std::string::npos)
      fail(Cause::kData, "decode", "expected the numbers of classes in the column label, got '",
           printable(name), "'");
    numbers.push_back(std::stoll(name));
  }
  return torch::tensor(numbers, torch::kLong).index_select(0, file.label);
}

}  // namespace

int verb_decode(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decode", "expected a file of codes (.npy or .csv) after the run");
  need_out(options, "decoded.png");
  const auto run = open_subject(options);
  const auto file = read_path(options.object, reading(options.object)).train;
  const auto codes = file.x.to(torch::kFloat).flatten(1);
  // A model without classes decodes codes of any.
  auto* samples = dynamic_cast<Samples*>(run.model.get());
  const auto label =
      samples != nullptr && samples->knows_classes() ? labels_of(file) : torch::Tensor();
  write_examples(options.out, to_output(run, decode(run, codes, label)), options.verb,
                 options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", codes.size(0)}});
  return 0;
}

}  // namespace figment::cli
