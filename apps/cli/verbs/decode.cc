// figment decode: codes from other tools become examples.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "code_columns.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/reader.h"
#include "figment/model/conditions.h"
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

// Which columns of a file are the attributes of the model: [a], in their order, or undefined where
// there are none of them.
torch::Tensor attribute_columns(const LoadedRun& run, const Dataset& file) {
  if (attributes_of(*run.model) == nullptr) return {};
  const auto& names = run.example().attributes;
  std::vector<std::string> wanted;
  wanted.reserve(names.size());
  for (const auto& name : names) wanted.push_back(kAttributeColumn + name);
  std::vector<int64_t> found;
  for (const auto& name : wanted) {
    const auto at = std::find(file.columns.begin(), file.columns.end(), name);
    if (at != file.columns.end()) found.push_back(at - file.columns.begin());
  }
  if (!found.empty() && found.size() < wanted.size())
    fail(Cause::kData, "decode", "expected the columns ", printable(join(wanted, ", "), 200),
         " beside the code, or none of them, got ", found.size());
  return found.empty() ? torch::Tensor() : torch::tensor(found, torch::kLong);
}

// All of a file under the conditions that it holds.
torch::Tensor decode_file(const LoadedRun& run, const Dataset& file) {
  const auto* conditions = dynamic_cast<Conditions*>(run.model.get());
  if (conditions != nullptr && conditions->on_part())
    fail(Cause::kConfig, "decode", "expected a model that decodes codes alone, but this '",
         run.family->name,
         "' is given part of an example, which no file of codes has; see figment reconstruct");
  for (std::size_t i = 0; i < file.categories.size(); ++i)
    if (!file.categories[i].empty())
      fail(Cause::kData, "decode", "expected numbers in the column ", printable(file.columns[i]),
           ", got '", printable(file.categories[i].front()), "'");
  const auto codes = file.x.to(torch::kFloat).flatten(1);
  // A model without classes decodes codes of any.
  const auto label =
      conditions != nullptr && conditions->on_class() ? labels_of(file) : torch::Tensor();
  const auto described = attribute_columns(run, file);
  if (!described.defined()) {
    if (conditions != nullptr && conditions->on_attributes())
      say_on_stderr(
          "codes without attributes are decoded with their means; encode --out FILE.csv writes "
          "them");
    return decode(run, codes, label);
  }
  auto rest = torch::ones({codes.size(1)}, torch::kBool);
  rest.index_fill_(0, described, 0);
  return decode(run, codes.index_select(1, rest.nonzero().flatten()), label,
                codes.index_select(1, described));
}

}  // namespace

int verb_decode(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decode", "expected a file of codes (.npy or .csv) after the run");
  need_out(options, "decoded.png");
  const auto run = open_subject(options);
  const auto file = read_path(options.object, reading(options.object)).train;
  write_examples(options.out, to_output(run, decode_file(run, file)), options.verb,
                 options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", file.size()}});
  return 0;
}

}  // namespace figment::cli
