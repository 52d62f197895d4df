// For tests: that something is refused with an error of the right cause that says the right thing.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "figment/core/error.h"

namespace figment {

// Whether `action` throws Error(cause) whose message contains `part`.
template <class Action>
::testing::AssertionResult refuses(const Action& action, std::string_view part,
                                   Cause cause = Cause::kData) {
  try {
    action();
  } catch (const Error& error) {
    if (error.cause() != cause)
      return ::testing::AssertionFailure() << "another cause: " << error.what();
    if (std::string_view(error.what()).find(part) == std::string_view::npos)
      return ::testing::AssertionFailure() << "another message: " << error.what();
    return ::testing::AssertionSuccess();
  } catch (const std::exception& other) {
    return ::testing::AssertionFailure() << "not figment's error: " << other.what();
  }
  return ::testing::AssertionFailure() << "no error";
}

}  // namespace figment
