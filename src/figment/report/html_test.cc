// The page as an HTML parser sees it.
#include "figment/report/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "figment/core/error.h"
#include "figment/data/image_codec.h"
#include "figment/data/outside_test.h"
#include "figment/report/animation.h"
#include "figment/report/grid.h"
#include "figment/report/plot.h"

namespace figment {
namespace {

// A page with one of everything, as a report of a run would have it.
std::string example_page() {
  torch::manual_seed(1);
  HtmlPage page("VAE on <digits>", "It learned: test loss 98.2 nats, still falling slowly.");
  page.key_numbers({{"98.2", "test loss", "nats per image, lower is better"},
                    {"31.4 s", "time", "2 threads"},
                    {"412k", "parameters", ""},
                    {"0.93", "kNN accuracy", "on latent codes, 1 is perfect"}});
  page.section("Pictures");
  page.paragraph("Above each original, below it what the model makes of its code of 2 numbers.");
  const auto images = torch::rand({24, 1, 28, 28}).pow(3);
  const auto smooth = torch::avg_pool2d(images, 3, 1, 1);
  GridOptions options;
  options.columns = 12;
  page.image(encode_png(layered_grid({images, smooth}, options)), "Reconstructions, test set", 2);
  std::vector<torch::Tensor> frames;
  frames.reserve(12);
  for (int i = 0; i < 12; ++i) {
    frames.push_back(to_uint8(torch::avg_pool2d(torch::rand({1, 28, 28}), 5, 1, 2)));
  }
  page.image(encode_apng(frames), "Walk between two codes", 6);
  page.image(encode_gif(frames), "The same as GIF", 6);
  page.section("Curves");
  LinePlot curves;
  curves.frame = {"Loss", "step", "nats per image"};
  curves.log_y = true;
  for (const double shift : {0.0, 8.0}) {
    Series series{shift > 0 ? "validation" : "train", {}, {}};
    for (int i = 1; i < 5000; ++i) {
      series.x.push_back(i * 4);
      series.y.push_back(
          95 + shift + 450 * std::exp(-i / 300.0) +
          (shift > 0 ? 0 : 12 * std::sin(i * 12.9898) * std::sin(i * 0.71 + std::sin(i))));
    }
    curves.series.push_back(series);
  }
  page.plot(line_plot(curves), "Both fall together: no overfitting yet.");
  ScatterPlot cloud;
  cloud.frame.title = "Latent codes";
  cloud.label = torch::randint(10, {9000}, torch::kLong);
  const auto angle = cloud.label.to(torch::kFloat) * 0.628;
  cloud.points = torch::stack({angle.cos(), angle.sin()}, 1) * 3 + torch::randn({9000, 2}) * 0.6;
  page.plot(scatter_plot(cloud), "One colour a digit.");
  Histogram scores;
  scores.frame = {"Anomaly scores", "score", "share"};
  const auto normal = torch::randn({4000}, torch::kDouble);
  const auto odd = torch::randn({400}, torch::kDouble) + 3;
  scores.sets = {{"normal", {normal.data_ptr<double>(), normal.data_ptr<double>() + 4000}},
                 {"anomalous", {odd.data_ptr<double>(), odd.data_ptr<double>() + 400}}};
  page.plot(histogram(scores));
  BarChart bars;
  bars.frame.title = "FID by family";
  bars.frame.x_label = "lower is better";
  bars.bars = {{"diffusion", 3.2}, {"gan", 7.9}, {"flow", 12.4}, {"vae", 21.0}};
  page.plot(bar_chart(bars));
  page.section("Numbers");
  page.note(
      "The validation set is a part of the training set: compare with published numbers with "
      "care.");
  page.table({{"family", "loss", "FID"}, {{"vae", "98.2", "21.0"}, {"flow", "-3.41", "12.4"}}},
             "After 20 epochs");
  page.key_values({{"data", "mnist, 60,000 images of 1x28x28"}, {"seed", "1"}});
  page.folded("Configuration", "[model]\nfamily = \"vae\"\nlatent_dim = 2  # <small>");
  page.footer("figment 0.1.0");
  return page.finish();
}

TEST(HtmlPage, IsWellFormedAndAsksForNothing) {
  const TemporaryFolder folder;
  const auto html = example_page();
  folder.write("report.html", html);
  // For looking at it: FIGMENT_KEEP_REPORT=/some/file.html
  if (const char* keep = std::getenv("FIGMENT_KEEP_REPORT")) std::ofstream(keep) << html;
  EXPECT_EQ(python(folder, R"(
import base64, io
from html.parser import HTMLParser
from PIL import Image
class Page(HTMLParser):
    void = {'meta', 'img'}
    def __init__(self):
        super().__init__(); self.open, self.images, self.policy = [], [], ''
    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert tag not in ('script', 'link', 'iframe', 'object', 'embed', 'form', 'base'), tag
        assert not any(key.startswith('on') or key == 'href' for key in values), values
        if tag == 'img':
            kind, data = values['src'].split(';base64,')
            image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
            self.images.append((kind, image.n_frames, int(values['width']) / image.width,
                                int(values['height']) / image.height, values['alt']))
        if values.get('http-equiv') == 'Content-Security-Policy': self.policy = values['content']
        if tag not in self.void: self.open.append(tag)
    def handle_startendtag(self, tag, attributes): assert 'svg' in self.open, tag
    def handle_endtag(self, tag): assert self.open.pop() == tag, tag
page = Page(); text = open('report.html', encoding='utf-8').read()
page.feed(text); page.close()
assert page.open == [], page.open
assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
outside = text.replace('http://www.w3.org/2000/svg', '')
assert 'http:' not in outside and 'https:' not in outside and 'url(' not in outside
for image in page.images: print(*image)
)"),
            "data:image/png 1 2.0 2.0 Reconstructions, test set\n"
            "data:image/png 12 6.0 6.0 Walk between two codes\n"
            "data:image/gif 12 6.0 6.0 The same as GIF\n");
  EXPECT_NE(html.find("<h1>VAE on &lt;digits&gt;</h1>"), std::string::npos);
  EXPECT_NE(html.find("# &lt;small&gt;"), std::string::npos);
}

TEST(HtmlPage, EscapesEverywhere) {
  const std::string evil = "\"><script>alert(1)</script><img src=x onerror='a'>";
  HtmlPage page(evil, evil, evil);
  page.key_numbers({{evil, evil, evil}});
  page.section(evil);
  page.paragraph(evil);
  page.note(evil);
  page.key_values({{evil, evil}});
  page.table({{evil}, {{evil}}}, evil);
  page.image(encode_png(torch::zeros({2, 2}, torch::kUInt8)), evil);
  LinePlot plot;
  plot.frame = {evil, evil, evil, 300, 200};
  plot.series = {{evil, {0, 1}, {0, 1}}};
  page.plot(line_plot(plot), evil);
  page.folded(evil, evil);
  page.footer(evil);
  const auto html = page.finish();
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("\">&lt;") != std::string::npos &&
                html.find("src=x onerror='") != std::string::npos,
            false);
  EXPECT_EQ(html.find("<img src=x"), std::string::npos);
}

TEST(HtmlPage, SetsNumbersToTheRight) {
  HtmlPage page("t", "");
  page.table({{"name", "value"}, {{"a1", "1.5e-3"}, {"b", "98.2 ± 0.3"}, {"c", "nan"}, {"d", ""}}});
  const auto html = page.finish();
  EXPECT_NE(html.find("<th scope=\"col\" class=\"n\">value</th>"), std::string::npos);
  EXPECT_NE(html.find("<td>a1</td><td class=\"n\">1.5e-3</td>"), std::string::npos);
}

TEST(HtmlPage, RefusesWhatIsNoPicture) {
  HtmlPage page("t", "");
  try {
    page.image("BM123", "bitmap");
    FAIL() << "took a bitmap";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "[report] expected the bytes of a PNG or GIF for a figure, got 5 bytes of something else");
  }
}

}  // namespace
}  // namespace figment
