#include "figment/core/toml.h"

#include <gtest/gtest.h>

#include <random>

#include "figment/core/error.h"

namespace figment {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_toml(text, "a.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    return error.what();
  }
  return "";
}

TEST(Toml, ReadsWithPlaces) {
  const auto root = parse_toml("a = 1\n[b]\nc = 'x' # é\n", "a.toml");
  EXPECT_EQ(*root.find("a")->as<std::int64_t>(), 1);
  EXPECT_EQ(root.find("b")->find("c")->place().text(), "a.toml:3:5");
}

TEST(Toml, RefusesWithPlaceAndReason) {
  EXPECT_EQ(refusal("a = 1\n\x01"), "[a.toml:2:1] expected text, got a control character (\\x01)");
  EXPECT_EQ(refusal("\xc3\xa9 = 1"),
            "[a.toml:1:1] expected characters of ASCII outside quotes, got \\xc3\\xa9");
  EXPECT_EQ(refusal("a = '\xff'"), "[a.toml:1:6] expected UTF-8, got the byte \\xff");
  EXPECT_EQ(refusal("a = 'x\n"),
            "[a.toml:1:7] expected the text to be closed on its line; add the missing quote");
  EXPECT_NE(refusal("a = 2020-01-01").find("got a date or time"), std::string::npos);
  EXPECT_NE(refusal("a = \n").find("[a.toml:1:5] expected TOML"), std::string::npos);
  EXPECT_NE(refusal("a = 1\na = 2\n").find("[a.toml:2:"), std::string::npos);
  EXPECT_NE(refusal(std::string(2 << 20, '#')).find("at most 1 MiB"), std::string::npos);
}

// The library behind aborts the process on some input; nothing may reach it that does.
TEST(Toml, SurvivesMutilatedDocuments) {
  const std::string document =
      "family = \"vae\" # comment é\n[data]\nsource = 'mnist'\nlist = [1, 2.5, true, "
      "\"x\\n\\u00e9\"]\n"
      "long = \"\"\"a\nb\\\n  c\"\"\"\nother = '''x'''\n[model.optimizer]\nlearning_rate = 1e-3\n"
      "t = {a = 1, b.c = 0x1f}\nd = 1979-05-27T07:32:00Z\n[[points]]\nx = -1\n";
  std::mt19937 random(1);
  int refused = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    auto text = document;
    const int edits = 1 + static_cast<int>(random() % 4);
    for (int e = 0; e < edits; ++e) {
      const auto at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 12));
          break;
        default:
          text.insert(at, 1, "\"'[]{}=\n\\#.,\x7f\xc3"[random() % 14]);
      }
      if (text.empty()) text = "a";
    }
    try {
      parse_toml(text, "a.toml");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 5000);
}

TEST(Toml, RefusesEndlessNesting) {
  EXPECT_NE(refusal("a = " + std::string(100000, '[')), "");
  EXPECT_NE(refusal("a = " + std::string(50000, '{')), "");
}

}  // namespace
}  // namespace figment
