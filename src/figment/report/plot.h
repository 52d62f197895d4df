// Plots as SVG text: curves, point clouds, histograms, bars.
//
// Every function returns one <svg> element that stands alone as a file and may be put into HTML as
// it is. It needs no script; exact values appear on hovering. Colours are Petroff's ten, chosen for
// colour-blind readers (https://arxiv.org/abs/2107.02270), and follow the reader's light or dark
// mode. All text is escaped. Values that are not finite are gaps; a plot without any finite value
// says so in its frame.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace figment {

// What every plot has. Sizes are in CSS pixels; the SVG scales down with its place.
struct PlotFrame {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  int width = 490;  // two stand side by side in an HtmlPage
  int height = 330;
};

// A curve. x and y are of one length; x should rise.
struct Series {
  std::string name{};
  std::vector<double> x{};
  std::vector<double> y{};
};

struct LinePlot {
  PlotFrame frame{};
  std::vector<Series> series{};
  bool log_x = false;  // on a logarithmic axis, values of 0 and below are gaps
  bool log_y = false;
};

// Curves in the order given. Where a curve has many points to a pixel, the line is their mean over
// every two pixels, and a pale band behind it reaches from the lowest to the highest, so that the
// trend is seen and no spike is lost.
std::string line_plot(const LinePlot& plot);

// What the axes of a plot span.
struct Window {
  double left, right, bottom, top;
};

// The middle 99 % of the points [n, 2] along each axis, with a margin, so that outliers do not
// press the rest together. At least one point must be finite.
Window window_of(const torch::Tensor& points);

struct ScatterPlot {
  PlotFrame frame{{}, {}, {}, 490, 480};
  torch::Tensor points{};              // [n, 2], any floating type
  torch::Tensor label{};               // [n] int64 >= 0, or undefined
  std::vector<std::string> classes{};  // names of the labels; a label beyond them shows its number
  int64_t limit = 4000;                // points drawn at most; a note below says if there are more
  std::optional<Window> window{};      // of plots that are to be compared; none: that of the points
};

// Points coloured by label; a note says how many lie outside the window. Which points are drawn, if
// not all, is every (n / limit)-th.
std::string scatter_plot(const ScatterPlot& plot);

struct Histogram {
  PlotFrame frame{};
  std::vector<std::pair<std::string, std::vector<double>>> sets{};  // laid over one another
  int bins = 50;
  std::vector<std::pair<std::string, double>> marks{};  // a line at a value, such as a threshold
};

// Each set as its share per bin, so that sets of different sizes compare. Bins span the middle 99.8
// % of all values and the marks; the rest counts into the outermost bins.
std::string histogram(const Histogram& plot);

struct BarChart {
  PlotFrame frame{};                                   // the height follows from the bars
  std::vector<std::pair<std::string, double>> bars{};  // drawn from top to bottom
  int digits = 3;                                      // significant digits of the values written
};

// Horizontal bars from zero, each with its name and value; a value that is not finite has no bar.
std::string bar_chart(const BarChart& plot);

}  // namespace figment
