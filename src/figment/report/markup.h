// Text that goes into SVG and HTML: escaping, and numbers that no locale changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace figment {

// The text made safe inside an element or a quoted attribute of HTML or XML: the five characters of
// markup become references; control characters and bytes that are not UTF-8 become U+FFFD.
std::string escape(std::string_view text);

// `value` with exactly `digits` places after the point: "0.50". "nan" and "inf" as they are.
std::string fixed(double value, int digits);

// `value` with `digits` significant digits and no needless zeros: "0.0712", "1.2e-05".
std::string significant(double value, int digits);

// "60,000".
std::string with_commas(int64_t value);

std::string base64(std::string_view bytes);

}  // namespace figment
