// Codes of bits: whether the activations are near 0 and 1, what each bit is worth, whom the codes
// find, and how often these are of the same class, beside LSA or PCA.
#include "figment/apply/search.h"

#include <algorithm>

#include "figment/apply/section.h"
#include "figment/apply/spread.h"
#include "figment/apply/use.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/eval/lsa.h"
#include "figment/eval/metric.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kJudged = 4000;    // examples whose codes are looked at
constexpr int64_t kIndexed = 20000;  // examples of the training part that are searched
constexpr int64_t kAsked = 1000;     // examples whose neighbours are counted
constexpr int64_t kImageQueries = 12, kNeighbours = 10;
constexpr int64_t kTextQueries = 5, kTextNeighbours = 3, kWords = 8;

void activations(ReportContext& context, const Dataset& some) {
  if (!context.run.family->abilities.encodes) return;
  const auto code = encode(context.run, some).to(torch::kDouble).contiguous();
  const auto decided = ((code < 0.1) | (code > 0.9)).to(torch::kDouble).mean().item<double>();
  Histogram plot;
  plot.frame.x_label = "activation before the threshold of one half";
  plot.frame.y_label = "share";
  plot.sets = {{"", {code.data_ptr<double>(), code.data_ptr<double>() + code.numel()}}};
  context.page.plot(histogram(plot), "Activations of the code, all bits together; " +
                                         significant(100 * decided, 3) +
                                         " % lie below 0.1 or above 0.9.");
}

void bits(ReportContext& context, const Dataset& some) {
  const auto b = hash(context.run, some).to(torch::kDouble);
  const auto balance = b.mean(0);
  Histogram plot;
  plot.frame.x_label = "share of examples in which a bit is 1";
  plot.frame.y_label = "share of bits";
  plot.bins = 20;
  const auto shares = balance.contiguous();
  plot.sets = {{"", {shares.data_ptr<double>(), shares.data_ptr<double>() + shares.numel()}}};
  context.page.plot(histogram(plot), "A bit tells most when it is 1 in half of the examples.");
  const auto spread = (balance * (1 - balance)).sqrt();
  const auto live = (spread > 0).nonzero().flatten();
  HtmlTable table{{"", ""}, {}};
  table.rows.push_back({"bits", std::to_string(b.size(1))});
  table.rows.push_back({"bits that never change", std::to_string(b.size(1) - live.size(0))});
  table.rows.push_back({"balance, lowest", significant(balance.min().item<double>(), 3)});
  table.rows.push_back({"balance, highest", significant(balance.max().item<double>(), 3)});
  const auto words = std::get<0>(torch::unique_dim(b, 0));
  table.rows.push_back({"different codes among " + std::to_string(b.size(0)) + " examples",
                        std::to_string(words.size(0))});
  if (live.size(0) > 1) {
    const auto z = ((b - balance) / spread.clamp_min(1e-12)).index_select(1, live);
    const auto correlation = z.t().mm(z).div(static_cast<double>(z.size(0))).abs();
    const auto others =
        correlation.masked_select(torch::eye(live.size(0), torch::kLong).logical_not());
    table.rows.push_back(
        {"correlation of two bits, mean size", significant(others.mean().item<double>(), 3)});
    table.rows.push_back(
        {"correlation of two bits, largest", significant(others.max().item<double>(), 3)});
  }
  context.page.table(table, "Bits over examples of the " + context.part + " part.");
}

std::string among_of(const Dataset& searched) {
  return "among " + std::to_string(searched.size()) + " of the training part";
}

void found(ReportContext& context) {
  const auto among = spread(context.data.train, kIndexed);
  const bool images = context.run.example().modality == Modality::kImage;
  const bool documents = holds_documents(among);
  if (!images && !documents && !among.label.defined()) return;
  // Where there is no other part to show, queries are not to find themselves.
  const bool within = &context.shown == &context.data.train;
  if (within && among.size() < 2) return;
  const auto queries =
      (within ? among : context.shown).first(images ? kImageQueries : kTextQueries);
  const SearchIndex index(context.run, among);
  const auto near = index
                        .find(queries, images ? kNeighbours : kTextNeighbours,
                              within ? torch::arange(queries.size()) : torch::Tensor())
                        .neighbours;
  const auto where = among_of(among);
  if (images) {
    GridOptions grid;
    grid.columns = near.index.size(1) + 1;
    context.page.image(
        encode_png(image_grid(found_images(context.run.scaling, queries, among, near.index), grid)),
        "Each row: an example of the " + context.part + " part, then the nearest codes " + where +
            ".",
        context.run.example().shape[1] <= 32 ? 2 : 1);
    return;
  }
  const auto weight = documents ? inverse_document_frequency(among.x) : torch::Tensor();
  const auto words = [&](const Dataset& set, int64_t i) {
    return documents ? top_words(set, i, weight, kWords) : std::string();
  };
  HtmlTable table{{"", "bits apart", "class", documents ? "words" : ""}, {}};
  for (int64_t q = 0; q < queries.size(); ++q) {
    table.rows.push_back(
        {"query " + std::to_string(q), "", class_of(queries, q), words(queries, q)});
    for (int64_t j = 0; j < near.index.size(1); ++j) {
      const auto i = near.index[q][j].item<int64_t>();
      table.rows.push_back({"", std::to_string(near.distance[q][j].item<int64_t>()),
                            class_of(among, i), words(among, i)});
    }
  }
  context.page.table(table, "Examples of the " + context.part + " part and the nearest codes " +
                                where + (documents ? ", with the words that mark them." : "."));
}

// Precision at k and mean average precision by class; a column for each way of coding.
void quality(ReportContext& context) {
  const auto& run = context.run;
  const auto among = spread(context.data.train, kIndexed);
  const auto queries = spread(context.shown, kAsked);
  if (!among.label.defined() || !queries.label.defined() ||
      &context.shown == &context.data.train)  // each would find itself
    return;
  const auto measured = metric_named("retrieval")
                            .measure({*run.model, *run.family, run.scaling, among, queries,
                                      run.recipe.data, run.recipe.seed});
  HtmlTable table{{"", "this model"}, {}};
  for (const auto& [name, value] : measured.metrics) {
    table.rows.push_back({name, significant(value, 4)});
    for (const auto& [baseline, reached] : measured.baselines) {
      // "pca_32_bits_precision_at_10" is that of "pca_32_bits".
      const auto at = baseline.rfind("_" + name);
      if (at == std::string::npos || at + 1 + name.size() != baseline.size()) continue;
      if (table.rows.size() == 1) table.header.push_back(baseline.substr(0, at));
      table.rows.back().push_back(significant(reached, 4));
    }
  }
  context.page.table(table, "Whether the nearest codes " + among_of(among) +
                                " are of the class of the query, of which there are " +
                                with_commas(queries.size()) + " of the " + context.part +
                                " part; \"bits\": cut at the median of each dimension.");
}

void write(ReportContext& context) {
  if (!context.run.family->abilities.hashes || context.shown.size() == 0) return;
  context.page.section("Search by bits");
  const auto some = context.shown.first(kJudged);
  activations(context, some);
  bits(context, some);
  found(context);
  quality(context);
}

}  // namespace

extern const Section search;
const Section search = {240, &write};

}  // namespace figment::sections
