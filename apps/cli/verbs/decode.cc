// figment decode: codes from other tools become examples.
#include <fstream>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/data/reader.h"
#include "verb.h"

namespace figment::cli {
namespace {

// Rows of a .npy or .csv; a column of labels, as encode writes it, is no part of a code.
torch::Tensor read_codes(const std::string& path) {
  ReadOptions options;
  std::ifstream file(path);
  std::string header;
  std::getline(file, header);
  const bool labelled = header.size() > 6 && header.compare(header.size() - 6, 6, ",label") == 0;
  if (suffix_of(path) == ".csv" && labelled) options.label_column = "label";
  return read_path(path, options).train.x.to(torch::kFloat).flatten(1);
}

}  // namespace

int verb_decode(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "decode", "expected a file of codes (.npy or .csv) after the run");
  need_out(options, "decoded.png");
  const auto run = open_subject(options);
  const auto codes = read_codes(options.object);
  write_examples(options.out, to_output(run, decode(run, codes)), options.verb, options.columns);
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", codes.size(0)}});
  return 0;
}

}  // namespace figment::cli
