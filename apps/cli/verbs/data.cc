// figment data: which data sets there are, what one holds, and a way out to other tools.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/builtin.h"
#include "figment/data/named.h"
#include "figment/data/open.h"
#include "figment/data/padding.h"
#include "verb.h"

namespace figment::cli {
namespace {

int list(const Options& options) {
  auto all = nlohmann::json::array();
  for (const auto& card : builtins())
    all.push_back({{"name", card.name}, {"title", card.description}, {"status", "built in"}});
  for (const auto& set : list_named())
    all.push_back({{"name", set.name}, {"title", set.title}, {"status", set.status()}});
  if (options.json) {
    print_json(options, {{"sets", all}});
    return 0;
  }
  std::size_t status_width = 0;
  for (const auto& set : all)
    status_width = std::max(status_width, set["status"].get_ref<const std::string&>().size());
  for (const auto& set : all) {
    char line[400];
    std::snprintf(line, sizeof line, "%-14s %-*s  %s", set["name"].get<std::string>().c_str(),
                  static_cast<int>(status_width), set["status"].get<std::string>().c_str(),
                  set["title"].get<std::string>().c_str());
    std::cout << line << "\n";
  }
  return 0;
}

Splits open(const Options& options) {
  if (options.object.empty())
    fail(Cause::kConfig, "data " + options.subject,
         "expected a data set: a name (figment data list) or a path");
  Value values;
  for (const auto& word : options.words) set_override(values, word);
  const Place place{"command line", 0, 0};
  set_path(values, "data.source", Value(options.object, place));
  const auto* table = values.find("data");
  Problems problems;
  for (const auto& entry : *values.as<Table>())
    if (entry.key != "data")
      problems.add(entry.place, entry.key, "expected settings such as data.image_size=32");
  const auto config = read_config<DataConfig>(*table, "data", problems);
  problems.throw_if_any();
  return open_data(config, console_watch(false));
}

nlohmann::json describe(const Dataset& set) {
  nlohmann::json out = {{"examples", set.size()}};
  if (set.size() == 0) return out;
  auto values = set.x.to(torch::kDouble);
  if (set.length.defined()) values = values.flatten(1).masked_select(real_elements(set) > 0);
  out["type"] = type_name(set.x);
  out["min"] = values.min().item<double>();
  out["max"] = values.max().item<double>();
  out["mean"] = values.mean().item<double>();
  out["std"] = values.std(false).item<double>();
  if (set.length.defined())
    out["steps"] = {set.length.min().item<int64_t>(), set.length.max().item<int64_t>()};
  for (std::size_t i = 0; i < set.spec.attributes.size(); ++i) {
    const auto column = set.attributes.select(1, static_cast<int64_t>(i)).to(torch::kDouble);
    out["attributes"].push_back({{"name", set.spec.attributes[i]},
                                 {"min", column.min().item<double>()},
                                 {"max", column.max().item<double>()},
                                 {"mean", column.mean().item<double>()},
                                 {"std", column.std(false).item<double>()}});
  }
  if (set.label.defined() && !set.spec.classes.empty()) {
    const auto counts =
        torch::bincount(set.label, {}, static_cast<int64_t>(set.spec.classes.size()));
    for (std::size_t i = 0; i < set.spec.classes.size(); ++i)
      out["classes"].push_back({{"name", set.spec.classes[i]},
                                {"examples", counts[static_cast<int64_t>(i)].item<int64_t>()}});
  }
  return out;
}

int info(const Options& options) {
  const auto data = open(options);
  nlohmann::json document = {{"source", options.object},
                             {"example", data.train.spec.text()},
                             {"modality", name_of(data.train.spec.modality)},
                             {"shape", data.train.spec.shape},
                             {"fingerprint", data.fingerprint},
                             {"train", describe(data.train)},
                             {"validation", describe(data.validation)},
                             {"test", describe(data.test)}};
  for (const auto& column : data.encoding.columns)
    document["columns"].push_back(
        {{"name", column.name}, {"categories", column.categories}, {"log1p", column.log1p}});
  if (options.json) {
    print_json(options, document);
    return 0;
  }
  std::cout << options.object << ": " << data.train.spec.text() << "\n";
  if (!data.encoding.columns.empty()) std::cout << data.encoding.text() << "\n";
  for (const auto* part : {"train", "validation", "test"}) {
    const auto& one = document[part];
    std::cout << part << ": " << one["examples"] << " examples";
    if (one.contains("mean")) {
      char line[160];
      std::snprintf(line, sizeof line, ", %s, %g to %g, mean %.4g, std %.4g",
                    one["type"].get<std::string>().c_str(), one["min"].get<double>(),
                    one["max"].get<double>(), one["mean"].get<double>(), one["std"].get<double>());
      std::cout << line;
    }
    if (one.contains("steps"))
      std::cout << ", " << one["steps"][0] << " to " << one["steps"][1] << " steps";
    std::cout << "\n";
    for (const auto& attribute : one.value("attributes", nlohmann::json::array())) {
      char line[200];
      std::snprintf(line, sizeof line, "  %s: %.4g to %.4g, mean %.4g, std %.4g",
                    attribute["name"].get<std::string>().c_str(), attribute["min"].get<double>(),
                    attribute["max"].get<double>(), attribute["mean"].get<double>(),
                    attribute["std"].get<double>());
      std::cout << line << "\n";
    }
    if (!one.contains("classes")) continue;
    std::cout << " ";
    for (const auto& klass : one["classes"])
      std::cout << " " << klass["name"].get<std::string>() << ":" << klass["examples"];
    std::cout << "\n";
  }
  return 0;
}

int export_set(const Options& options) {
  need_out(options, "digits.png");
  const auto data = open(options);
  if (options.split != "train" && options.split != "validation" && options.split != "test")
    fail(Cause::kConfig, "--split", "expected train, validation or test, got '",
         printable(options.split), "'");
  auto set = options.split == "train"        ? data.train
             : options.split == "validation" ? data.validation
                                             : data.test;
  // A sheet of everything would be no sheet.
  const auto all =
      suffix_of(options.out) == ".png" ? std::min<int64_t>(set.size(), 400) : set.size();
  set = set.first(options.n > 0 ? options.n : all);
  if (set.size() == 0)
    fail(Cause::kData, options.object, "expected examples in its ", options.split,
         " part, found none; choose another with --split");
  // Series end where they ended, as data.masking reads it.
  write_examples(options.out, with_padding(data.encoding.to_data(set.x), set.length, NAN),
                 "data export");
  if (options.json)
    print_json(options, {{"source", options.object}, {"out", options.out}, {"n", set.size()}});
  return 0;
}

}  // namespace

int verb_data(const Options& options) {
  if (options.subject == "list") return list(options);
  if (options.subject == "info") return info(options);
  if (options.subject == "export") return export_set(options);
  fail(Cause::kConfig, "data", "expected list, info or export, got '", printable(options.subject),
       "'", did_you_mean(options.subject, {"list", "info", "export"}));
}

}  // namespace figment::cli
