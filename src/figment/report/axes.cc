#include "figment/report/axes.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/report/markup.h"

namespace figment {
namespace {

constexpr double kLetter = 6.4;  // mean width of a letter at 12 px
constexpr double kLegendRow = 20;
constexpr int kNoteRow = 14;

// On dark ground the four darkest colours have lighter twins.
constexpr const char* kStyle = R"(<style>
.fp{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:#1d2329}
.fp text{fill:currentColor}.fp .t{font-size:14px;font-weight:600}.fp .s{opacity:.72}
.fp .v{font-variant-numeric:tabular-nums}
.fp .g{stroke:currentColor;stroke-opacity:.12;fill:none}.fp .a{stroke:currentColor;stroke-opacity:.45;fill:none}
.fp .bg{fill:#fff}.fp .l{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.fp .p{fill:none;stroke-width:4.4;stroke-linecap:round;stroke-opacity:.62}
.fp .b{stroke:none;fill-opacity:.25}
.fp .h{stroke-width:1.4;fill-opacity:.22}.fp .w{fill:transparent;stroke:none}
.fp .w:hover{fill:currentColor;fill-opacity:.35}
.fp .n{font-weight:600;stroke:#fff;stroke-width:3.5;stroke-linejoin:round;paint-order:stroke}
.fp-c0{stroke:#3f90da;fill:#3f90da}.fp-c1{stroke:#ffa90e;fill:#ffa90e}.fp-c2{stroke:#bd1f01;fill:#bd1f01}
.fp-c3{stroke:#94a4a2;fill:#94a4a2}.fp-c4{stroke:#832db6;fill:#832db6}.fp-c5{stroke:#a96b59;fill:#a96b59}
.fp-c6{stroke:#e76300;fill:#e76300}.fp-c7{stroke:#b9ac70;fill:#b9ac70}.fp-c8{stroke:#717581;fill:#717581}
.fp-c9{stroke:#92dadd;fill:#92dadd}
@media (prefers-color-scheme:dark){.fp{color:#dde3e9}.fp .bg{fill:#171b20}.fp .n{stroke:#171b20}
.fp .p{stroke-opacity:.75}
.fp-c0{stroke:#58a6ec;fill:#58a6ec}.fp-c2{stroke:#ef5a3c;fill:#ef5a3c}.fp-c4{stroke:#b57be6;fill:#b57be6}
.fp-c8{stroke:#9a9fab;fill:#9a9fab}}
@media print{.fp{color:#000}.fp .bg{fill:#fff}.fp .n{stroke:#fff}}
</style>)";

std::string without_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// 10^exponent with raised digits.
std::string power_of_ten(int exponent) {
  static constexpr const char* kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(exponent))) out += kRaised[digit - '0'];
  return out;
}

// Label of a tick when the largest is `largest` and they are `step` apart: one unit for the axis.
std::string tick_label(double value, double largest, double step) {
  if (value == 0) return "0";
  if (largest >= 1e15 || largest < 1e-4) return significant(value, 4);
  const auto [unit, letter] = largest >= 1e9   ? std::pair{1e9, "G"}
                              : largest >= 1e6 ? std::pair{1e6, "M"}
                              : largest >= 1e4 ? std::pair{1e3, "k"}
                                               : std::pair{1.0, ""};
  const double digits = std::max(0.0, -std::floor(std::log10(step / unit) + 1e-9));
  if (digits > 6) return significant(value, 12);
  return fixed(value / unit, static_cast<int>(digits)) + letter;
}

// Ticks at multiples of 1, 2 or 5 times a power of ten, as near to `wanted` as these allow.
std::vector<Tick> even_ticks(double low, double high, int wanted) {
  const double rough = high / wanted - low / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  // Between two steps the geometric mean decides.
  const double excess = rough / power;
  const double step = power * (excess < std::sqrt(2.0)    ? 1
                               : excess < std::sqrt(10.0) ? 2
                               : excess < std::sqrt(50.0) ? 5
                                                          : 10);
  std::vector<Tick> out;
  const double largest = std::max(std::abs(low), std::abs(high));
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) {
    // So far from zero that steps vanish in rounding there is no end to them.
    if (out.size() > 50) break;
    out.emplace_back(k * step, tick_label(k * step, largest, step));
  }
  return out;
}

double legend_width(const std::string& name) {
  // Bytes of UTF-8 that continue a letter have no width of their own.
  const auto letters = std::count_if(name.begin(), name.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  return 40 + kLetter * static_cast<double>(letters);
}

// Where each entry stands: x, and its row.
std::vector<std::pair<double, int>> legend_places(const std::vector<std::string>& names,
                                                  const PlotFrame& frame) {
  std::vector<std::pair<double, int>> places;
  const double start = 16;
  double x = start;
  int row = 0;
  for (const auto& name : names) {
    const auto width = legend_width(name);
    if (x > start && x + width > frame.width - 8) {
      x = start;
      ++row;
    }
    places.emplace_back(x, row);
    x += width;
  }
  return places;
}

double top_of_legend(const PlotFrame& frame) { return frame.title.empty() ? 8 : 34; }

std::string line(std::string_view style, double x1, double y1, double x2, double y2) {
  return "<path class=\"" + std::string(style) + "\" d=\"M" + fixed(x1, 1) + " " + fixed(y1, 1) +
         "L" + fixed(x2, 1) + " " + fixed(y2, 1) + "\"/>\n";
}

}  // namespace

Scale::Scale(double low, double high, double from, double to, bool logarithmic)
    : low_(low), high_(high), from_(from), to_(to), logarithmic_(logarithmic) {
  FIGMENT_CHECK(std::isfinite(low) && std::isfinite(high) && low <= high);
  FIGMENT_CHECK(!logarithmic || low > 0);
  // Relative to the values, so that the widening is never lost in rounding.
  if (measure(high_) - measure(low_) > 1e-9 * std::abs(measure(high_))) return;
  if (logarithmic_) {
    if (low_ / 2 > 0) low_ /= 2;
    if (std::isfinite(high_ * 2)) high_ *= 2;
  } else {
    const double room = low_ == 0 ? 1 : std::max(std::abs(low_) * 0.1, 1e-300);
    low_ -= room;
    high_ += room;
  }
}

double Scale::measure(double value) const { return logarithmic_ ? std::log10(value) : value; }

bool Scale::shows(double value) const {
  return std::isfinite(value) && (!logarithmic_ || value > 0);
}

double Scale::position(double value) const {
  // Halves, since the difference of two doubles can overflow.
  const double low = measure(low_) / 2;
  const double share = (measure(value) / 2 - low) / (measure(high_) / 2 - low);
  return from_ + std::clamp(share, -1e3, 1e3) * (to_ - from_);
}

std::vector<Tick> Scale::ticks(int wanted) const {
  if (!logarithmic_) return even_ticks(low_, high_, wanted);
  std::vector<Tick> out;
  const int first = static_cast<int>(std::floor(std::log10(low_)));
  const int last = static_cast<int>(std::ceil(std::log10(high_)));
  const int every = std::max(1, (last - first + wanted - 1) / wanted);
  const bool between = last - first <= 3;
  for (int exponent = first; exponent <= last; exponent += every) {
    for (const int digit : between ? std::vector<int>{1, 2, 5} : std::vector<int>{1}) {
      const double value = digit * std::pow(10.0, exponent);
      if (value < low_ * 0.999999 || value > high_ * 1.000001) continue;
      const bool plain = exponent >= -3 && exponent <= 4;
      out.emplace_back(value, plain || digit != 1 ? short_number(value) : power_of_ten(exponent));
    }
  }
  // Within less than a decade even steps serve better.
  return out.size() < 3 ? even_ticks(low_, high_, wanted) : out;
}

void Range::add(double value) {
  low = empty ? value : std::min(low, value);
  high = empty ? value : std::max(high, value);
  empty = false;
}

Range Range::widened(double share, bool logarithmic) const {
  constexpr double kMost = 8e307;
  Range out = *this;
  if (logarithmic) {
    const double factor = std::pow(high / low, share);
    if (low / factor > 0) out.low = low / factor;
    if (std::isfinite(high * factor)) out.high = high * factor;
  } else {
    const double margin = high * share - low * share;
    out.low = std::clamp(low - margin, -kMost, kMost);
    out.high = std::clamp(high + margin, -kMost, kMost);
  }
  return out;
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return fixed(value, 0);
  if (size == 0) return "0";
  if (size >= 1e15 || size < 1e-4) return significant(value, 4);
  if (size >= 1e9) return without_zeros(fixed(value / 1e9, 2)) + "G";
  if (size >= 1e6) return without_zeros(fixed(value / 1e6, 2)) + "M";
  if (size >= 1e4) return without_zeros(fixed(value / 1e3, 2)) + "k";
  return without_zeros(
      fixed(value, size >= 1 ? 3 : 3 - static_cast<int>(std::floor(std::log10(size)))));
}

std::string colour_class(std::size_t k) { return "fp-c" + std::to_string(k % 10); }

std::string text_at(double x, double y, std::string_view anchor, std::string_view style,
                    std::string_view text) {
  return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" +
         std::string(anchor) + "\"" +
         (style.empty() ? std::string() : " class=\"" + std::string(style) + "\"") + ">" +
         escape(text) + "</text>\n";
}

Room room_for(const PlotFrame& frame, int rows) {
  return {frame.y_label.empty() ? 56.0 : 72.0,
          top_of_legend(frame) + (rows > 0 ? rows * kLegendRow + 6 : 6), frame.width - 18.0,
          frame.height - (frame.x_label.empty() ? 32.0 : 50.0)};
}

int legend_rows(const std::vector<std::string>& names, const PlotFrame& frame) {
  return names.empty() ? 0 : legend_places(names, frame).back().second + 1;
}

std::string legend(const std::vector<std::string>& names, const PlotFrame& frame) {
  std::string out;
  const auto places = legend_places(names, frame);
  for (std::size_t k = 0; k < names.size(); ++k) {
    const double y = top_of_legend(frame) + places[k].second * kLegendRow;
    out += "<rect class=\"" + colour_class(k) + "\" x=\"" + fixed(places[k].first, 1) + "\" y=\"" +
           fixed(y + 4, 1) + "\" width=\"14\" height=\"5\" rx=\"2.5\"/>\n";
    out += text_at(places[k].first + 20, y + 11, "start", "", names[k]);
  }
  return out;
}

std::string axes(const PlotFrame& frame, const Room& room, const Scale& x, const Scale& y) {
  std::string out;
  const int across = std::clamp(static_cast<int>((room.right - room.left) / 80), 3, 10);
  const int up = std::clamp(static_cast<int>((room.bottom - room.top) / 48), 2, 10);
  for (const auto& [value, label] : y.ticks(up)) {
    const double at = y.position(value);
    out += line("g", room.left, at, room.right, at);
    out += text_at(room.left - 8, at + 4, "end", "s v", label);
  }
  for (const auto& [value, label] : x.ticks(across)) {
    const double at = x.position(value);
    out += line("a", at, room.bottom, at, room.bottom + 4);
    out += text_at(at, room.bottom + 18, "middle", "s v", label);
  }
  out += line("a", room.left, room.bottom, room.right, room.bottom);
  if (!frame.x_label.empty()) {
    out += text_at((room.left + room.right) / 2, room.bottom + 38, "middle", "", frame.x_label);
  }
  if (!frame.y_label.empty()) {
    const auto middle = fixed((room.top + room.bottom) / 2, 1);
    out += "<text transform=\"translate(17 " + middle + ") rotate(-90)\" text-anchor=\"middle\">" +
           escape(frame.y_label) + "</text>\n";
  }
  return out;
}

std::string svg_document(const PlotFrame& frame, std::string_view body, std::string_view note) {
  const auto width = std::to_string(frame.width);
  const auto height = std::to_string(frame.height + (note.empty() ? 0 : kNoteRow));
  const auto name = frame.title.empty() ? std::string("plot") : frame.title;
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fp\" role=\"img\" aria-label=\"" +
      escape(name) + "\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" + width +
      "\" height=\"" + height + "\">\n";
  out += kStyle;
  out += "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n";
  if (!frame.title.empty()) out += text_at(16, 23, "start", "t", frame.title);
  out += body;
  if (!note.empty()) out += text_at(frame.width - 18, frame.height + 4, "end", "s", note);
  return out + "</svg>\n";
}

std::string nothing_to_draw(const PlotFrame& frame, std::string_view reason) {
  return svg_document(frame, text_at(frame.width / 2.0, frame.height / 2.0, "middle", "s", reason));
}

}  // namespace figment
