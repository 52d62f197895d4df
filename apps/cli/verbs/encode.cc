// figment encode: the codes of examples, for other tools.
#include <limits>
#include <string>
#include <vector>

#include "code_columns.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/data/csv_records.h"
#include "figment/model/conditions.h"
#include "verb.h"

namespace figment::cli {

int verb_encode(const Options& options) {
  need_out(options, "codes.npy");
  const auto suffix = suffix_of(options.out);
  if (suffix != ".npy" && suffix != ".csv")
    fail(Cause::kConfig, "encode", "expected --out FILE.npy or FILE.csv, got '", options.out, "'");
  const auto run = open_subject(options);
  const auto set = open_part(run, options.split, options.data, console_watch(false))
                       .first(options.n > 0 ? options.n : std::numeric_limits<int64_t>::max());
  const auto codes = encode(run, set);
  // Names let decode, and other tools, tell from the code what else there is.
  std::string header;
  for (int64_t i = 0; i < codes.size(1); ++i)
    header += (i == 0 ? "code_" : ",code_") + std::to_string(i + 1);
  std::vector<torch::Tensor> columns = {codes};
  if (suffix == ".csv" && set.attributes.defined() && attributes_of(*run.model) != nullptr) {
    for (const auto& name : run.example().attributes)
      header += "," + csv_field(kAttributeColumn + name);
    columns.push_back(set.attributes.to(codes.scalar_type()));
  }
  if (suffix == ".csv" && set.label.defined()) {
    header += ",label";
    columns.push_back(set.label.to(codes.scalar_type()).unsqueeze(1));
  }
  write_examples(options.out, torch::cat(columns, 1), options.verb, 0, header + "\n");
  if (options.json)
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"out", options.out},
                         {"n", set.size()},
                         {"code_dim", codes.size(1)}});
  return 0;
}

}  // namespace figment::cli
