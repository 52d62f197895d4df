// One self-contained HTML file: no request leaves it, no script is in it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace figment {

struct KeyNumber {
  std::string value{};  // "0.071"
  std::string label{};  // "test loss"
  std::string hint{};   // "bits per pixel, lower is better"; may be empty
};

struct HtmlTable {
  std::vector<std::string> header{};             // may be empty
  std::vector<std::vector<std::string>> rows{};  // cells that read as numbers are set to the right
};

// Builds the page from top to bottom: title and a verdict of one line, then what is added, in that
// order. All text is escaped. Figures that follow one another stand side by side where there is
// room.
class HtmlPage {
 public:
  // `language` is a tag such as "en".
  HtmlPage(std::string_view title, std::string_view verdict, std::string_view language = "en");

  void key_numbers(const std::vector<KeyNumber>& numbers);  // large, in a row
  void section(std::string_view title);
  void paragraph(std::string_view text);
  void note(std::string_view text);  // a remark set apart, for what the reader should beware of
  void key_values(const std::vector<std::pair<std::string, std::string>>& pairs);
  void table(const HtmlTable& table, std::string_view caption = {});

  // A PNG, APNG or GIF by its bytes, shown at its size times `scale`, pixels kept sharp.
  void image(std::string_view bytes, std::string_view caption, int scale = 1);

  // One <svg> element as plot.h returns it. It is put in as it is: never give it foreign text.
  void plot(std::string_view svg, std::string_view caption = {});

  // Preformatted text, folded behind `summary` until it is clicked (a configuration, a log).
  void folded(std::string_view summary, std::string_view text);

  void footer(std::string_view text);  // below all else, whenever it is set

  std::string finish() const;  // the file

 private:
  void add(std::string_view html);         // ends a row of figures
  void add_figure(std::string_view html);  // begins or continues one

  std::string language_;
  std::string title_;
  std::string body_;
  std::string footer_;
  bool in_figures_ = false;
};

}  // namespace figment
