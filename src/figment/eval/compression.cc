#include "figment/eval/compression.h"

#include <cmath>
#include <limits>

#include "figment/core/error.h"
#include "figment/data/code_file.h"
#include "figment/data/image_codec.h"
#include "figment/data/jpeg_encode.h"
#include "figment/data/loader.h"
#include "figment/model/abilities.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/grid.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;
constexpr int64_t kBlock = 8;  // of JPEG

double bits_of(std::size_t bytes, const torch::Tensor& images) {
  return 8.0 * static_cast<double>(bytes) / static_cast<double>(images.numel());
}

// One sheet on which every image has whole blocks to itself, its edge repeated into what is left of
// them; and how to cut it up again.
struct Sheet {
  explicit Sheet(const torch::Tensor& images) {
    height = images.size(2);
    width = images.size(3);
    const auto pad = [](int64_t size) { return (kBlock - size % kBlock) % kBlock; };
    const auto padded =
        torch::replication_pad2d(images.to(torch::kFloat), {0, pad(width), 0, pad(height)})
            .to(torch::kUInt8);
    padded_height = padded.size(2);
    padded_width = padded.size(3);
    n = images.size(0);
    columns = std::max<int64_t>(1, std::llround(std::sqrt(static_cast<double>(n))));
    GridOptions grid;
    grid.columns = columns;
    grid.gap = 0;
    pixels = image_grid(padded, grid);
  }
  torch::Tensor cut(const torch::Tensor& sheet) const {
    const auto rows = sheet.size(1) / padded_height;
    return sheet.view({sheet.size(0), rows, padded_height, columns, padded_width})
        .permute({1, 3, 0, 2, 4})
        .reshape({rows * columns, sheet.size(0), padded_height, padded_width})
        .narrow(0, 0, n)
        .narrow(2, 0, height)
        .narrow(3, 0, width);
  }
  int64_t height, width, padded_height, padded_width, n, columns;
  torch::Tensor pixels;
};

}  // namespace

bool decodes_codes_alone(Model& model) {
  const auto* given = dynamic_cast<Conditions*>(&model);
  return given == nullptr || !(given->on_class() || given->on_attributes() || given->on_part());
}

void need_codes_alone(Model& model, const std::string& where) {
  need_decoder_of_codes(model, where);
  if (decodes_codes_alone(model)) return;
  const bool part = dynamic_cast<Conditions&>(model).on_part();
  fail(
      Cause::kConfig, where, "expected a model that decodes codes alone, but this one is given ",
      part
          ? "part of each example too, which no code holds; reconstruct shows what it makes of both"
          : "the class or attributes of each example too, which no code holds; encode --out "
            "FILE.csv writes them beside the codes, and decode reads them");
}

double mean_psnr(const torch::Tensor& a, const torch::Tensor& b) {
  const auto error = (a - b).square().flatten(1).mean(1).to(torch::kDouble);
  return (-10 * error.clamp_min(1e-12).log10()).mean().item<double>();
}

std::vector<RatePoint> rate_of_codes(Model& model, const Scaling& scaling, const Dataset& set,
                                     const std::vector<int64_t>& bits) {
  torch::NoGradGuard no_grad;
  auto* encodes = dynamic_cast<Encodes*>(&model);
  auto* decodes = decodes_of(model);
  FIGMENT_CHECK(encodes != nullptr && decodes != nullptr && decodes_codes_alone(model));
  model.eval();
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  std::vector<torch::Tensor> parts;
  for (int64_t i = 0; i < loader.batches(); ++i)
    parts.push_back(encodes->encode(loader.batch(0, i)).to(torch::kCPU));
  const auto codes = torch::cat(parts);
  std::vector<RatePoint> out;
  for (const auto b : bits) {
    CodeFile file;
    file.quantizer = Quantizer::fit(codes, b);
    file.levels = file.quantizer.quantize(codes);
    const auto restored = file.quantizer.dequantize(file.levels).to(model.device());
    double sum = 0;
    for (int64_t i = 0; i < loader.batches(); ++i) {
      const auto batch = loader.batch(0, i);
      const auto x = decodes->decode(restored.narrow(0, i * kBatch, batch.size()));
      sum += mean_psnr(x.clamp(0, 1), batch.x) * static_cast<double>(batch.size());
    }
    out.push_back({"code " + std::to_string(b) + " bits",
                   bits_of(encode_code_file(file).size(), set.x),
                   sum / static_cast<double>(set.size())});
  }
  return out;
}

std::vector<RatePoint> rate_of_jpeg(const torch::Tensor& images,
                                    const std::vector<int>& qualities) {
  const Sheet sheet(images);
  std::vector<RatePoint> out;
  for (const int quality : qualities) {
    const auto bytes = encode_jpeg(sheet.pixels, quality);
    const auto back = sheet.cut(decode_image(bytes, "jpeg"));
    out.push_back({"jpeg " + std::to_string(quality), bits_of(bytes.size(), images),
                   mean_psnr(back.to(torch::kFloat) / 255, images.to(torch::kFloat) / 255)});
  }
  return out;
}

RatePoint rate_of_png(const torch::Tensor& images) {
  GridOptions grid;
  grid.gap = 0;
  return {"png", bits_of(encode_png(image_grid(images, grid)).size(), images),
          std::numeric_limits<double>::infinity()};
}

double rate_at(const std::vector<RatePoint>& curve, double psnr) {
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const auto &a = curve[i - 1], &b = curve[i];
    if ((a.psnr - psnr) * (b.psnr - psnr) > 0 || a.psnr == b.psnr) continue;
    return a.bits + (b.bits - a.bits) * (psnr - a.psnr) / (b.psnr - a.psnr);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace figment
