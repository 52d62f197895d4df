#include "figment/apply/arithmetic.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/eval/ranking.h"

namespace figment {
namespace {

using Kind = ArithmeticTerm::Kind;

constexpr const char* kOperands =
    "an index, class:NAME, ATTRIBUTE:high or ATTRIBUTE:low, such as 12 - 7 + 40";
constexpr int64_t kMostOfAMean = 5000;  // examples that a mean is taken of

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  std::vector<ArithmeticTerm> sum() {
    std::vector<ArithmeticTerm> out;
    skip();
    double sign = 1;
    if (peek() == '+' || peek() == '-') sign = take() == '-' ? -1 : 1;
    out.push_back(term(sign));
    for (skip(); at_ < text_.size(); skip()) {
      if (peek() != '+' && peek() != '-') refuse("expected + or - before another term");
      sign = take() == '-' ? -1 : 1;
      out.push_back(term(sign));
    }
    return out;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char take() { return text_[at_++]; }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(peek())) != 0) ++at_;
  }
  bool digit() const { return std::isdigit(static_cast<unsigned char>(peek())) != 0; }

  [[noreturn]] void refuse(const std::string& expected) const {
    const auto rest = text_.substr(std::min(at_, text_.size()));
    fail(Cause::kConfig, "arithmetic: column " + std::to_string(at_ + 1), expected, ", got ",
         rest.empty() ? "the end" : "'" + printable(rest) + "'");
  }

  ArithmeticTerm term(double sign) {
    skip();
    ArithmeticTerm out;
    out.factor = sign;
    const auto begin = at_;
    if (digit() || peek() == '.') {
      const auto number = digits();
      skip();
      if (peek() != '*') {
        out.example = index(number, begin);
        return out;
      }
      ++at_;
      out.factor = sign * factor(number, begin);
      skip();
    }
    const auto place = at_;
    if (digit()) {
      out.example = index(digits(), place);
      return out;
    }
    named(out);
    return out;
  }

  std::string digits() {
    std::string out;
    while (digit() || peek() == '.') out += take();
    return out;
  }

  int64_t index(const std::string& number, std::size_t begin) {
    const bool whole = number.find('.') == std::string::npos;
    if (whole && number.size() <= 15 && !letter()) return std::stoll(number);
    at_ = begin;
    refuse(std::string("expected ") + kOperands);
  }

  double factor(const std::string& number, std::size_t begin) {
    if (std::count(number.begin(), number.end(), '.') <= 1 && number != "." && number.size() <= 15)
      return std::stod(number);
    at_ = begin;
    refuse("expected a number before *, such as 0.5 * 12");
  }

  bool letter() const { return std::isalpha(static_cast<unsigned char>(peek())) != 0; }

  // Up to a space, a + or *; `stop` ends it too.
  std::string word(char stop) {
    std::string out;
    if (peek() == '"') {
      const auto begin = at_;
      const auto end = text_.find('"', ++at_);
      if (end == std::string::npos) {
        at_ = begin;
        refuse("expected a quote at the end of the name");
      }
      out = text_.substr(at_, end - at_);
      at_ = end + 1;
      return out;
    }
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(peek())) == 0 &&
           peek() != '+' && peek() != '*' && peek() != stop)
      out += take();
    return out;
  }

  void named(ArithmeticTerm& out) {
    const auto begin = at_;
    const auto first = word(':');
    if (first.empty() || peek() != ':') {
      at_ = begin;
      refuse(std::string("expected ") + kOperands);
    }
    ++at_;
    const auto place = at_;
    const auto second = word('\0');
    if (first == "class") {
      if (second.empty()) refuse("expected the name of a class after class:");
      out.kind = Kind::kClass;
      out.name = second;
      return;
    }
    if (second != "high" && second != "low") {
      at_ = place;
      refuse("expected high or low after " + printable(first) + ":");
    }
    out.kind = Kind::kAttribute;
    out.name = first;
    out.high = second == "high";
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

std::size_t position_of(const std::string& name, const std::vector<std::string>& names,
                        const char* what, const std::string& set) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  if (names.empty())
    fail(Cause::kConfig, "arithmetic", "expected a data set with ", what, " for '", printable(name),
         "', but ", set, " has none");
  const auto shown = std::min<std::size_t>(names.size(), 20);
  fail(Cause::kConfig, "arithmetic", "expected one of the ", what, " of ", set, " (",
       join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, ", "), "), got '",
       printable(name), "'", did_you_mean(name, names));
}

// Which examples of `training` a term is the mean of. [m] int64, in order
torch::Tensor members(const ArithmeticTerm& term, const Dataset& training) {
  torch::Tensor in;
  if (term.kind == Kind::kClass) {
    static const std::vector<std::string> none;
    const auto k = position_of(term.name, training.label.defined() ? training.spec.classes : none,
                               "classes", training.name);
    in = training.label == static_cast<int64_t>(k);
  } else {
    static const std::vector<std::string> none;
    const auto k =
        position_of(term.name, training.attributes.defined() ? training.spec.attributes : none,
                    "attributes", training.name);
    const auto value = training.attributes.select(1, static_cast<int64_t>(k));
    const bool yes_no = ((value == 0) | (value == 1)).all().item<bool>();
    const auto cut = yes_no ? 0.5 : quantile_of(value, term.high ? 0.75 : 0.25);
    in = term.high ? value >= cut : value <= cut;
  }
  const auto which = in.nonzero().flatten();
  if (which.size(0) == 0)
    fail(Cause::kData, "arithmetic", "expected training examples for '", term.text(),
         "', found none");
  return which.narrow(0, 0, std::min(kMostOfAMean, which.size(0)));
}

}  // namespace

std::string ArithmeticTerm::text() const {
  std::string out = factor < 0 ? "- " : "+ ";
  const auto size = factor < 0 ? -factor : factor;
  if (size != 1) out += shortest(size) + " * ";
  switch (kind) {
    case Kind::kExample:
      return out + std::to_string(example);
    case Kind::kClass:
      return out + "class:" + name;
    case Kind::kAttribute:
      return out + name + (high ? ":high" : ":low");
  }
  return out;
}

std::vector<ArithmeticTerm> parse_arithmetic(const std::string& text) { return Parser(text).sum(); }

Arithmetic calculate(const CodeSpace& space, const std::vector<ArithmeticTerm>& terms,
                     const Dataset& part, const Dataset& training) {
  FIGMENT_CHECK(!terms.empty());
  Arithmetic out;
  std::vector<torch::Tensor> plain, decoded;
  Dataset given;  // the conditions of the last term
  auto code = torch::zeros({1, space.width()});
  auto sum = torch::Tensor();
  for (const auto& term : terms) {
    const bool one = term.kind == Kind::kExample;
    if (one && term.example >= part.size())
      fail(Cause::kData, "arithmetic", "expected examples below ", part.size(),
           ", as many as the part has, got ", term.example);
    const auto set = one ? part.select(torch::tensor({term.example}, torch::kLong))
                         : training.select(members(term, training));
    const auto all = space.encode(set);
    const auto mean = all.mean(0, true);
    given = set.select((all - mean).square().sum(1).argmin().view({1}));
    const auto x = in_model_numbers(space.run(), set).mean(0, true);
    code += term.factor * mean;
    sum = sum.defined() ? sum + term.factor * x : term.factor * x;
    decoded.push_back(space.decode(mean, given));
    plain.push_back(x);
    out.examples.push_back(set.size());
  }
  decoded.push_back(space.decode(code, given));
  plain.push_back(sum);
  out.code = code[0];
  out.decoded = torch::cat(decoded);
  out.plain = torch::cat(plain);
  return out;
}

}  // namespace figment
