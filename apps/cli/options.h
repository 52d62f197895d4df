// What was asked on the command line, parsed and checked before LibTorch is ever loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace figment::cli {

// One struct for all verbs: each declares the options it has (options.cc) and reads those only.
struct Options {
  std::string verb{};
  std::string subject{};             // a recipe, family, run folder, data set or sub-command
  std::string object{};              // what the subject is applied to: a file of codes, a data set
  std::vector<std::string> words{};  // key=value, or names of metrics
  std::string out{};                 // file or folder to write
  std::string data{};                // data set in place of the recipe's or run's
  std::string split = "test";        // train, validation or test
  std::string checkpoint{};          // best, last or a step
  std::string device{};              // empty: as the recipe says
  std::int64_t threads = -1;         // -1: as the recipe says
  std::int64_t n = 0;                // how many
  std::vector<std::int64_t> queries{};  // examples to look for
  std::uint64_t seed = 1;
  bool seed_given = false;
  std::int64_t label = -1;
  std::vector<std::string> attributes{};  // NAME=NUMBER, of what is sampled
  double temperature = 1;
  std::int64_t columns = 0;
  std::int64_t bits = 6;                   // of a quantised number
  std::int64_t samples = 0;                // that a metric draws; 0 is its own default
  std::string features{};                  // file of a feature network
  std::vector<std::int64_t> from{}, to{};  // examples at the ends of a way
  std::int64_t steps = 0;                  // of a way, or of a sampler; 0 is the verb's own default
  std::string sampler{};                   // by which samples are drawn; empty: the run's own
  double eta = -1, guidance = -1;          // of the sampler; below 0: the run's own
  std::string mask = "";                   // what of an image is known: a name or a file
  std::int64_t answers = 0;                // completions or variations of each example
  double strength = 0.5;                   // of a variation
  double noise = 0;                        // deviation that is to be taken off; 0: the model's own
  bool drawn = false;                      // one of the possible answers, not their mean
  std::vector<std::string> families{};     // to be compared
  double seconds = 60;                     // that each may take
  std::string axes{};                      // two coordinates of a code: "0,3"
  std::int64_t side = 20;                  // of a grid of codes
  double reach = 3;                        // of a traversal, in deviations
  std::vector<std::string> edits{};        // NAME=AMOUNT, of attributes
  std::int64_t neighbours = 6;             // drawn of each sample
  std::int64_t per_class = 0;              // samples
  bool calibrate = false;                  // show what known good and bad sets reach
  bool one_vs_rest = false;                // each class in turn is the normal one
  bool corrupt = false;                    // damage the examples first
  bool resume = false;
  bool dry_run = false;  // say what a training would cost, and do not begin it
  bool json = false;
  bool markdown = false;
  bool quiet = false;
  std::string command{};  // all of it, as it was typed
};

enum class Parsed { kRun, kDone, kWrong };

// Parses the command line. kDone: help or version was asked for and printed. kWrong: a sentence was
// printed to stderr.
Parsed parse(int argc, char** argv, Options& options);

}  // namespace figment::cli
