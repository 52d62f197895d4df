#include "figment/train/state.h"

#include <nlohmann/json.hpp>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/core/toml.h"
#include "figment/data/safetensors.h"

namespace figment {
namespace {

using nlohmann::json;
constexpr int kSchema = 1;

NamedTensors tensors_of(const Model& model) {
  NamedTensors all;
  for (const auto& item : model.named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : model.named_buffers()) all.emplace_back(item.key(), item.value());
  return all;
}

const std::string& file_of(const CheckpointFiles& files, const std::string& name,
                           const std::string& where) {
  const auto found = files.files.find(name);
  if (found == files.files.end())
    fail(Cause::kCheckpoint, where, "expected the file ", name, " in the checkpoint");
  return found->second;
}

NamedTensors tensors_in(const CheckpointFiles& files, const std::string& name,
                        const std::string& where) {
  return decode_safetensors(file_of(files, name, where), where + "/" + name).tensors;
}

std::string average_file(const Optimizer& optimizer) {
  return "average." + optimizer.name() + ".safetensors";
}
std::string optimizer_file(const Optimizer& optimizer) {
  return "optimizer." + optimizer.name() + ".safetensors";
}

json example_json(const ExampleSpec& example) {
  json out = {{"modality", name_of(example.modality)},
              {"shape", example.shape},
              {"classes", example.classes}};
  if (!example.attributes.empty()) out["attributes"] = example.attributes;
  return out;
}

ExampleSpec example_of(const json& value) {
  ExampleSpec out;
  const auto modality = value.at("modality").get<std::string>();
  bool known = false;
  for (const auto one : {Modality::kImage, Modality::kVector, Modality::kSeries}) {
    if (modality != name_of(one)) continue;
    out.modality = one;
    known = true;
  }
  if (!known) throw std::runtime_error("unknown modality '" + printable(modality) + "'");
  value.at("shape").get_to(out.shape);
  value.at("classes").get_to(out.classes);
  if (value.contains("attributes")) value.at("attributes").get_to(out.attributes);
  for (const auto extent : out.shape)
    if (extent < 1) throw std::runtime_error("a shape that is not positive");
  return out;
}

json encoding_json(const TableEncoding& encoding) {
  json columns = json::array();
  for (const auto& column : encoding.columns) {
    json one = {{"name", column.name}};
    if (!column.categories.empty()) one["categories"] = column.categories;
    if (column.log1p) one["log1p"] = true;
    columns.push_back(std::move(one));
  }
  return {{"columns", columns}, {"steps", encoding.steps}};
}

TableEncoding encoding_of(const json& value) {
  TableEncoding out;
  value.at("steps").get_to(out.steps);
  for (const auto& one : value.at("columns")) {
    TableEncoding::Column column;
    one.at("name").get_to(column.name);
    if (one.contains("categories")) one.at("categories").get_to(column.categories);
    if (one.contains("log1p")) one.at("log1p").get_to(column.log1p);
    if (column.log1p && !column.categories.empty())
      throw std::runtime_error("a logarithm of words");
    out.columns.push_back(std::move(column));
  }
  if (out.steps < 0) throw std::runtime_error("a negative number of steps");
  return out;
}

}  // namespace

CheckpointFiles pack(const Model& model, const Recipe& recipe, const Scaling& scaling,
                     const TableEncoding& encoding, const TrainingState& state) {
  CheckpointFiles out;
  out.files["model.safetensors"] = encode_safetensors(tensors_of(model));
  out.files["scaling.safetensors"] = encode_safetensors(scaling.state());
  for (const auto* optimizer : model.optimizers()) {
    out.files[optimizer_file(*optimizer)] = encode_safetensors(optimizer->state());
    if (optimizer->averages())
      out.files[average_file(*optimizer)] = encode_safetensors(optimizer->average());
  }
  json window = json::object();
  for (const auto& [name, sum] : state.window) window[name] = {sum.first, sum.second};
  json document = {{"schema", kSchema},
                   {"recipe", config_toml(recipe, "")},
                   {"example", example_json(model.example())},
                   {"stage", state.stage},
                   {"stage_step", state.stage_step},
                   {"step", state.step},
                   {"finished", state.finished},
                   {"best", state.best},
                   {"best_step", state.best_step},
                   {"stale", state.stale},
                   {"threads", state.threads},
                   {"data", state.data},
                   {"window", window}};
  if (!encoding.empty()) document["encoding"] = encoding_json(encoding);
  out.files["state.json"] = document.dump(2) + "\n";
  return out;
}

CheckpointHeader unpack_header(const CheckpointFiles& files, const std::string& where) {
  CheckpointHeader out;
  const auto place = where + "/state.json";
  try {
    const auto document = json::parse(file_of(files, "state.json", where));
    const auto schema = document.at("schema").get<int>();
    if (schema != kSchema)
      fail(Cause::kCheckpoint, place, "expected schema ", kSchema, ", got ", schema,
           "; it was written by another version of figment");
    Problems problems;
    out.recipe = read_recipe(
        parse_toml(document.at("recipe").get<std::string>(), place + " (recipe)"), problems);
    problems.throw_if_any();
    out.example = example_of(document.at("example"));
    if (document.contains("encoding")) out.encoding = encoding_of(document.at("encoding"));
    auto& state = out.state;
    document.at("stage").get_to(state.stage);
    document.at("stage_step").get_to(state.stage_step);
    document.at("step").get_to(state.step);
    document.at("finished").get_to(state.finished);
    document.at("best").get_to(state.best);
    document.at("best_step").get_to(state.best_step);
    document.at("stale").get_to(state.stale);
    document.at("threads").get_to(state.threads);
    document.at("data").get_to(state.data);
    for (const auto& [name, sum] : document.at("window").items())
      state.window[name] = {sum.at(0).get<double>(), sum.at(1).get<int64_t>()};
  } catch (const Error& error) {
    if (error.cause() == Cause::kCheckpoint) throw;
    fail(Cause::kCheckpoint, place, error.what());
  } catch (const std::exception& error) {
    fail(Cause::kCheckpoint, place,
         "expected the state of a training: ", printable(error.what(), 200));
  }
  out.scaling = Scaling::from_state(tensors_in(files, "scaling.safetensors", where),
                                    where + "/scaling.safetensors");
  return out;
}

void unpack_model(const CheckpointFiles& files, Model& model, const std::string& where) {
  const auto place = where + "/model.safetensors";
  const auto read = tensors_in(files, "model.safetensors", where);
  std::map<std::string, torch::Tensor> found(read.begin(), read.end());
  const auto wanted = tensors_of(model);
  for (const auto& [name, tensor] : wanted) {
    const auto item = found.find(name);
    if (item == found.end())
      fail(Cause::kCheckpoint, place, "expected the tensor '", name, "', found none");
    if (item->second.sizes() != tensor.sizes() ||
        item->second.scalar_type() != tensor.scalar_type())
      fail(Cause::kCheckpoint, place, "expected '", name, "' of shape ", tensor.sizes(), ", got ",
           item->second.sizes());
  }
  if (found.size() != wanted.size())
    fail(Cause::kCheckpoint, place, "expected ", wanted.size(), " tensors, got ", found.size());
  torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : wanted) torch::Tensor(tensor).copy_(found.at(name));
}

void take_weights(const CheckpointFiles& files, Model& model, const std::string& where) {
  const auto place = where + "/model.safetensors";
  const auto read = tensors_in(files, "model.safetensors", where);
  const std::map<std::string, torch::Tensor> found(read.begin(), read.end());
  torch::NoGradGuard no_grad;
  for (const auto& item : model.named_parameters()) {
    const auto other = found.find(item.key());
    if (other == found.end() || other->second.sizes() != item.value().sizes())
      fail(Cause::kCheckpoint, place, "expected '", item.key(), "' of shape ", item.value().sizes(),
           " to start from, got ", other == found.end() ? "none" : "another shape",
           "; give the model the sizes of the one it starts from");
    torch::Tensor(item.value()).copy_(other->second);
  }
  for (const auto& item : model.named_buffers()) {
    const auto other = found.find(item.key());
    if (other != found.end() && other->second.sizes() == item.value().sizes())
      torch::Tensor(item.value()).copy_(other->second);
  }
  apply_averages(files, model, where);
}

void unpack_optimizers(const CheckpointFiles& files, Model& model, const std::string& where) {
  for (auto* optimizer : model.optimizers()) {
    const auto name = optimizer_file(*optimizer);
    optimizer->load_state(tensors_in(files, name, where), where + "/" + name);
    if (!optimizer->averages()) continue;
    const auto average = average_file(*optimizer);
    optimizer->load_average(tensors_in(files, average, where), where + "/" + average);
  }
}

void apply_averages(const CheckpointFiles& files, Model& model, const std::string& where) {
  torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> own;
  for (const auto& [key, tensor] : tensors_of(model)) own[key] = tensor;
  for (const auto& [name, bytes] : files.files) {
    if (name.rfind("average.", 0) != 0) continue;
    for (const auto& [key, tensor] : tensors_in(files, name, where)) {
      const auto found = own.find(key);
      if (found == own.end() || found->second.sizes() != tensor.sizes())
        fail(Cause::kCheckpoint, where + "/" + name,
             "expected averages of the model's parameters and buffers, got '", printable(key), "'");
      found->second.copy_(tensor);
    }
  }
  // Who puts averages in place for a while (AverageScope) is to find these, not those of a model
  // that was just made.
  for (auto* optimizer : model.optimizers()) {
    auto averages = optimizer->average();
    for (auto& [key, tensor] : averages) tensor = own.at(key).detach().clone();
    optimizer->load_average(averages, where);
  }
}

}  // namespace figment
