#include "figment/report/arrows.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/report/axes.h"
#include "figment/report/markup.h"

namespace figment {
namespace {

constexpr double kHead = 4;  // pixels of an arrow's head

std::string place(double x, double y) { return fixed(x, 1) + " " + fixed(y, 1); }

// A line with a head at its end, all in pixels.
std::string arrow(double x1, double y1, double x2, double y2) {
  const double length = std::hypot(x2 - x1, y2 - y1);
  if (!(length > 0.5)) return "M" + place(x1, y1) + "h0";
  const double head = std::min(kHead, length / 2);
  const double ux = (x2 - x1) / length * head, uy = (y2 - y1) / length * head;
  return "M" + place(x1, y1) + "L" + place(x2, y2) + "M" +
         place(x2 - ux - uy / 2, y2 - uy + ux / 2) + "L" + place(x2, y2) + "L" +
         place(x2 - ux + uy / 2, y2 - uy - ux / 2);
}

}  // namespace

std::string arrow_plot(const ArrowPlot& plot) {
  FIGMENT_CHECK(plot.from.dim() == 2 && plot.from.size(1) == 2 &&
                plot.to.sizes() == plot.from.sizes());
  const auto from = plot.from.to(torch::kCPU, torch::kDouble).contiguous();
  const auto to = plot.to.to(torch::kCPU, torch::kDouble).contiguous();
  const auto* a = from.data_ptr<double>();
  const auto* b = to.data_ptr<double>();
  Range xs, ys;
  for (int64_t i = 0; i < from.size(0); ++i) {
    if (!std::isfinite(a[2 * i]) || !std::isfinite(a[2 * i + 1])) continue;
    xs.add(a[2 * i]);
    ys.add(a[2 * i + 1]);
  }
  if (xs.empty) return nothing_to_draw(plot.frame, "no finite points to draw");
  xs = xs.widened(0.03);
  ys = ys.widened(0.03);
  const auto room = room_for(plot.frame, 0);
  const Scale x(xs.low, xs.high, room.left, room.right), y(ys.low, ys.high, room.bottom, room.top);
  std::string behind, arrows;
  if (plot.points.defined()) {
    const auto points = plot.points.to(torch::kCPU, torch::kDouble).contiguous();
    const auto* p = points.data_ptr<double>();
    for (int64_t i = 0; i < points.size(0); ++i)
      if (p[2 * i] >= xs.low && p[2 * i] <= xs.high && p[2 * i + 1] >= ys.low &&
          p[2 * i + 1] <= ys.high)
        behind += "M" + place(x.position(p[2 * i]), y.position(p[2 * i + 1])) + "h0";
  }
  for (int64_t i = 0; i < from.size(0); ++i) {
    if (!std::isfinite(a[2 * i] + a[2 * i + 1] + b[2 * i] + b[2 * i + 1])) continue;
    // The part of the way that lies inside.
    double share = 1;
    for (int d = 0; d < 2; ++d) {
      const auto& range = d == 0 ? xs : ys;
      const double start = a[2 * i + d], way = b[2 * i + d] - start;
      if (way > 0) share = std::min(share, (range.high - start) / way);
      if (way < 0) share = std::min(share, (range.low - start) / way);
    }
    const auto end = [&](int d) { return a[2 * i + d] + share * (b[2 * i + d] - a[2 * i + d]); };
    arrows += arrow(x.position(a[2 * i]), y.position(a[2 * i + 1]), x.position(end(0)),
                    y.position(end(1)));
  }
  std::string body = axes(plot.frame, room, x, y);
  if (!behind.empty())
    body += "<path class=\"p " + colour_class(1) + "\" stroke-width=\"2\" d=\"" + behind + "\"/>\n";
  body += "<path class=\"fp-c0\" fill=\"none\" style=\"fill:none\" stroke-width=\"1\" d=\"" +
          arrows + "\"/>\n";
  return svg_document(plot.frame, body);
}

}  // namespace figment
