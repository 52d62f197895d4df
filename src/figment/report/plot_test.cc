// Plots as XML, and their numbers where they can be counted.
#include "figment/report/plot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "figment/data/outside_test.h"
#include "figment/report/axes.h"

namespace figment {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool contains(const std::string& text, std::string_view part) { return count(text, part) > 0; }

// What every plot must be: XML, without numbers that no renderer can place.
void check_svg(const TemporaryFolder& folder, const std::string& svg) {
  folder.write("plot.svg", svg);
  EXPECT_EQ(python(folder, R"(
import re, xml.etree.ElementTree as tree
root = tree.parse('plot.svg').getroot()
assert root.tag == '{http://www.w3.org/2000/svg}svg'
names = {element.tag.split('}')[1] for element in root.iter()}
assert names <= {'svg', 'style', 'rect', 'path', 'text', 'g', 'circle', 'title'}, names
for element in root.iter():
    for key, value in element.attrib.items():
        assert not key.startswith('on') and 'href' not in key
        if key in ('d', 'x', 'y', 'cx', 'cy', 'width', 'height'):
            assert not re.search('nan|inf', value), (key, value)
)"),
            "");
}

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> out;
  out.reserve(ticks.size());
  for (const auto& [value, label] : ticks) out.push_back(label);
  return out;
}

using Words = std::vector<std::string>;

TEST(Axes, TicksAreRound) {
  EXPECT_EQ(labels(Scale(0, 1, 0, 100).ticks(5)), (Words{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(Scale(-0.013, 0.021, 0, 1).ticks(4)), (Words{"-0.01", "0", "0.01", "0.02"}));
  EXPECT_EQ(labels(Scale(0, 20000, 0, 1).ticks(4)), (Words{"0", "5k", "10k", "15k", "20k"}));
  EXPECT_EQ(labels(Scale(0, 2.5e6, 0, 1).ticks(5)),
            (Words{"0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M"}));
  EXPECT_EQ(labels(Scale(3e-7, 9e-7, 0, 1).ticks(3)), (Words{"4e-07", "6e-07", "8e-07"}));
  EXPECT_EQ(labels(Scale(0.0001, 100, 0, 1, true).ticks(10)),
            (Words{"10⁻⁴", "0.001", "0.01", "0.1", "1", "10", "100"}));
  EXPECT_EQ(labels(Scale(0.09, 3, 0, 1, true).ticks(6)), (Words{"0.1", "0.2", "0.5", "1", "2"}));
  EXPECT_EQ(labels(Scale(0.11, 0.19, 0, 1, true).ticks(4)),
            (Words{"0.12", "0.14", "0.16", "0.18"}));
}

TEST(Axes, ScalesPlaceValues) {
  const Scale plain(0, 10, 100, 200);
  EXPECT_DOUBLE_EQ(plain.position(2.5), 125);
  const Scale decades(1, 1000, 300, 0, true);
  EXPECT_NEAR(decades.position(10), 200, 1e-9);
  EXPECT_FALSE(decades.shows(0));
  EXPECT_FALSE(decades.shows(kNan));
  // Spans that are no spans, and spans that overflow.
  for (const double value : {0.0, 5.0, -1e308, 5e-324, 1e-300}) {
    EXPECT_TRUE(std::isfinite(Scale(value, value, 0, 1).position(value))) << value;
    EXPECT_LE(Scale(value, value, 0, 1).ticks(5).size(), 51u) << value;
  }
  EXPECT_NEAR(Scale(-1.7e308, 1.7e308, 0, 1).position(0), 0.5, 1e-12);
}

TEST(Axes, WritesShortNumbers) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(1234.5), "1234.5");
  EXPECT_EQ(short_number(-12500), "-12.5k");
  EXPECT_EQ(short_number(0.00312), "0.00312");
  EXPECT_EQ(short_number(2.5e9), "2.5G");
  EXPECT_EQ(short_number(1.5e-7), "1.5e-07");
}

TEST(LinePlot, DrawsSeriesAndEscapes) {
  const TemporaryFolder folder;
  LinePlot plot;
  plot.frame.title = "Loss <script>";
  plot.frame.x_label = "step & more";
  plot.frame.y_label = "nats";
  plot.series = {{"train", {1, 2, 3}, {3, 2, 1}}, {"a<b", {1, 2, 3}, {3, 2.5, 2}}};
  const auto svg = line_plot(plot);
  check_svg(folder, svg);
  EXPECT_FALSE(contains(svg, "<script>"));
  EXPECT_TRUE(contains(svg, "step &amp; more"));
  EXPECT_EQ(count(svg, "class=\"l\""), 2u);
  EXPECT_TRUE(contains(svg, "<title>train: 2 at 2</title>"));
}

TEST(LinePlot, LeavesGapsAndSaysWhenNothingIsThere) {
  const TemporaryFolder folder;
  LinePlot plot;
  plot.series = {{"loss", {1, 2, 3, 4, 5, 6}, {1, 2, kNan, 4, kInfinity, 6}}};
  auto svg = line_plot(plot);
  check_svg(folder, svg);
  const auto path = svg.substr(svg.find("class=\"l\""));
  EXPECT_EQ(count(path.substr(0, path.find('>')), "M"), 3u);  // three runs
  plot.log_y = true;
  plot.series = {{"loss", {1, 2}, {-1, 0}}};
  svg = line_plot(plot);
  check_svg(folder, svg);
  EXPECT_TRUE(contains(svg, "no finite values to draw"));
  plot.series.clear();
  EXPECT_TRUE(contains(line_plot(plot), "no finite values to draw"));
  for (const bool log : {false, true}) {
    plot.log_x = plot.log_y = log;
    for (const auto& y :
         {std::vector<double>{5e-324, 5e-324}, {1e-310, 1.7e308}, {1.7e308, 1.7e308}}) {
      plot.series = {{"extreme", y, y}};
      check_svg(folder, line_plot(plot));
    }
  }
}

TEST(LinePlot, KeepsSpikesOfLongSeries) {
  LinePlot plot;
  Series series{"long", {}, {}};
  for (int i = 0; i < 200000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 77777 ? 100 : std::sin(i * 0.001));
  }
  plot.series = {series};
  const auto svg = line_plot(plot);
  EXPECT_LT(svg.size(), 60000u);
  const auto room = room_for(plot.frame, 1);
  const auto range = Range{-1, 100, false}.widened(0.05);
  const Scale y(range.low, range.high, room.bottom, room.top);
  EXPECT_TRUE(contains(svg, " " + std::to_string(y.position(100)).substr(0, 4)));
}

TEST(ScatterPlot, DrawsSomeAndSaysSo) {
  const TemporaryFolder folder;
  torch::manual_seed(0);
  ScatterPlot plot;
  plot.points = torch::randn({10000, 2});
  plot.points[0].fill_(kNan);
  plot.points[1].fill_(1e6);
  plot.label = torch::arange(10000) % 3;
  plot.classes = {"cat", "dog & co"};
  const auto svg = scatter_plot(plot);
  check_svg(folder, svg);
  EXPECT_EQ(count(svg, "class=\"p "), 3u);
  const auto drawn = count(svg, "h0");
  EXPECT_GT(drawn, 3800u);
  EXPECT_LE(drawn, 4000u);
  EXPECT_TRUE(contains(svg, "4,000 of 9,999 points drawn; "));
  EXPECT_TRUE(contains(svg, " outside the frame; 1 not finite"));
  EXPECT_TRUE(contains(svg, "<title>dog &amp; co</title>"));
  EXPECT_TRUE(contains(svg, "<title>2</title>"));  // a label without a name
}

// Axis labels and where they stand.
Words tick_texts(const std::string& svg) {
  constexpr std::string_view kTick = " class=\"s v\">";
  Words out;
  for (auto at = svg.find(kTick); at != std::string::npos; at = svg.find(kTick, at + 1)) {
    const auto begin = svg.rfind('<', at);
    out.push_back(svg.substr(begin, svg.find('<', at) - begin));
  }
  return out;
}

TEST(ScatterPlot, TakesTheWindowOfAnother) {
  const TemporaryFolder folder;
  ScatterPlot data;
  data.points = torch::tensor({0.0, 0.0, 10.0, 20.0}).view({2, 2});
  data.window = window_of(data.points);
  EXPECT_DOUBLE_EQ(data.window->left, -0.6);
  EXPECT_DOUBLE_EQ(data.window->right, 10.6);
  EXPECT_DOUBLE_EQ(data.window->bottom, -1.2);
  EXPECT_DOUBLE_EQ(data.window->top, 21.2);
  ScatterPlot samples;
  samples.points = torch::tensor({5.0, 10.0, 500.0, 10.0, 5.0, -600.0}).view({3, 2});
  EXPECT_NE(tick_texts(scatter_plot(samples)), tick_texts(scatter_plot(data)));
  samples.window = data.window;
  const auto svg = scatter_plot(samples);
  check_svg(folder, svg);
  EXPECT_EQ(tick_texts(svg), tick_texts(scatter_plot(data)));
  EXPECT_TRUE(contains(svg, "2 outside the frame"));
  EXPECT_EQ(count(svg, "h0"), 1u);
  // Without a window of its own a plot has that of its points.
  data.window.reset();
  EXPECT_EQ(tick_texts(scatter_plot(data)), tick_texts(svg));
  // All outside is said, and drawn as nothing.
  samples.points = torch::full({4, 2}, 1e9);
  EXPECT_TRUE(contains(scatter_plot(samples), "4 outside the frame"));
}

TEST(ScatterPlot, TakesWhateverComes) {
  const TemporaryFolder folder;
  ScatterPlot plot;
  plot.points = torch::zeros({0, 2});
  EXPECT_TRUE(contains(scatter_plot(plot), "no finite points to draw"));
  plot.points = torch::full({5, 2}, kInfinity);
  EXPECT_TRUE(contains(scatter_plot(plot), "no finite points to draw"));
  plot.points = torch::ones({1, 2});
  check_svg(folder, scatter_plot(plot));
  plot.points = torch::randn({500, 2}, torch::kDouble);
  plot.label = torch::arange(500) * 1000;  // thousands of classes have no legend
  check_svg(folder, scatter_plot(plot));
}

TEST(Histogram, ShowsShares) {
  const TemporaryFolder folder;
  Histogram plot;
  plot.bins = 4;
  plot.frame.title = "scores";
  plot.sets = {{"normal", {0, 0, 0, 1, kNan}}, {"odd", {0, 1, 1, 1}}};
  const auto svg = histogram(plot);
  check_svg(folder, svg);
  EXPECT_EQ(count(svg, "class=\"h "), 2u);
  EXPECT_TRUE(contains(svg, ">0.6<"));  // a share, not a count
  plot.marks = {{"limit <1>", 5}, {"nowhere", kNan}};
  const auto marked = histogram(plot);
  check_svg(folder, marked);
  EXPECT_TRUE(contains(marked, ">limit &lt;1&gt;<"));
  EXPECT_FALSE(contains(marked, "nowhere"));
  plot.sets = {{"none", {kNan}}};
  EXPECT_TRUE(contains(histogram(plot), "no finite values to draw"));
}

TEST(BarChart, ShowsValues) {
  const TemporaryFolder folder;
  BarChart plot;
  plot.bars = {{"vae", 0.5}, {"<gan>", 1.0}, {"flow", kNan}, {"pca", -0.25}};
  const auto svg = bar_chart(plot);
  check_svg(folder, svg);
  EXPECT_EQ(count(svg, "class=\"fp-c0\""), 3u);
  EXPECT_TRUE(contains(svg, ">nan<"));
  EXPECT_TRUE(contains(svg, ">&lt;gan&gt;<"));
  plot.bars.clear();
  EXPECT_TRUE(contains(bar_chart(plot), "no bars to draw"));
}

}  // namespace
}  // namespace figment
