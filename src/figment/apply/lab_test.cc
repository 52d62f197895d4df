#include "figment/apply/lab.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/model/families.h"

namespace figment {
namespace {

template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST(Lab, TakesEveryFamilyThatSamplesAndTakesPoints) {
  std::vector<std::string> names;
  for (const auto* family : lab_families({})) names.emplace_back(family->name);
  for (const char* name : {"diffusion", "flow", "vae"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  EXPECT_EQ(std::find(names.begin(), names.end(), "pca"), names.end());  // it does not sample
}

TEST(Lab, LaysSettingsOnTheRecipesTheyAreFor) {
  LabOptions options;
  options.settings = {"train.steps=7", "flow.steps=3"};
  const auto flow = lab_recipe(family_named("flow", "test"), options);
  EXPECT_EQ(flow.train.steps, 7);
  ASSERT_NE(flow.model.find("steps"), nullptr);
  EXPECT_EQ(*flow.model.find("steps")->as<std::int64_t>(), 3);
  // The default likelihood is for pixels: the one for points is found.
  const auto vae = lab_recipe(family_named("vae", "test"), options);
  EXPECT_EQ(vae.model.find("steps"), nullptr);
  ASSERT_NE(vae.model.find("likelihood"), nullptr);
  EXPECT_EQ(*vae.model.find("likelihood")->as<std::string>(), "gaussian");
}

TEST(Lab, LaysFamiliesSideBySide) {
  const testing::ScratchFolder folder;
  LabOptions options;
  options.families = {"flow", "diffusion"};
  options.folder = folder / "lab";
  options.threads = 1;
  options.settings = {"train.steps=3", "data.size=600", "diffusion.width=16", "flow.steps=2",
                      "diffusion.sampler.steps=5"};
  const auto rows = run_lab(options);
  ASSERT_EQ(rows.size(), 2U);
  for (const auto& row : rows) {
    EXPECT_EQ(row.steps, 3);
    EXPECT_TRUE(row.in_time);
    for (const char* name : {"kl_to_truth", "coverage"})
      EXPECT_TRUE(std::any_of(row.metrics.begin(), row.metrics.end(),
                              [&](const auto& metric) { return metric.first == name; }))
          << row.family->name << " " << name;
  }
  const auto page = read_file(folder / "lab" / "lab.html", 1 << 28);
  for (const char* words : {"Normalizing flow", "Denoising diffusion", "From noise to examples",
                            "The field of directions", "as the model bends it", "The true density",
                            "nats to the truth"})
    EXPECT_TRUE(has(page, words)) << words;
  // And not over what is there already.
  EXPECT_TRUE(has(error_of([&] { run_lab(options); }), "[lab] expected a new folder"));
}

// Axis labels and where they stand, of the first plot with this title.
std::string ticks_of(const std::string& page, const std::string& title) {
  const auto begin = page.find("aria-label=\"" + title + "\"");
  const auto svg = page.substr(begin, page.find("</svg>", begin) - begin);
  const std::string tick = " class=\"s v\">";
  std::string out;
  for (auto at = svg.find(tick); at != std::string::npos; at = svg.find(tick, at + 1)) {
    const auto start = svg.rfind('<', at);
    out += svg.substr(start, svg.find('<', at) - start);
  }
  return out;
}

TEST(Lab, LaysThemSideBySideWhereNoDensityIsKnown) {
  const testing::ScratchFolder folder;
  LabOptions options;
  options.source = "moons";
  options.families = {"diffusion", "gan", "vae"};
  options.folder = folder / "lab";
  options.threads = 1;
  options.settings = {"train.steps=3",
                      "data.size=600",
                      "diffusion.width=16",
                      "diffusion.sampler.steps=5",
                      "gan.generator.hidden=[16]",
                      "gan.discriminator.hidden=[16]",
                      "vae.coder.hidden=[8]"};
  const auto rows = run_lab(options);
  ASSERT_EQ(rows.size(), 3U);
  const auto [name, bound] = density_of(rows[0]);
  EXPECT_EQ(name, "nll");
  EXPECT_EQ(bound.rfind("<= ", 0), 0U) << bound;
  EXPECT_EQ(density_of(rows[2]).first, "nll");
  EXPECT_FALSE(has(density_of(rows[2]).second, "<="));
  EXPECT_EQ(density_of(rows[1]), (std::pair<std::string, std::string>{"", "no density"}));
  const auto page = read_file(folder / "lab" / "lab.html", 1 << 28);
  for (const auto& words :
       {">&lt;= " + bound.substr(3) + "<", std::string(">no density<"),
        std::string("The discriminator over the plane"), std::string("The codes beside the prior")})
    EXPECT_TRUE(has(page, words)) << words;
  // Clouds are comparable: all have the axes of the data.
  const auto axes = ticks_of(page, "data");
  EXPECT_FALSE(axes.empty());
  for (const auto& row : rows)
    EXPECT_EQ(ticks_of(page, std::string(row.family->title)), axes) << row.family->name;
}

TEST(Lab, StopsWhenTheTimeIsOver) {
  const testing::ScratchFolder folder;
  LabOptions options;
  options.families = {"flow"};
  options.folder = folder / "lab";
  options.threads = 1;
  options.seconds = 0.5;
  options.settings = {"train.steps=1000000", "data.size=600", "flow.steps=2"};
  const auto rows = run_lab(options);
  EXPECT_FALSE(rows.front().in_time);
  EXPECT_LT(rows.front().steps, 1000000);
}

TEST(Lab, RefusesWhatItCannotLaySideBySide) {
  const testing::ScratchFolder folder;
  LabOptions options;
  options.folder = folder / "lab";
  const auto refused = [&](const std::string& source, const std::vector<std::string>& families,
                           const std::vector<std::string>& settings) {
    options.source = source;
    options.families = families;
    options.settings = settings;
    return error_of([&] { run_lab(options); });
  };
  EXPECT_TRUE(has(refused("digits", {}, {}), "[lab] expected a set of points in the plane"));
  // Points on a line are not in the plane.
  EXPECT_TRUE(has(refused("2gaussians", {}, {}), "[lab] expected a set of points in the plane"));
  EXPECT_TRUE(has(refused("moons", {"flwo"}, {}), "did you mean 'flow'"));
  EXPECT_TRUE(has(refused("moons", {"pca"}, {}), "[--families] expected families that sample"));
  EXPECT_TRUE(has(refused("moons", {"flow"}, {"flow.layer=3"}), "model.layer"));
  EXPECT_TRUE(has(refused("moons", {"flow"}, {"train.stepz=3"}), "train.stepz"));
  EXPECT_TRUE(has(refused("moons", {"flow"}, {"vae.latent_dim=3"}),
                  "[vae.latent_dim=3] expected a setting of a family that is trained"));
}

}  // namespace
}  // namespace figment
