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
