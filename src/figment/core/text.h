// Small text helpers that messages need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace figment {

// Levenshtein distance between two words.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or "" when none is within a third of its length (at least 2).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The shortest text that reads back as the same double: "0.001", "1e-05", "3.0".
std::string number(double value);

// Like number(), but a whole value is written without ".0": for reading, not for parsing.
std::string shortest(double value);

// "12 s", "3 min 04 s", "1 h 02 min".
std::string duration(double seconds);

// "1.5 KiB", "12.0 MiB".
std::string human_bytes(double bytes);

// The text with control characters and bytes outside ASCII escaped, cut at `limit` characters: for
// showing foreign input in a message.
std::string printable(std::string_view text, std::size_t limit = 60);

}  // namespace figment
