#include "figment/model/step_times.h"

#include "figment/core/error.h"

namespace figment {
namespace {

thread_local StepTimes* asked = nullptr;

}  // namespace

StepTimesScope::StepTimesScope(StepTimes& times) {
  FIGMENT_CHECK(asked == nullptr);
  asked = &times;
}
StepTimesScope::~StepTimesScope() { asked = nullptr; }

StepTimes* asked_step_times() { return asked; }

}  // namespace figment
