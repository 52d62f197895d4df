// The file of a feature network: a safetensors whose metadata describe the network.
#include <algorithm>
#include <filesystem>
#include <sstream>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"
#include "figment/eval/feature_net.h"

namespace figment {
namespace {

using Kind = FeatureLayer::Kind;

constexpr char kFormatKey[] = "figment_feature_net";
constexpr char kFormat[] = "1";
constexpr int64_t kMostUnits = 1 << 20;
constexpr std::size_t kMostLayers = 1000;

struct LayerWord {
  const char* name;
  Kind kind;
};
constexpr LayerWord kWords[] = {{"conv", Kind::kConv},        {"linear", Kind::kLinear},
                                {"max_pool", Kind::kMaxPool}, {"average_pool", Kind::kAveragePool},
                                {"relu", Kind::kRelu},        {"tanh", Kind::kTanh},
                                {"sigmoid", Kind::kSigmoid}};

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(at, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// A whole number within [low, high], and nothing else.
int64_t whole(const std::string& word, int64_t low, int64_t high, const std::string& where) {
  const bool digits = !word.empty() && word.size() < 10 &&
                      word.find_first_not_of("0123456789") == std::string::npos;
  const auto value = digits ? std::stoll(word) : -1;
  if (!digits || value < low || value > high)
    fail(Cause::kCheckpoint, where, "expected a whole number within [", low, ", ", high, "], got '",
         printable(word), "'");
  return value;
}

FeatureLayer read_layer(const std::vector<std::string>& words, const std::string& where) {
  FeatureLayer layer;
  const auto* word = std::find_if(std::begin(kWords), std::end(kWords),
                                  [&](const LayerWord& one) { return one.name == words[0]; });
  if (word == std::end(kWords))
    fail(Cause::kCheckpoint, where,
         "expected conv, linear, max_pool, average_pool, relu, tanh, sigmoid or features, got '",
         printable(words[0]), "'");
  layer.kind = word->kind;
  const bool conv = layer.kind == Kind::kConv, linear = layer.kind == Kind::kLinear;
  const bool pool = layer.kind == Kind::kMaxPool || layer.kind == Kind::kAveragePool;
  std::size_t next = 1;
  const auto number = [&](int64_t low, int64_t high) {
    return whole(next < words.size() ? words[next++] : "", low, high, where);
  };
  if (conv || linear) layer.width = number(1, kMostUnits);
  if (pool) layer.kernel = layer.stride = number(1, 4096);
  while ((conv || pool) && next < words.size()) {
    const auto& key = words[next++];
    if (key == "kernel" && conv) {
      layer.kernel = number(1, 4096);
    } else if (key == "stride") {
      layer.stride = number(1, 4096);
    } else if (key == "padding" && conv) {
      layer.padding = number(0, 4096);
    } else {
      fail(Cause::kCheckpoint, where, "expected ", conv ? "kernel, stride or padding" : "stride",
           ", got '", printable(key), "'");
    }
  }
  if (conv && layer.kernel == 0)
    fail(Cause::kCheckpoint, where, "expected the kernel of a conv, such as 'conv 6 kernel 5'");
  if (next < words.size())
    fail(Cause::kCheckpoint, where, "expected nothing more, got '", printable(words[next]), "'");
  return layer;
}

std::vector<double> read_numbers(const std::string& text, const std::string& where) {
  std::vector<double> values;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    std::size_t used = 0;
    double value = 0;
    try {
      value = std::stod(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != word.size())
      fail(Cause::kCheckpoint, where, "expected numbers, got '", printable(word), "'");
    values.push_back(value);
  }
  return values;
}

std::string text_of_numbers(const std::vector<double>& values) {
  std::vector<std::string> words;
  words.reserve(values.size());
  for (const auto value : values) words.push_back(shortest(value));
  return join(words, " ");
}

// Of all that the file says and holds, so that no bit of it can change unnoticed.
std::string checksum_of(const std::map<std::string, std::string>& metadata,
                        const NamedTensors& tensors) {
  std::string all;
  const auto put = [&](const std::string& text) {
    all += std::to_string(text.size()) + ":" + text;
  };
  for (const auto& [key, text] : metadata)
    if (key != kFormatKey) put(key), put(text);
  for (const auto& [name, tensor] : tensors) {
    const auto plain = tensor.detach().to(torch::kCPU).contiguous();
    put(name);
    put(checksum({static_cast<const char*>(plain.data_ptr()), plain.nbytes()}));
  }
  return checksum(all);
}

}  // namespace

std::string text_of_layers(const FeatureNetSpec& spec) {
  std::string out;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    for (const auto& word : kWords)
      if (word.kind == layer.kind) out += word.name;
    const auto put = [&](const char* key, int64_t value) {
      out += std::string(key) + std::to_string(value);
    };
    if (layer.width > 0) put(" ", layer.width);
    if (layer.kind == Kind::kConv) {
      put(" kernel ", layer.kernel);
      if (layer.stride != 1) put(" stride ", layer.stride);
      if (layer.padding != 0) put(" padding ", layer.padding);
    } else if (layer.kernel > 0) {
      put(" ", layer.kernel);
      if (layer.stride != layer.kernel) put(" stride ", layer.stride);
    }
    if (static_cast<int64_t>(i) + 1 == spec.features) out += "\nfeatures";
    if (i + 1 < spec.layers.size()) out += "\n";
  }
  return out;
}

void read_layers(std::string_view text, FeatureNetSpec& spec, const std::string& where) {
  spec.layers.clear();
  spec.features = 0;
  int64_t number = 0;
  for (const auto& line : split(text, '\n')) {
    const auto place = where + ": layers: line " + std::to_string(++number);
    std::vector<std::string> words;
    std::istringstream stream(line);
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) continue;
    if (words[0] == "features") {
      if (words.size() > 1 || spec.features > 0 || spec.layers.empty())
        fail(Cause::kCheckpoint, place, "expected 'features' alone, once and behind a layer");
      spec.features = static_cast<int64_t>(spec.layers.size());
      continue;
    }
    if (spec.layers.size() == kMostLayers)
      fail(Cause::kCheckpoint, place, "expected ", kMostLayers, " layers at most");
    spec.layers.push_back(read_layer(words, place));
  }
}

std::string encode_feature_net(const FeatureNet& net) {
  const auto& spec = net.spec();
  auto metadata = spec.about;
  metadata["title"] = spec.title;
  std::vector<double> input(spec.input.begin(), spec.input.end());
  metadata["input"] = text_of_numbers(input);
  metadata["mean"] = text_of_numbers(spec.mean);
  metadata["deviation"] = text_of_numbers(spec.deviation);
  metadata["layers"] = text_of_layers(spec);
  if (net.classifies()) metadata["classes"] = join(spec.classes, "\n");
  NamedTensors plain;
  for (const auto& [name, tensor] : net.weights()) plain.emplace_back(name, tensor.detach());
  // In one value with the format, so that no damage to a key makes a file seem to have none.
  metadata[kFormatKey] = std::string(kFormat) + " " + checksum_of(metadata, plain);
  return encode_safetensors(plain, metadata);
}

FeatureNet decode_feature_net(std::string_view bytes, const std::string& where) {
  auto file = decode_safetensors(bytes, where);
  const auto given = file.metadata;
  const auto take = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
      fail(Cause::kCheckpoint, where, "expected a feature network, whose metadata say '", key,
           "'; docs/metrics.md has the format");
    auto text = found->second;
    file.metadata.erase(found);
    return text;
  };
  const auto format = split(take(kFormatKey), ' ');
  if (format[0] != kFormat || format.size() > 2)
    fail(Cause::kCheckpoint, where, "expected a feature network of format ", kFormat, ", got '",
         printable(join(format, " ")), "'");
  if (format.size() == 2) {
    const auto found = checksum_of(given, file.tensors);
    if (format[1] != found)
      fail(Cause::kCheckpoint, where, "expected checksum ", printable(format[1]), ", found ", found,
           "; the file is damaged");
  }
  FeatureNetSpec spec;
  spec.title = take("title");
  std::vector<std::string> input;
  std::istringstream stream(take("input"));
  for (std::string word; stream >> word;) input.push_back(word);
  if (input.size() != 3)
    fail(Cause::kCheckpoint, where + ": input", "expected channels, height and width, got ",
         input.size(), " words");
  for (std::size_t i = 0; i < 3; ++i) spec.input[i] = whole(input[i], 1, 4096, where + ": input");
  spec.mean = read_numbers(take("mean"), where + ": mean");
  spec.deviation = read_numbers(take("deviation"), where + ": deviation");
  read_layers(take("layers"), spec, where);
  if (given.count("classes") > 0) spec.classes = split(take("classes"), '\n');
  spec.about = std::move(file.metadata);
  return FeatureNet(std::move(spec), file.tensors, where);
}

FeatureNet read_feature_net(const std::filesystem::path& file) {
  return decode_feature_net(read_file(file, 1ULL << 34, Cause::kCheckpoint), file.string());
}

}  // namespace figment
