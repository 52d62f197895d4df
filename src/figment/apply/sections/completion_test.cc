// Completed images in the report, of models that fill in and of models that do not.
#include <gtest/gtest.h>

#include "figment/apply/section_page_test.h"

namespace figment {
namespace sections {
extern const Section completion;
}
namespace {

const ExampleSpec kGrey{Modality::kImage, {1, 8, 8}, {"a", "b"}, {}};

std::string drawn(const char* family, const std::vector<std::string>& settings,
                  const ExampleSpec& example = kGrey) {
  torch::manual_seed(2);
  Dataset set;
  set.name = "examples";
  set.spec = example;
  auto shape = example.shape;
  shape.insert(shape.begin(), 20);
  set.x = example.modality == Modality::kImage ? torch::randint(0, 256, shape, torch::kByte)
                                               : torch::randn(shape);
  set.label = torch::arange(20).remainder(2);
  auto run = toys::made(family, example, settings);
  run.scaling = Scaling::fit(set, ScalingKind::kAuto);
  return toys::page_of(sections::completion, run, set);
}

bool says(const std::string& page, const std::string& text) { return toys::count(page, text) > 0; }

TEST(CompletionSection, DrawsTheAnswersOfWhateverFillsInImages) {
  const std::vector<std::string> small = {"completion.steps=3", "completion.starts=2",
                                          "generator.hidden=[8]", "discriminator.hidden=[8]"};
  const std::vector<std::string> denoiser = {"schedule.steps=40",    "sampler.steps=30",
                                             "inpainting_repeats=1", "unet.channels=8",
                                             "unet.multipliers=[1]", "unet.blocks=1"};
  const std::vector<std::string> centre = {"corruption.kind=centre"};
  for (const auto& [family, settings] :
       {std::pair{"gan", small}, {"diffusion", denoiser}, {"autoencoder", centre}}) {
    const auto page = drawn(family, settings);
    EXPECT_TRUE(says(page, "Completed")) << family;
    EXPECT_EQ(toys::count(page, "<img"), 1) << family;
    EXPECT_TRUE(says(page, "PSNR of the hidden pixels: ")) << family;
    EXPECT_TRUE(says(page, "filled with the mean of the training examples ")) << family;
    EXPECT_FALSE(says(page, "without a code")) << family;
    // An autoencoder answers each time alike.
    const bool alike = std::string(family) == "autoencoder";
    EXPECT_EQ(says(page, "its one answer"), alike) << family;
    // Many steps for each answer: fewer of both.
    const bool in_steps = std::string(family) == "diffusion";
    EXPECT_EQ(says(page, "4 answers"), !alike && !in_steps) << family;
    EXPECT_EQ(says(page, "2 answers"), in_steps) << family;
    EXPECT_EQ(says(page, "Drawn in 20 steps."), in_steps) << family;
  }
}

TEST(CompletionSection, LaysTheGuessBesideAnswersOfAPart) {
  const auto page = drawn("cvae", {"condition=part"});
  EXPECT_EQ(toys::count(page, "<img"), 1);
  EXPECT_TRUE(says(page, "the one guess of a net without a code, 4 answers"));
}

TEST(CompletionSection, IsSilentWhereNothingIsFilledIn) {
  const ExampleSpec plane{Modality::kVector, {2}, {"a", "b"}, {}};
  const ExampleSpec tiny{Modality::kImage, {1, 3, 3}, {"a", "b"}, {}};
  const std::vector<std::string> small = {"generator.hidden=[8]", "discriminator.hidden=[8]"};
  for (const auto& page :
       {drawn("vae", {}), drawn("autoencoder", {}), drawn("cvae", {"condition=class"}),
        drawn("gan", small, plane), drawn("gan", small, tiny)})
    EXPECT_FALSE(says(page, "Completed"));
}

}  // namespace
}  // namespace figment
