#include "figment/report/arrows.h"

#include <gtest/gtest.h>

#include <limits>

namespace figment {
namespace {

int64_t count(const std::string& text, const std::string& what) {
  int64_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(ArrowPlot, DrawsAnArrowForEachFinitePair) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  ArrowPlot plot;
  plot.from = torch::tensor({{0.0F, 0.0F}, {1.0F, 1.0F}, {0.0F, 1.0F}});
  plot.to = torch::tensor({{0.5F, 0.0F}, {1.0F, 0.5F}, {nan, 1.0F}});
  const auto svg = arrow_plot(plot);
  EXPECT_EQ(svg.rfind("<svg", 0), 0U);
  const auto path = svg.substr(svg.find("style=\"fill:none\""));
  EXPECT_EQ(count(path, "M"), 2 * 2);  // of each the line and the head
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(ArrowPlot, CutsWhatLeavesTheAxes) {
  const auto reaching = [](float x) {
    ArrowPlot plot;
    plot.from = torch::tensor({{0.0F, 0.0F}, {1.0F, 1.0F}});
    plot.to = torch::tensor({{x, 0.0F}, {1.0F, 1.0F}});
    return arrow_plot(plot);
  };
  EXPECT_EQ(reaching(1000), reaching(5));
  EXPECT_NE(reaching(1000), reaching(0.5F));
  ArrowPlot none;
  none.from = none.to = torch::full({1, 2}, std::numeric_limits<float>::infinity());
  EXPECT_NE(arrow_plot(none).find("no finite points"), std::string::npos);
}

}  // namespace
}  // namespace figment
