#include "figment/report/plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "figment/core/error.h"
#include "figment/report/axes.h"
#include "figment/report/markup.h"

namespace figment {
namespace {

std::string place(double x, double y) { return fixed(x, 1) + " " + fixed(y, 1); }

// --- Curves ---

struct Dot {
  double x, y;  // as given
};

// Runs of finite points; a gap lies between two runs.
std::vector<std::vector<Dot>> runs_of(const Series& series, const Scale& x, const Scale& y) {
  std::vector<std::vector<Dot>> runs(1);
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (x.shows(series.x[i]) && y.shows(series.y[i])) {
      runs.back().push_back({series.x[i], series.y[i]});
    } else if (!runs.back().empty()) {
      runs.emplace_back();
    }
  }
  if (runs.back().empty()) runs.pop_back();
  return runs;
}

// What a curve does within two pixels.
struct Column {
  double x, low, high, mean;
};

std::vector<Column> columns_of(const std::vector<Dot>& run, const Scale& x) {
  constexpr double kPixels = 2;
  const auto column = [&](std::size_t i) { return std::floor(x.position(run[i].x) / kPixels); };
  std::vector<Column> columns;
  for (std::size_t i = 0; i < run.size();) {
    const auto first = i;
    Column now{run[i].x, run[i].y, run[i].y, 0};
    for (; i < run.size() && column(i) == column(first); ++i) {
      now.low = std::min(now.low, run[i].y);
      now.high = std::max(now.high, run[i].y);
      // A running mean, since the sum of finite values need not be finite.
      now.mean += run[i].y / static_cast<double>(i - first + 1) -
                  now.mean / static_cast<double>(i - first + 1);
    }
    now.mean = std::clamp(now.mean, now.low, now.high);  // against rounding
    now.x = run[first].x / 2 + run[i - 1].x / 2;
    columns.push_back(now);
  }
  return columns;
}

std::string band(const std::vector<Column>& columns, const Scale& x, const Scale& y) {
  std::string path;
  for (const auto& c : columns)
    path += (path.empty() ? "M" : "L") + place(x.position(c.x), y.position(c.high));
  for (auto c = columns.rbegin(); c != columns.rend(); ++c) {
    path += "L" + place(x.position(c->x), y.position(c->low));
  }
  return path + "Z";
}

std::string hover(const std::string& name, const Column& column, const Scale& x, const Scale& y) {
  auto text = name + ": " + significant(column.mean, 5) + " at " + short_number(column.x);
  if (column.low < column.high) {
    text += " (" + significant(column.low, 5) + " to " + significant(column.high, 5) + ")";
  }
  return "<circle class=\"w\" r=\"6\" cx=\"" + fixed(x.position(column.x), 1) + "\" cy=\"" +
         fixed(y.position(column.mean), 1) + "\"><title>" + escape(text) + "</title></circle>\n";
}

std::string curve(const Series& series, std::size_t k, const Scale& x, const Scale& y) {
  constexpr std::size_t kHovers = 60;  // places of a curve that tell their values
  std::string path;
  std::string bands;
  std::vector<Column> all;
  for (const auto& run : runs_of(series, x, y)) {
    const auto columns = columns_of(run, x);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      path += (i == 0 ? "M" : "L") + place(x.position(columns[i].x), y.position(columns[i].mean));
    }
    // A lone point has no line; a round cap makes it a dot.
    if (columns.size() == 1) path += "h0";
    if (columns.size() < run.size()) bands += band(columns, x, y);
    all.insert(all.end(), columns.begin(), columns.end());
  }
  if (path.empty()) return {};
  std::string out = "<g class=\"" + colour_class(k) + "\">";
  if (!bands.empty()) out += "<path class=\"b\" d=\"" + bands + "\"/>\n";
  // Colours repeat after ten; dashes then tell the curves apart.
  const char* dashes = k >= 10 ? "\" stroke-dasharray=\"6 4" : "";
  out += "<path class=\"l" + std::string(dashes) + "\" d=\"" + path + "\"><title>" +
         escape(series.name) + "</title></path>\n";
  const auto count = std::min(kHovers, all.size());
  for (std::size_t i = 0; i < count; ++i) {
    out += hover(series.name, all[count > 1 ? i * (all.size() - 1) / (count - 1) : 0], x, y);
  }
  return out + "</g>\n";
}

// --- Clouds ---

double quantile(const std::vector<double>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

// The span of the middle `share` of the values.
Range middle(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  Range range;
  range.add(quantile(values, (1 - share) / 2));
  range.add(quantile(values, (1 + share) / 2));
  return range;
}

struct Cloud {
  std::vector<double> x, y;
  std::vector<int64_t> label;
};

// The points with two finite coordinates.
Cloud finite_points(const ScatterPlot& plot) {
  FIGMENT_CHECK(plot.points.dim() == 2 && plot.points.size(1) == 2);
  const auto points = plot.points.detach().to(torch::kCPU, torch::kDouble).contiguous();
  const auto count = points.size(0);
  torch::Tensor labels = torch::zeros({count}, torch::kLong);
  if (plot.label.defined()) labels = plot.label.to(torch::kCPU, torch::kLong).contiguous();
  FIGMENT_CHECK(labels.dim() == 1 && labels.size(0) == count);
  const double* xy = points.data_ptr<double>();
  const int64_t* label = labels.data_ptr<int64_t>();
  Cloud cloud;
  for (int64_t i = 0; i < count; ++i) {
    FIGMENT_CHECK(label[i] >= 0);
    if (!std::isfinite(xy[2 * i]) || !std::isfinite(xy[2 * i + 1])) continue;
    cloud.x.push_back(xy[2 * i]);
    cloud.y.push_back(xy[2 * i + 1]);
    cloud.label.push_back(label[i]);
  }
  return cloud;
}

Window window_about(const Cloud& cloud) {
  constexpr double kShare = 0.99, kMargin = 0.06;
  const auto x = middle(cloud.x, kShare).widened(kMargin);
  const auto y = middle(cloud.y, kShare).widened(kMargin);
  return {x.low, x.high, y.low, y.high};
}

// The names of all labels; none beyond a hundred, of which a legend would tell nobody anything.
std::vector<std::string> names_of_labels(const ScatterPlot& plot, const Cloud& cloud) {
  const auto top = *std::max_element(cloud.label.begin(), cloud.label.end());
  if (!plot.label.defined() || top >= 100) return {};
  auto names = plot.classes;
  for (auto k = static_cast<int64_t>(names.size()); k <= top; ++k) {
    names.push_back(std::to_string(k));
  }
  return names;
}

// Every point is a line of no length with round ends: the shortest SVG there is.
std::string dots(const std::vector<std::pair<double, double>>& places, std::size_t k,
                 const std::string& name) {
  if (places.empty()) return {};
  std::string path;
  for (const auto& [x, y] : places) path += "M" + place(x, y) + "h0";
  return "<path class=\"p " + colour_class(k) + "\" d=\"" + path + "\"><title>" + escape(name) +
         "</title></path>\n";
}

// The name of a class at the median of its points, for those who cannot tell the colours.
std::string name_at(const std::vector<std::pair<double, double>>& places, const std::string& name) {
  if (places.size() < 3) return {};
  std::vector<double> x, y;
  for (const auto& [px, py] : places) {
    x.push_back(px);
    y.push_back(py);
  }
  std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  std::nth_element(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(y.size() / 2), y.end());
  return text_at(x[x.size() / 2], y[y.size() / 2] + 4, "middle", "n", name);
}

// A line from top to bottom at a value, named beside its upper end, on the side that has room.
std::string mark(const std::string& name, double value, const Scale& x, const Room& room) {
  const auto at = x.position(value);
  const bool right = at < (room.left + room.right) / 2;
  return "<path class=\"a\" stroke-dasharray=\"4 3\" d=\"M" + place(at, room.bottom) + "V" +
         fixed(room.top, 1) + "\"><title>" + escape(name + ": " + significant(value, 5)) +
         "</title></path>\n" +
         text_at(right ? at + 5 : at - 5, room.top + 12, right ? "start" : "end", "s", name);
}

std::string note_on(std::size_t drawn, std::size_t total, std::size_t outside, int64_t not_finite) {
  std::string note;
  const auto add = [&](const std::string& part) { note += (note.empty() ? "" : "; ") + part; };
  if (drawn < total) {
    add(with_commas(static_cast<int64_t>(drawn)) + " of " +
        with_commas(static_cast<int64_t>(total)) + " points drawn");
  }
  if (outside > 0) add(with_commas(static_cast<int64_t>(outside)) + " outside the frame");
  if (not_finite > 0) add(with_commas(not_finite) + " not finite");
  return note;
}

}  // namespace

std::string line_plot(const LinePlot& plot) {
  Range x_range;
  Range y_range;
  std::vector<std::string> names;
  for (const auto& series : plot.series) {
    FIGMENT_CHECK(series.x.size() == series.y.size());
    names.push_back(series.name);
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double x = series.x[i];
      const double y = series.y[i];
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      if ((plot.log_x && x <= 0) || (plot.log_y && y <= 0)) continue;
      x_range.add(x);
      y_range.add(y);
    }
  }
  if (x_range.empty) return nothing_to_draw(plot.frame, "no finite values to draw");
  if (names.size() == 1 && names[0].empty()) names.clear();
  const auto room = room_for(plot.frame, legend_rows(names, plot.frame));
  const auto xs = x_range.widened(0, plot.log_x);
  const auto ys = y_range.widened(0.05, plot.log_y);
  const Scale x(xs.low, xs.high, room.left + 4, room.right, plot.log_x);
  const Scale y(ys.low, ys.high, room.bottom, room.top, plot.log_y);
  auto body = legend(names, plot.frame) + axes(plot.frame, room, x, y);
  for (std::size_t k = 0; k < plot.series.size(); ++k) body += curve(plot.series[k], k, x, y);
  return svg_document(plot.frame, body);
}

Window window_of(const torch::Tensor& points) {
  ScatterPlot plot;
  plot.points = points;
  const auto cloud = finite_points(plot);
  FIGMENT_CHECK(!cloud.x.empty());
  return window_about(cloud);
}

std::string scatter_plot(const ScatterPlot& plot) {
  FIGMENT_CHECK(plot.limit >= 1);
  const auto cloud = finite_points(plot);
  const auto total = cloud.x.size();
  if (total == 0) return nothing_to_draw(plot.frame, "no finite points to draw");
  const auto names = names_of_labels(plot, cloud);
  const auto room = room_for(plot.frame, legend_rows(names, plot.frame));
  const auto window = plot.window ? *plot.window : window_about(cloud);
  const Scale x(window.left, window.right, room.left, room.right);
  const Scale y(window.bottom, window.top, room.bottom, room.top);

  std::vector<std::vector<std::pair<double, double>>> places(names.empty() ? 10 : names.size());
  const auto inside = [](double value, const Scale& scale) {
    return value >= scale.low() && value <= scale.high();
  };
  const auto drawn = std::min(total, static_cast<std::size_t>(plot.limit));
  std::size_t outside = 0;
  for (std::size_t i = 0; i < total; ++i) {
    if (!inside(cloud.x[i], x) || !inside(cloud.y[i], y)) ++outside;
  }
  for (std::size_t d = 0; d < drawn; ++d) {
    const auto i = d * total / drawn;
    if (!inside(cloud.x[i], x) || !inside(cloud.y[i], y)) continue;
    const auto k = static_cast<std::size_t>(cloud.label[i]) % places.size();
    places[k].emplace_back(x.position(cloud.x[i]), y.position(cloud.y[i]));
  }
  auto body = legend(names, plot.frame) + axes(plot.frame, room, x, y);
  for (std::size_t k = 0; k < places.size(); ++k) {
    body += dots(places[k], k, names.empty() ? "points" : names[k]);
  }
  if (names.size() <= 20) {
    for (std::size_t k = 0; k < names.size(); ++k) body += name_at(places[k], names[k]);
  }
  const auto not_finite = plot.points.size(0) - static_cast<int64_t>(total);
  return svg_document(plot.frame, body, note_on(drawn, total, outside, not_finite));
}

std::string histogram(const Histogram& plot) {
  FIGMENT_CHECK(plot.bins >= 1);
  std::vector<double> all;
  std::vector<std::string> names;
  for (const auto& [name, values] : plot.sets) {
    names.push_back(name);
    std::copy_if(values.begin(), values.end(), std::back_inserter(all),
                 [](double value) { return std::isfinite(value); });
  }
  if (all.empty()) return nothing_to_draw(plot.frame, "no finite values to draw");
  if (names.size() == 1 && names[0].empty()) names.clear();
  const auto room = room_for(plot.frame, legend_rows(names, plot.frame));
  auto span = middle(all, 0.998);
  for (const auto& [name, value] : plot.marks)
    if (std::isfinite(value)) span.add(value);
  span = span.widened(0);
  const Scale x(span.low, span.high, room.left, room.right);

  const auto bins = static_cast<std::size_t>(plot.bins);
  std::vector<std::vector<double>> shares;
  Range y_range;
  y_range.add(0);
  for (const auto& [name, values] : plot.sets) {
    std::vector<double> share(bins, 0);
    double count = 0;
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      const double at = (x.position(value) - room.left) / (room.right - room.left);
      const auto bin = std::clamp(at * plot.bins, 0.0, plot.bins - 1.0);
      share[static_cast<std::size_t>(bin)] += 1;
      count += 1;
    }
    for (double& part : share) y_range.add(part /= std::max(1.0, count));
    shares.push_back(std::move(share));
  }
  const Scale y(0, y_range.high * 1.05, room.bottom, room.top);
  auto body = legend(names, plot.frame) + axes(plot.frame, room, x, y);
  for (std::size_t k = 0; k < shares.size(); ++k) {
    std::string path = "M" + place(room.left, room.bottom);
    const double step = (room.right - room.left) / plot.bins;
    for (std::size_t b = 0; b < bins; ++b) {
      const double left = room.left + step * static_cast<double>(b);
      path += "L" + place(left, y.position(shares[k][b])) + "h" + fixed(step, 2);
    }
    path += "L" + place(room.right, room.bottom) + "Z";
    body += "<path class=\"h " + colour_class(k) + "\" d=\"" + path + "\"><title>" +
            escape(plot.sets[k].first) + "</title></path>\n";
  }
  for (const auto& [name, value] : plot.marks)
    if (std::isfinite(value)) body += mark(name, value, x, room);
  return svg_document(plot.frame, body);
}

std::string bar_chart(const BarChart& plot) {
  constexpr double kRow = 26;
  Range range;
  range.add(0);
  double name_width = 0;
  for (const auto& [name, value] : plot.bars) {
    if (std::isfinite(value)) range.add(value);
    name_width = std::max(name_width, 7.0 * static_cast<double>(name.size()));
  }
  auto frame = plot.frame;
  const double top = frame.title.empty() ? 10 : 38;
  frame.height = static_cast<int>(top + kRow * static_cast<double>(plot.bars.size()) +
                                  (frame.x_label.empty() ? 10 : 34));
  if (plot.bars.empty()) return nothing_to_draw(plot.frame, "no bars to draw");
  const double left = 24 + std::min(name_width, frame.width * 0.45);
  const double right = frame.width - 84.0;
  const auto span = range.widened(0);
  const Scale x(span.low, span.high, left, right);
  std::string body;
  for (std::size_t i = 0; i < plot.bars.size(); ++i) {
    const auto& [name, value] = plot.bars[i];
    const double y = top + kRow * static_cast<double>(i);
    body += text_at(left - 10, y + 17, "end", "", name);
    if (!std::isfinite(value)) {
      body += text_at(left + 6, y + 17, "start", "s v", fixed(value, 0));
      continue;
    }
    const double a = x.position(std::min(0.0, value));
    const double b = x.position(std::max(0.0, value));
    body += "<rect class=\"fp-c0\" x=\"" + fixed(a, 1) + "\" y=\"" + fixed(y + 4, 1) +
            "\" width=\"" + fixed(std::max(b - a, 0.5), 1) + "\" height=\"" + fixed(kRow - 8, 1) +
            "\" rx=\"2\"><title>" + escape(name + ": " + significant(value, 6)) +
            "</title></rect>\n";
    body += text_at(b + 6, y + 17, "start", "v", significant(value, plot.digits));
  }
  if (!frame.x_label.empty()) {
    body += text_at((left + right) / 2, frame.height - 12.0, "middle", "s", frame.x_label);
  }
  return svg_document(frame, body);
}

}  // namespace figment
