#include "figment/apply/pictures.h"

#include <cstdio>

#include "figment/apply/latent.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/data/image_codec.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/grid.h"
#include "figment/report/tensorboard.h"

namespace figment {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kSamples = 64, kReconstructions = 32;

class Pictures : public Observer {
 public:
  Pictures(const Splits& data, const Scaling& scaling, const RunFolder& folder)
      : shown_(shown_part(data).first(2000)),
        scaling_(scaling),
        samples_(folder.samples()),
        tensorboard_folder_(folder.path() / "tensorboard") {}

  void on_epoch(Model& model, int64_t step) override {
    if (model.example().modality != Modality::kImage) return;
    char name[32];
    std::snprintf(name, sizeof name, "step_%08lld", static_cast<long long>(step));
    const auto folder = samples_ / name;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(Cause::kIo, folder.string(), "cannot make the folder: ", error.message());
    if (dynamic_cast<Samples*>(&model) != nullptr) {
      SampleOptions options;
      options.n = kSamples;
      write_durably(folder / "samples.png", encode_png(image_grid(sample(model, options))));
    }
    if (auto* able = reconstructs_of(model)) {
      std::vector<torch::Tensor> layers(2);
      for_each_batch(model, scaling_, shown_.first(kReconstructions), kReconstructions,
                     [&](const Batch& batch, int64_t) {
                       layers = {batch.x.to(torch::kCPU), able->reconstruct(batch).to(torch::kCPU)};
                     });
      write_durably(folder / "reconstructions.png", encode_png(layered_grid(layers)));
    }
    if (has_manifold(model)) {
      GridOptions grid;
      grid.gap = 0;
      const auto images = manifold(model, scaling_, shown_, kManifoldSide);
      write_durably(folder / "manifold.png", encode_png(image_grid(images, grid)));
    }
  }

  void on_metrics(int64_t step,
                  const std::vector<std::pair<std::string, double>>& values) override {
    if (!tensorboard_) {
      // A file is there already when the run was resumed: TensorBoard is told where it goes on.
      const bool again = fs::exists(tensorboard_folder_);
      tensorboard_ = std::make_unique<TensorBoardWriter>(tensorboard_folder_, again ? step : 0);
    }
    for (const auto& [name, value] : values) tensorboard_->scalar(name, step, value);
  }

 private:
  Dataset shown_;
  Scaling scaling_;
  fs::path samples_, tensorboard_folder_;
  std::unique_ptr<TensorBoardWriter> tensorboard_;
};

}  // namespace

const Dataset& shown_part(const Splits& data) {
  if (data.validation.size() > 0) return data.validation;
  return data.test.size() > 0 ? data.test : data.train;
}

std::unique_ptr<Observer> make_pictures(Model&, const Splits& data, const Scaling& scaling,
                                        const RunFolder& folder) {
  return std::make_unique<Pictures>(data, scaling, folder);
}

}  // namespace figment
