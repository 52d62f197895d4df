// figment decode: codes from other tools become examples.
#include <fstream>
#include <string>

#include "figment/apply/use.h"
#include "figment/core/error.h"
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

}  // namespace

int verb_decode(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decode", "expected a file of codes (.npy or .csv) after the run");
  need_out(options, "decoded.png");
  const auto run = open_subject(options);
  const auto codes =
      read_path(options.object, reading(options.object)).train.x.to(torch::kFloat).flatten(1);
  write_examples(options.out, to_output(run, decode(run, codes)), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", codes.size(0)}});
  return 0;
}

}  // namespace figment::cli
