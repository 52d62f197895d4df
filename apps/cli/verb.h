// A verb of the command line behind the launcher: one file each in verbs/.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "figment/apply/open_run.h"
#include "options.h"

namespace figment::cli {

struct Verb {
  const char* name;
  int (*run)(const Options&);  // returns the exit code; throws Error
};

// Defined in a file the build writes from the files in verbs/: NAME.cc defines
// `int verb_NAME(const Options&)`.
const std::vector<Verb>& verbs();

// --- What several verbs need ---

// Writes what it is told to stderr, a line each: a Say.
void say_on_stderr(const std::string& line);

// Whether what is judged is of the examples that the run was trained on: --split train, and no
// other --data.
bool is_training_part(const Options& options);

// Opens options.subject with the options' checkpoint, device and threads.
LoadedRun open_subject(const Options& options);

// Tells on stderr what a search for data does: what is found in part, and downloads with their
// progress. `interrupted` ends a download; may be empty.
Watch console_watch(bool quiet, std::function<bool()> interrupted = {});

// Prints a document on stdout: {"schema": 1, "verb": ..., ...}.
void print_json(const Options& options, nlohmann::json document);

// Writes examples to options.out by its suffix: .npy all numbers, .png a sheet (images only), .csv
// rows below `header` (a line, or empty), no suffix: a folder of PNG files. Says on stderr what was
// written. `x` is in what to_output gives. Throws Error(kConfig) for another suffix.
void write_examples(const std::string& out, const torch::Tensor& x, const std::string& verb,
                    int64_t columns = 0, const std::string& header = {});

// "uint8", "float32": the names NumPy gives, where LibTorch's are those of C++.
std::string type_name(const torch::Tensor& tensor);

// The lower-case suffix with its dot, or "".
std::string suffix_of(const std::string& path);

// Throws Error(kConfig) when no --out was given.
void need_out(const Options& options, const char* example);

}  // namespace figment::cli
