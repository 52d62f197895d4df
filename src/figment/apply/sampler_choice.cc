#include "figment/apply/sampler_choice.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

SamplerKind kind_named(const std::string& name) {
  for (const auto& entry : enum_names(SamplerKind{}))
    if (name == entry.name) return entry.value;
  const auto names = names_of_enum<SamplerKind>();
  fail(Cause::kConfig, "--sampler", "expected ", join(names, ", "), ", got '", printable(name), "'",
       did_you_mean(name, names));
}

const char* first_asked(const SamplerChoice& choice) {
  return !choice.sampler.empty() ? "--sampler"
         : choice.steps > 0      ? "--steps"
         : choice.eta >= 0       ? "--eta"
                                 : "--guidance";
}

}  // namespace

void choose_sampler(const LoadedRun& run, const SamplerChoice& choice) {
  if (!choice.any()) return;
  auto* able = dynamic_cast<Stepwise*>(run.model.get());
  if (able == nullptr)
    fail(Cause::kConfig, first_asked(choice),
         "expected a model that draws its samples in steps, but '", run.family->name,
         "' does not; leave ", first_asked(choice), " out");
  auto& sampler = able->sampler();
  if (!choice.sampler.empty()) sampler.kind = kind_named(choice.sampler);
  if (choice.steps > able->most_steps())
    fail(Cause::kConfig, "--steps", "expected at most the ", able->most_steps(),
         " steps that the model was trained with, got ", choice.steps);
  if (choice.steps > 0) sampler.steps = choice.steps;
  if (choice.eta >= 0 && sampler.kind != SamplerKind::kDdim)
    fail(Cause::kConfig, "--eta",
         "expected --sampler ddim, the one that has an eta, but samples "
         "are drawn by ",
         name_of_enum(sampler.kind));
  if (choice.eta >= 0) sampler.eta = choice.eta;
  const auto* samples = dynamic_cast<Samples*>(run.model.get());
  if (choice.guidance >= 0 && (samples == nullptr || !samples->knows_classes()))
    fail(Cause::kConfig, "--guidance",
         "expected a model that is told the class, but this one draws without; leave --guidance "
         "out, or train with model.class_conditional=true");
  if (choice.guidance >= 0 && choice.guidance != 1 && !able->does_without_class())
    fail(Cause::kConfig, "--guidance",
         "expected a model that learned to do without a class too, but this one was trained with "
         "model.label_dropout=0; leave --guidance out");
  if (choice.guidance >= 0) sampler.guidance = choice.guidance;
}

}  // namespace figment
