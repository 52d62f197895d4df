#include "figment/report/markup.h"

#include <gtest/gtest.h>

#include <limits>

namespace figment {
namespace {

TEST(Markup, EscapesMarkupAndRepairsText) {
  EXPECT_EQ(escape("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(escape("größe \xe2\x82\xac \xf0\x9f\x98\x80\n\t"),
            "größe \xe2\x82\xac \xf0\x9f\x98\x80\n\t");
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(escape(std::string("a\0b\x1b\x7f", 5)), "a" + mark + "b" + mark + mark);
  EXPECT_EQ(escape("\xff<"), mark + "&lt;");
  EXPECT_EQ(escape("\xc3"), mark);                        // cut short
  EXPECT_EQ(escape("\xc0\xbc"), mark + mark);             // an overlong '<'
  EXPECT_EQ(escape("\xed\xa0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(escape("\xe2\x82<"), mark + mark + "&lt;");   // '<' where a byte is missing
}

TEST(Markup, WritesNumbers) {
  EXPECT_EQ(fixed(0.5, 2), "0.50");
  EXPECT_EQ(fixed(-0.001, 2), "0.00");
  EXPECT_EQ(fixed(std::numeric_limits<double>::max(), 60).size(), 309u + 61u);
  EXPECT_EQ(fixed(std::numeric_limits<double>::quiet_NaN(), 1), "nan");
  EXPECT_EQ(significant(0.07123, 3), "0.0712");
  EXPECT_EQ(significant(1.5e-5, 3), "1.5e-05");
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
}

TEST(Markup, KnowsBase64) {  // RFC 4648, section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

}  // namespace
}  // namespace figment
