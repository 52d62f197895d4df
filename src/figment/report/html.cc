#include "figment/report/html.h"

#include <algorithm>
#include <cstdint>

#include "figment/core/error.h"
#include "figment/report/markup.h"

namespace figment {
namespace {

// Nothing may be loaded and nothing may run; pictures are data within the file.
constexpr const char* kPolicy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'";

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2329;--soft:#59636e;--page:#f6f7f9;--card:#fff;--line:#dfe3e8;--mark:#b25b00;--tint:#fff6e9}
@media (prefers-color-scheme:dark){:root{--ink:#dde3e9;--soft:#98a3ae;--page:#0f1216;--card:#171b20;--line:#2b323a;--mark:#f0a54a;--tint:#251d12}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:44px 24px 64px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.01em;margin:0 0 8px;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:20px;line-height:1.3;margin:44px 0 12px;padding-top:18px;border-top:1px solid var(--line)}
p{max-width:68ch;margin:10px 0}
.verdict{font-size:19px;line-height:1.45;color:var(--soft);margin:0 0 26px}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:1px;margin:22px 0;padding:0;background:var(--line);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.numbers div{display:flex;flex-direction:column;background:var(--card);padding:14px 18px}
.numbers dd{order:-1;margin:0;font-size:27px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.numbers dt{font-size:14px;font-weight:600}
.numbers dd.hint{order:1;font-size:13px;font-weight:400;color:var(--soft);line-height:1.4}
.note{max-width:68ch;margin:16px 0;padding:10px 16px;border-left:4px solid var(--mark);background:var(--tint);border-radius:0 8px 8px 0}
.wide{overflow-x:auto;margin:14px 0}
table{border-collapse:collapse;font-size:15px;background:var(--card);border:1px solid var(--line)}
caption{text-align:left;color:var(--soft);font-size:14px;padding:0 0 6px}
th,td{padding:6px 16px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child>*{border-bottom:0}
thead th{font-size:13px;color:var(--soft);font-weight:600}
tbody th{font-weight:400;color:var(--soft);white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.pairs td{overflow-wrap:anywhere}
.figures{display:flex;flex-wrap:wrap;gap:22px;margin:16px 0;align-items:flex-start}
figure{margin:0;max-width:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px}
figure img{display:block;max-width:100%;height:auto;image-rendering:pixelated;border-radius:2px}
figure svg{display:block;max-width:100%;height:auto}
figcaption{margin-top:10px;font-size:14px;line-height:1.45;color:var(--soft);max-width:68ch;contain:inline-size}
figure.plot{padding:4px 4px 12px}
figure.plot figcaption{margin:4px 16px 0}
details{margin:14px 0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 16px}
summary{cursor:pointer;font-weight:600}
pre{margin:10px 0 4px;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
footer{margin-top:52px;padding-top:14px;border-top:1px solid var(--line);font-size:13px;color:var(--soft)}
@media (max-width:560px){main{padding:26px 16px 40px}h1{font-size:25px}.verdict{font-size:17px}}
@media print{:root{--ink:#000;--soft:#444;--page:#fff;--card:#fff;--line:#bbb;--mark:#888;--tint:#fff}
main{max-width:none;padding:0}.figures{gap:12px}figure.plot{width:calc(50% - 6px)}h2{break-after:avoid}figure,tr,.numbers,.note{break-inside:avoid}details::details-content{content-visibility:visible}}
)";

std::string element(std::string_view tag, std::string_view attributes, std::string_view text) {
  const auto space = attributes.empty() ? "" : " ";
  return "<" + std::string(tag) + space + std::string(attributes) + ">" + escape(text) + "</" +
         std::string(tag) + ">";
}

bool reads_as_number(std::string_view cell) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (cell == "nan" || cell == "inf" || cell == "-inf" || cell == "-" || cell == "–") return true;
  return std::any_of(cell.begin(), cell.end(), is_digit) &&
         cell.find_first_not_of("0123456789.,+-eE%± ") == std::string_view::npos;
}

struct Picture {
  const char* type;
  std::uint64_t width, height;
};

std::uint64_t number_at(std::string_view bytes, std::size_t at, int count, bool big_endian) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const int k = big_endian ? i : count - 1 - i;
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(k)]);
  }
  return value;
}

Picture picture_of(std::string_view bytes) {
  if (bytes.size() > 24 && bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n") {
    return {"image/png", number_at(bytes, 16, 4, true), number_at(bytes, 20, 4, true)};
  }
  if (bytes.size() > 10 && (bytes.substr(0, 6) == "GIF89a" || bytes.substr(0, 6) == "GIF87a")) {
    return {"image/gif", number_at(bytes, 6, 2, false), number_at(bytes, 8, 2, false)};
  }
  fail(Cause::kData, "report", "expected the bytes of a PNG or GIF for a figure, got ",
       bytes.size(), " bytes of something else");
}

}  // namespace

HtmlPage::HtmlPage(std::string_view title, std::string_view verdict, std::string_view language)
    : language_(escape(language)), title_(escape(title)) {
  body_ = "<h1>" + title_ + "</h1>\n";
  if (!verdict.empty()) body_ += element("p", "class=\"verdict\"", verdict) + "\n";
}

void HtmlPage::add(std::string_view html) {
  if (in_figures_) body_ += "</div>\n";
  in_figures_ = false;
  body_ += html;
  body_ += '\n';
}

void HtmlPage::add_figure(std::string_view html) {
  if (!in_figures_) body_ += "<div class=\"figures\">\n";
  in_figures_ = true;
  body_ += html;
  body_ += '\n';
}

void HtmlPage::key_numbers(const std::vector<KeyNumber>& numbers) {
  std::string out = "<dl class=\"numbers\">";
  for (const auto& number : numbers) {
    out += "<div>" + element("dt", "", number.label) + element("dd", "", number.value);
    if (!number.hint.empty()) out += element("dd", "class=\"hint\"", number.hint);
    out += "</div>";
  }
  add(out + "</dl>");
}

void HtmlPage::section(std::string_view title) { add(element("h2", "", title)); }

void HtmlPage::paragraph(std::string_view text) { add(element("p", "", text)); }

void HtmlPage::note(std::string_view text) {
  add(element("div", "class=\"note\" role=\"note\"", text));
}

void HtmlPage::key_values(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out = "<div class=\"wide\"><table class=\"pairs\"><tbody>\n";
  for (const auto& [key, value] : pairs) {
    out += "<tr>" + element("th", "scope=\"row\"", key) + element("td", "", value) + "</tr>\n";
  }
  add(out + "</tbody></table></div>");
}

void HtmlPage::table(const HtmlTable& table, std::string_view caption) {
  // A column is numeric if all its cells are; its heading goes to the right with them.
  const auto numeric = [&](std::size_t column) {
    return std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return column >= row.size() || row[column].empty() || reads_as_number(row[column]);
    });
  };
  const auto style = [&](std::size_t column) {
    return numeric(column) ? std::string_view("class=\"n\"") : std::string_view();
  };
  std::string out = "<div class=\"wide\"><table>";
  if (!caption.empty()) out += element("caption", "", caption);
  if (!table.header.empty()) {
    out += "<thead><tr>";
    for (std::size_t c = 0; c < table.header.size(); ++c) {
      out += element("th", "scope=\"col\" " + std::string(style(c)), table.header[c]);
    }
    out += "</tr></thead>";
  }
  out += "<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) out += element("td", style(c), row[c]);
    out += "</tr>\n";
  }
  add(out + "</tbody></table></div>");
}

void HtmlPage::image(std::string_view bytes, std::string_view caption, int scale) {
  FIGMENT_CHECK(scale >= 1);
  const auto picture = picture_of(bytes);
  const auto times = static_cast<std::uint64_t>(scale);
  add_figure("<figure><img alt=\"" + escape(caption) + "\" width=\"" +
             std::to_string(picture.width * times) + "\" height=\"" +
             std::to_string(picture.height * times) + "\" src=\"data:" + picture.type + ";base64," +
             base64(bytes) + "\">" +
             (caption.empty() ? std::string() : element("figcaption", "", caption)) + "</figure>");
}

void HtmlPage::plot(std::string_view svg, std::string_view caption) {
  FIGMENT_CHECK(svg.substr(0, 4) == "<svg");
  add_figure("<figure class=\"plot\">" + std::string(svg) +
             (caption.empty() ? std::string() : element("figcaption", "", caption)) + "</figure>");
}

void HtmlPage::folded(std::string_view summary, std::string_view text) {
  add("<details>" + element("summary", "", summary) + element("pre", "", text) + "</details>");
}

void HtmlPage::footer(std::string_view text) { footer_ = element("footer", "", text); }

std::string HtmlPage::finish() const {
  return "<!doctype html>\n<html lang=\"" + language_ +
         "\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         kPolicy +
         "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
         title_ + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<main>\n" + body_ +
         (in_figures_ ? "</div>\n" : "") + footer_ + "\n</main>\n</body>\n</html>\n";
}

}  // namespace figment
