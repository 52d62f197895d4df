// Loads a trained model from its run folder, draws samples and writes them as one picture.
//   sample RUN OUT.png [SEED]
#include <figment/figment.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: sample RUN OUT.png [SEED]\n";
    return 2;
  }
  try {
    figment::set_threads(0);
    const auto run = figment::open_run(argv[1]);

    figment::SampleOptions options;
    options.n = 64;
    options.seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    const auto samples = figment::sample(run, options);  // [64, C, H, W] in [0, 1]

    figment::write_durably(argv[2], figment::encode_png(figment::image_grid(samples)));
    std::cout << run.family->title << ", step " << run.state.step << " -> " << argv[2] << "\n";
    return 0;
  } catch (const figment::Error& error) {
    std::cerr << "sample: " << error.what() << "\n";
    return figment::exit_code(error.cause());
  }
}
