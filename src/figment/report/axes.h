// What the plots share: scales with ticks, colours, the SVG around a plot. For report/ only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "figment/report/plot.h"

namespace figment {

using Tick = std::pair<double, std::string>;  // value and label

// Maps values to positions along one axis, linearly or by logarithm.
class Scale {
 public:
  // Spans `low` to `high` (finite; both above 0 if logarithmic), mapped to pixels `from` to `to`.
  // If both are equal the span is widened around them.
  Scale(double low, double high, double from, double to, bool logarithmic = false);

  bool shows(double value) const;       // finite, and above 0 on a logarithmic axis
  double position(double value) const;  // pixels; may lie outside from..to
  double low() const { return low_; }
  double high() const { return high_; }

  // Places for about `wanted` labelled ticks at round numbers, with their labels.
  std::vector<Tick> ticks(int wanted) const;

 private:
  double measure(double value) const;

  double low_, high_, from_, to_;
  bool logarithmic_;
};

// The smallest and largest of the values seen.
struct Range {
  double low = 0;
  double high = 0;
  bool empty = true;

  void add(double value);
  // Widened by a share of its length on both sides; by a factor if logarithmic.
  Range widened(double share, bool logarithmic = false) const;
};

// "12,000", "0.0031", "1.5M": short and right to four digits, for ticks and hovering.
std::string short_number(double value);

// The class of the k-th colour: "fp-c0" to "fp-c9", then from the start again.
std::string colour_class(std::size_t k);

// Text at a place; `anchor` is "start", "middle" or "end".
std::string text_at(double x, double y, std::string_view anchor, std::string_view style,
                    std::string_view text);

// The room inside the axes, in pixels of the SVG.
struct Room {
  double left, top, right, bottom;
};

// Room for title, legend of `legend_rows` rows, tick labels and axis labels.
Room room_for(const PlotFrame& frame, int legend_rows);

// Legend entries as rows that fit the width; their number, and the SVG.
int legend_rows(const std::vector<std::string>& names, const PlotFrame& frame);
std::string legend(const std::vector<std::string>& names, const PlotFrame& frame);

// Grid lines, ticks, tick labels and axis labels.
std::string axes(const PlotFrame& frame, const Room& room, const Scale& x, const Scale& y);

// The whole: style sheet, background, title, `body`, and, unless empty, a note
// for which the document grows below.
std::string svg_document(const PlotFrame& frame, std::string_view body, std::string_view note = {});

// A document that says there is nothing to draw.
std::string nothing_to_draw(const PlotFrame& frame, std::string_view reason);

}  // namespace figment
