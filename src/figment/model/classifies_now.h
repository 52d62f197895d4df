// Models with a classifier that may never have learned: it answers, but not of what the model
// knows.
#pragma once

namespace figment {

struct ClassifiesNow {
  virtual ~ClassifiesNow() = default;
  // Whether the classifier has learned from the codes as they are. classifier_of (conditions.h)
  // leaves out one that has not.
  virtual bool classifies_now() const = 0;
  // What to train with for a classifier that does, for messages.
  virtual const char* to_classify() const = 0;
};

}  // namespace figment
