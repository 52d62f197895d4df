// figment search: the examples of the training part whose codes are nearest to a query's.
#include "figment/apply/search.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/eval/lsa.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "verb.h"

namespace figment::cli {
namespace {

constexpr int64_t kWords = 8;  // of a document that are shown

// The examples asked for: those numbered by --query, or all there are of --data.
torch::Tensor rows_asked(const Options& options, const Dataset& from) {
  if (options.queries.empty()) {
    if (options.data.empty())
      fail(Cause::kConfig, "search",
           "expected which examples to look for, such as --query 0 7, or --data FILE");
    return torch::arange(from.size());
  }
  for (const auto query : options.queries)
    if (query >= from.size())
      fail(Cause::kData, "--query", "expected an index below ", from.size(), ", as many as the ",
           options.split, " part has, got ", query);
  return torch::tensor(options.queries, torch::kLong);
}

// Everything that the answer is written from.
struct Answer {
  const Dataset& queries;
  const Dataset& among;
  torch::Tensor asked;  // [m], where the queries are in their part
  SearchIndex::Found found;
  torch::Tensor weight;  // of words; undefined when examples are no documents

  bool labelled() const { return queries.label.defined() && among.label.defined(); }
  double precision(int64_t q) const {
    return precision_of(found.neighbours.index[q], among, queries.label[q].item<int64_t>());
  }
  std::string words(const Dataset& set, int64_t i) const {
    return weight.defined() ? top_words(set, i, weight, kWords) : "";
  }
};

nlohmann::json to_json(const Answer& answer) {
  auto list = nlohmann::json::array();
  const auto describe = [&](const Dataset& set, int64_t i, int64_t index) {
    nlohmann::json entry = {{"index", index}};
    if (set.label.defined()) entry["label"] = set.label[i].item<int64_t>();
    if (set.label.defined()) entry["class"] = class_of(set, i);
    if (answer.weight.defined()) entry["words"] = answer.words(set, i);
    return entry;
  };
  const auto& near = answer.found.neighbours;
  for (int64_t q = 0; q < answer.queries.size(); ++q) {
    auto entry = describe(answer.queries, q, answer.asked[q].item<int64_t>());
    entry["neighbours"] = nlohmann::json::array();
    for (int64_t j = 0; j < near.index.size(1); ++j) {
      const auto i = near.index[q][j].item<int64_t>();
      auto neighbour = describe(answer.among, i, i);
      neighbour["distance"] = near.distance[q][j].item<float>();
      entry["neighbours"].push_back(std::move(neighbour));
    }
    if (answer.labelled()) entry["precision"] = answer.precision(q);
    list.push_back(std::move(entry));
  }
  return list;
}

void print(const Answer& answer, const SearchIndex& index) {
  std::size_t widest = 5;  // "class"
  for (const auto& name : answer.among.spec.classes) widest = std::max(widest, name.size());
  const auto column = [&](std::string text) {
    text.resize(std::max(widest, text.size()), ' ');
    return answer.labelled() ? text + "  " : std::string();
  };
  const auto line = [](std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    std::cout << text << "\n";
  };
  const auto& near = answer.found.neighbours;
  for (int64_t q = 0; q < answer.queries.size(); ++q) {
    if (q > 0) std::cout << "\n";
    line("query " + std::to_string(answer.asked[q].item<int64_t>()) + "  " +
         column(class_of(answer.queries, q)) + answer.words(answer.queries, q));
    line("rank  distance  " + column("class") + "   index" +
         (answer.weight.defined() ? "  words" : ""));
    for (int64_t j = 0; j < near.index.size(1); ++j) {
      const auto i = near.index[q][j].item<int64_t>();
      char head[40], number[24];
      std::snprintf(head, sizeof head, index.hashes() ? "%4lld  %8.0f  " : "%4lld  %8.4g  ",
                    static_cast<long long>(j) + 1, near.distance[q][j].item<double>());
      std::snprintf(number, sizeof number, "%8lld  ", static_cast<long long>(i));
      line(head + column(class_of(answer.among, i)) + number + answer.words(answer.among, i));
    }
    if (answer.labelled())
      line("precision at " + std::to_string(near.index.size(1)) + ": " +
           shortest(answer.precision(q)));
  }
}

void write_sheet(const Options& options, const LoadedRun& run, const Answer& answer) {
  GridOptions grid;
  grid.columns = answer.found.neighbours.index.size(1) + 1;
  const auto images =
      found_images(run.scaling, answer.queries, answer.among, answer.found.neighbours.index);
  write_durably(options.out, encode_png(image_grid(images, grid)));
  std::cerr << "wrote " << options.out << " (" << answer.queries.size()
            << " queries, each before its " << grid.columns - 1 << " neighbours)\n";
}

}  // namespace

int verb_search(const Options& options) {
  if (!options.out.empty() && suffix_of(options.out) != ".png")
    fail(Cause::kConfig, "search", "expected --out FILE.png, got '", printable(options.out), "'");
  const auto run = open_subject(options);
  if (!options.out.empty() && run.example().modality != Modality::kImage)
    fail(Cause::kConfig, "search", "expected a model of images for --out; leave it out");
  const auto part = open_part(run, options.split, options.data, console_watch(false));
  const auto rows = rows_asked(options, part);
  const auto queries = part.select(rows);
  const auto among = open_part(run, "train");
  const SearchIndex index(run, among);
  // Queries of the part that is searched are not to find themselves.
  const auto found = index.find(queries, options.n > 0 ? options.n : 10,
                                is_training_part(options) ? rows : torch::Tensor());
  const Answer answer{queries, among, rows, found,
                      holds_documents(among) && queries.columns == among.columns
                          ? inverse_document_frequency(among.x)
                          : torch::Tensor()};
  const auto pairs = static_cast<double>(queries.size()) * static_cast<double>(among.size());
  if (!options.out.empty()) write_sheet(options, run, answer);
  if (options.json) {
    print_json(options, {{"run", options.subject},
                         {"checkpoint", run.checkpoint.string()},
                         {"distance", index.distance()},
                         {"code_dim", index.width()},
                         {"searched", among.size()},
                         {"seconds", found.seconds},
                         {"queries", to_json(answer)}});
    return 0;
  }
  print(answer, index);
  char line[160];
  std::snprintf(line, sizeof line,
                "searched %s codes of %lld %s for %lld in %.3g ms: %.3g million a second",
                with_commas(among.size()).c_str(), static_cast<long long>(index.width()),
                index.hashes() ? "bits" : "numbers", static_cast<long long>(queries.size()),
                1e3 * found.seconds, pairs / std::max(1e-9, found.seconds) / 1e6);
  say_on_stderr(line);
  return 0;
}

}  // namespace figment::cli
