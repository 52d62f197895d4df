// The verbs of the command line and the options of each. The only place that knows CLI11.
#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <tuple>

#include "declare.h"
#include "figment/core/text.h"

namespace figment::cli {

Verb::Verb(CLI::App& app, Options& options, const std::string& name, const std::string& summary)
    : options_(options), app_(app.add_subcommand(name, summary)) {
  app_->callback([&options, name] { options.verb = name; });
}
Verb& Verb::subject(const std::string& name, const std::string& help, bool required) {
  app_->add_option(name, options_.subject, help)->required(required);
  return *this;
}
Verb& Verb::object(const std::string& name, const std::string& help) {
  app_->add_option(name, options_.object, help);
  return *this;
}
Verb& Verb::words(const std::string& name, const std::string& help) {
  app_->add_option(name, options_.words, help);
  return *this;
}
Verb& Verb::split() {
  app_->add_option("--split", options_.split, "Part of the data: train, validation or test")
      ->capture_default_str();
  return *this;
}
Verb& Verb::seed(const std::string& help) {
  // What a callback captures must outlive this object: it runs when the line is parsed.
  app_->add_option("--seed", options_.seed, help)
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
      ->each([&options = options_](const std::string&) { options.seed_given = true; });
  return *this;
}
Verb& Verb::threads() {
  return whole("--threads", options_.threads, "Threads to compute with; 0 takes all cores", 0,
               4096);
}
Verb& Verb::json() { return flag("--json", options_.json, "Print one JSON document on stdout"); }
Verb& Verb::whole(const std::string& name, std::int64_t& to, const std::string& help,
                  std::int64_t least, std::int64_t most) {
  app_->add_option(name, to, help)->check(CLI::Range(least, most));
  return *this;
}
Verb& Verb::real(const std::string& name, double& to, const std::string& help, double least,
                 double most) {
  app_->add_option(name, to, help)->check(CLI::Range(least, most));
  return *this;
}
Verb& Verb::text(const std::string& name, std::string& to, const std::string& help) {
  app_->add_option(name, to, help);
  return *this;
}
Verb& Verb::indices(const std::string& name, std::vector<std::int64_t>& to,
                    const std::string& help) {
  app_->add_option(name, to, help)->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  return *this;
}
Verb& Verb::texts(const std::string& name, std::vector<std::string>& to, const std::string& help) {
  app_->add_option(name, to, help)->delimiter(',')->allow_extra_args(false);
  return *this;
}
Verb& Verb::flag(const std::string& name, bool& to, const std::string& help) {
  app_->add_flag(name, to, help);
  return *this;
}

namespace {

void declare_training(CLI::App& app, Options& options) {
  Verb train(app, options, "train", "Train a model from a recipe, or a family from its defaults");
  train.subject("RECIPE|FAMILY", "A recipe file (.toml), or the name of a family")
      .words("KEY=VALUE", "Settings in place of the recipe's, e.g. model.latent_dim=2")
      .data("Data set: a built-in or known name, or a path (as data.source=...)")
      .out("Folder of the run; runs/DATE-NAME-ID when not given")
      .seed("As seed=N")
      .device()
      .quiet()
      .json();
  train.app().add_flag("--resume", options.resume,
                       "Continue the run in --out if there is one, else start it");
  train.app().add_flag("--dry-run", options.dry_run,
                       "Say what the training costs, by a few steps that are thrown away: "
                       "parameters, operations, memory, time; write nothing");
  Verb(app, options, "bench", "Time the steps of a recipe on this machine, phase by phase")
      .subject("RECIPE|FAMILY", "A recipe file (.toml), or the name of a family")
      .words("KEY=VALUE", "Settings in place of the recipe's, e.g. train.batch_size=256")
      .data("Data set: a built-in or known name, or a path (as data.source=...)")
      .number("Steps to time of each stage (30, or as many as 20 seconds hold)")
      .seed("As seed=N")
      .device()
      .quiet()
      .json();
  Verb(app, options, "resume", "Continue a run from its newest whole checkpoint")
      .subject("RUN", "Folder of the run")
      .device()
      .quiet()
      .json();
}

void declare_use(CLI::App& app, Options& options) {
  Verb sample(app, options, "sample", "Draw samples from a trained model");
  sample.subject("RUN", "Folder of the run")
      .number("How many samples (64)")
      .seed("The samples follow from it")
      .out("FILE.png for a sheet, FILE.npy for all numbers, or a folder for one PNG each")
      .checkpoint()
      .device()
      .drawing()
      .json();
  sample.app()
      .add_option("--label", options.label, "Class to draw, for models that know classes")
      ->check(CLI::Range(0, 1000000));
  sample.app()
      .add_option("--attribute", options.attributes,
                  "NAME=NUMBER, for models that know attributes: so many deviations above the mean "
                  "of the training set, of yes or no 1 or 0; may be given for each")
      ->allow_extra_args(false);
  sample.app()
      .add_option("--temperature", options.temperature, "Spread of the latent noise")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  sample.app()
      .add_option("--columns", options.columns, "Columns of the sheet")
      ->check(CLI::Range(1, 10000));
  Verb(app, options, "reconstruct", "Encode and decode examples, laid beside their originals")
      .subject("RUN", "Folder of the run")
      .data("Data set in place of the run's")
      .split()
      .number("How many examples (32)")
      .out("FILE.png for originals above reconstructions, FILE.npy for the numbers")
      .checkpoint()
      .device()
      .json();
  Verb compress(app, options, "compress",
                "Keep examples as quantised codes, with what PNG and JPEG take beside them");
  compress.subject("RUN", "Folder of the run")
      .data("Data set in place of the run's")
      .split()
      .number("How many examples (all)")
      .out("FILE.figc")
      .checkpoint()
      .device()
      .json();
  compress.app()
      .add_option("--bits", options.bits, "Bits for each number of a code")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  Verb(app, options, "decompress", "Turn what compress wrote into examples again")
      .subject("RUN", "Folder of the run that compressed them")
      .object("CODES", "FILE.figc")
      .out("FILE.png, FILE.npy, or a folder for one PNG each")
      .checkpoint()
      .device()
      .json();
  Verb(app, options, "separate", "Take sums of examples apart into their sources")
      .subject("RUN", "Folder of the run")
      .data("Mixtures to take apart; without, examples of the run's data are summed first")
      .split()
      .number("How many mixtures (32)")
      .seed("Which examples are summed follows from it")
      .out("FILE.png for a sheet, FILE.npy for the numbers, sources one after the other")
      .checkpoint()
      .device()
      .json();
  Verb(app, options, "encode", "Write the codes of examples")
      .subject("RUN", "Folder of the run")
      .data("Data set in place of the run's")
      .split()
      .number("How many examples (all)")
      .out("FILE.npy or FILE.csv (then attributes a model is given, and the label last)")
      .checkpoint()
      .device()
      .json();
  Verb(app, options, "decode", "Turn codes into examples")
      .subject("RUN", "Folder of the run")
      .object("CODES", "FILE.npy or FILE.csv, one code a row")
      .out("FILE.png, FILE.npy, or a folder for one PNG each")
      .checkpoint()
      .device()
      .json();
  Verb search(app, options, "search", "Find the examples whose codes are nearest");
  search.subject("RUN", "Folder of the run")
      .data("Data set that the queries are of, in place of the run's")
      .split()
      .number("How many neighbours (10)")
      .out("FILE.png for a sheet of images: each query before its neighbours")
      .checkpoint()
      .device()
      .json();
  search.app()
      .add_option("-q,--query", options.queries,
                  "Which examples of that part to look for, counted from 0; all with --data")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
}

// The latent space: ways through it, and what lies there.
void declare_latent(CLI::App& app, Options& options) {
  const auto verb = [&](const std::string& name, const std::string& summary, const char* out) {
    Verb made(app, options, name, summary);
    made.subject("RUN", "Folder of the run").out(out).checkpoint().device().json();
    return made;
  };
  const auto queries = [&](Verb& of, const std::string& help) {
    of.data("Data set that the examples are of, in place of the run's").split();
    of.indices("-q,--query", options.queries, help);
  };
  const auto steps = [&](Verb& of, const std::string& help, int least) {
    of.app().add_option("--steps", options.steps, help)->check(CLI::Range(least, 1000));
  };
  const auto sheet = "FILE.png for a sheet of images, FILE.npy for all numbers";
  auto interpolate = verb("interpolate", "Go from one example to another through the codes", sheet);
  interpolate.data("Data set that the examples are of, in place of the run's")
      .split()
      .number("How many pairs of different classes, without --from (4)")
      .seed("Go between samples of the model that follow from it, in place of examples");
  steps(interpolate, "Images of each way, with both ends (10)", 2);
  for (const auto& [name, list, help] :
       {std::tuple{"--from", &options.from, "Examples to begin at, counted from 0"},
        std::tuple{"--to", &options.to, "Examples to end at, one for each --from"}})
    interpolate.app()
        .add_option(name, *list, help)
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  auto manifold =
      verb("manifold", "Decode a grid over a plane of codes, or a walk through it",
           "FILE.png for the grid, FILE.apng or FILE.gif for a walk through it, FILE.npy "
           "for the numbers of the grid");
  queries(manifold, "The example under whose conditions a conditional model decodes (0)");
  steps(manifold, "Images of the walk (72)", 2);
  manifold.app().add_option(
      "--axes", options.axes,
      "I,J: two coordinates of the code, counted from 0, while the others stay at their "
      "mean; without, the two main axes of the codes");
  manifold.app()
      .add_option("--side", options.side, "Images a side of the grid")
      ->check(CLI::Range(2, 200))
      ->capture_default_str();
  auto traverse = verb("traverse", "Change one coordinate of a code at a time", sheet);
  queries(traverse, "The example whose code is changed, counted from 0 (0)");
  traverse.number("How many coordinates, the most active first (10)");
  steps(traverse, "Images of each coordinate (7)", 2);
  traverse.app()
      .add_option("--reach", options.reach, "From minus to plus so many deviations")
      ->check(CLI::Range(0.01, 100.0))
      ->capture_default_str();
  auto arithmetic = verb("arithmetic", "Add and subtract the codes of examples", sheet);
  arithmetic
      .words("SUM", "Such as 12 - 7 + 40, class:3 - class:8 + 5 or slant:high - slant:low + 12")
      .data("Data set that the examples are of, in place of the run's")
      .split();
  auto edit = verb("edit", "Change what examples are described by: attributes or classes", sheet);
  queries(edit, "The examples to change, counted from 0 (0 to 7)");
  steps(edit, "Steps on the way to the whole change (4)", 1);
  edit.app()
      .add_option(
          "--attribute", options.edits,
          "NAME=+1.5: the attribute, or class:NAME, and by how many deviations; may be given "
          "for each. Without, what there is and how well the codes tell it")
      ->allow_extra_args(false);
  auto nearest = verb("nearest", "Find the training examples nearest to samples: are they copied?",
                      "FILE.png for a sheet: each sample before the nearest training examples");
  queries(nearest, "Look at these examples, counted from 0, in place of samples");
  nearest.number("How many samples, or examples of --data, are judged (500)")
      .seed("The samples follow from it");
  nearest.app()
      .add_option("--neighbours", options.neighbours, "Training examples drawn beside each")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  nearest.app().add_option("--features", options.features,
                           "FILE.safetensors of a feature network in place of figment's own");
  nearest.drawing();
  auto augment = verb("augment", "Write samples of every class as a data set with labels",
                      "A new folder for images, one folder a class; FILE.csv for rows of numbers");
  augment.seed("The samples follow from it").drawing();
  augment.app()
      .add_option("--per-class", options.per_class, "Samples of each class")
      ->required()
      ->check(CLI::Range(1, 10000000));
  augment.app()
      .add_option("--temperature", options.temperature, "Spread of the latent noise")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
}

void declare_judging(CLI::App& app, Options& options) {
  Verb eval(app, options, "eval", "Judge a model on data it was not trained on");
  eval.subject("RUN", "Folder of the run")
      .words("METRIC", "Metrics by name in place of the usual ones; an unknown name lists them")
      .data("Data set in place of the run's")
      .split()
      .number("Use the first n examples (all)")
      .seed("Of the Monte Carlo estimates")
      .checkpoint()
      .device()
      .json();
  eval.drawing();
  eval.app()
      .add_option("--samples", options.samples,
                  "Samples that a metric draws: codes an example for nll, images for fid")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10000000}));
  eval.app().add_option("--features", options.features,
                        "FILE.safetensors of a feature network in place of figment's own");
  eval.app().add_flag("--calibrate", options.calibrate,
                      "Show beside it what known good and bad sets of images reach");
  Verb classify(app, options, "classify",
                "Tell the class of examples, and how often that is right");
  classify.subject("RUN", "Folder of the run")
      .data("Examples to classify, with labels or without, in place of the run's")
      .split()
      .number("Use the first n examples (all)")
      .seed("Of the Monte Carlo estimates, and of the classifier it is held against")
      .out("FILE.csv of p(class | x), a line for each example")
      .checkpoint()
      .device()
      .json();
  classify.app()
      .add_option("--samples", options.samples,
                  "Codes drawn for each example and class, where p(x | class) is a bound (8)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}));
  Verb compare(app, options, "compare", "Say how one set of examples differs from another");
  compare.subject("JUDGED", "Images in a folder, an array (.npy), or a data set by name")
      .object("REFERENCE", "What it is held against; NAME:train and NAME:test are parts of a set")
      .words("KEY=VALUE", "Settings of both, such as data.image_size=32")
      .number("How many examples of each, chosen by a fixed shuffle (10,000)")
      .threads()
      .json();
  compare.app().add_option("--features", options.features,
                           "FILE.safetensors of a feature network in place of figment's own");
  Verb anomaly(app, options, "anomaly", "Find examples unlike those a model was trained on");
  anomaly.subject("RUN|RECIPE", "Folder of a run; with --one-vs-rest a recipe")
      .words("KEY=VALUE", "Settings of the data, such as data.label_column=none")
      .data("Examples to score, all of them, in place of the run's own")
      .split()
      .number("Use the first n examples (all)")
      .seed("With --one-vs-rest: of the trainings")
      .out("FILE.csv of all scores, or FILE.html of pictures; with --one-vs-rest a folder of runs")
      .checkpoint()
      .device()
      .quiet()
      .json();
  anomaly.app().add_flag("--one-vs-rest", options.one_vs_rest,
                         "Train the recipe for each class as the normal one, and score the rest");
  Verb(app, options, "report", "Write the report of a run: one HTML file with its pictures")
      .subject("RUN", "Folder of the run")
      .out("The file; report.html in the run when not given")
      .threads();
  Verb(app, options, "inspect", "Say what a run, a checkpoint or a .safetensors file holds")
      .subject("PATH", "Folder of a run or checkpoint, or a .safetensors file")
      .checkpoint()
      .json();
}

void declare_knowing(CLI::App& app, Options& options) {
  Verb list(app, options, "list", "List the families and what they can do");
  list.json();
  list.app().add_flag("--markdown", options.markdown, "As the table of the README");
  Verb(app, options, "explain", "Print the settings of a family, or of every recipe, as TOML")
      .subject("FAMILY", "Name of a family; without one, what all recipes share", false)
      .json();
  Verb(app, options, "data", "List data sets, say what one holds, or export it")
      .subject("list|info|export", "What to do")
      .object("SOURCE", "A built-in or known name, or a path")
      .words("KEY=VALUE", "Settings such as data.image_size=32")
      .split()
      .number("Export the first n (all)")
      .out("export: FILE.npy, FILE.png for a sheet, or a folder for one PNG each")
      .json();
  Verb(app, options, "doctor", "Look at this machine: LibTorch, BLAS, threads, devices, data")
      .json();
}

}  // namespace

namespace {

// The sentence for a line the parser refused; its own words for an unknown option suggest nothing.
std::string refusal(const CLI::App& app, const CLI::ParseError& error,
                    const std::vector<std::string>& words) {
  const bool verb =
      !words.empty() && words[0].rfind('-', 0) != 0;  // a known one: parse() saw to it
  const auto help = std::string("see figment ") + (verb ? words[0] + " " : "") + "--help";
  const auto as_it_says = error.what() + ("; " + help);
  // Without a verb the parser misses that first.
  const bool extras = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!extras && verb) return as_it_says;
  std::vector<std::string> names;
  for (const auto* option : (verb ? app.get_subcommand(words[0]) : &app)->get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  for (std::size_t i = verb ? 1 : 0; i < words.size() && words[i] != "--"; ++i) {
    const auto name = words[i].substr(0, words[i].find('='));
    if (name.rfind("--", 0) != 0 || std::find(names.begin(), names.end(), name) != names.end())
      continue;
    auto hint = did_you_mean(name, names);
    if (hint.empty() && verb && words[0] == "train")
      hint = "; settings of a recipe are given as KEY=VALUE, such as train.epochs=3";
    return (verb ? words[0] : "figment") + " has no option '" + printable(name) + "'" +
           (hint.empty() ? "; " + help : hint);
  }
  return as_it_says;
}

}  // namespace

Parsed parse(int argc, char** argv, Options& options) {
  CLI::App app(
      "figment trains, judges, samples and applies generative models.\n"
      "Begin with: figment train vae        (on built-in digits, about a minute)");
  app.name("figment");
  app.set_version_flag("--version", std::string("figment ") + FIGMENT_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  declare_training(app, options);
  declare_use(app, options);
  declare_latent(app, options);
  declare_completing(app, options);
  declare_judging(app, options);
  declare_knowing(app, options);
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain =
        !word.empty() && word.find_first_of(" '\"\\$&|;<>()*?[]") == std::string::npos;
    options.command += (i == 0 ? "" : " ") + (i == 0 ? "figment" : plain ? word : "'" + word + "'");
  }
  // The parser would call an unknown verb an unexpected argument.
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> verbs;
    for (const auto* verb : app.get_subcommands([](CLI::App*) { return true; }))
      verbs.push_back(verb->get_name());
    bool known = false;
    for (const auto& verb : verbs) known = known || verb == argv[1];
    if (!known) {
      std::cerr << "figment: [command line] expected a verb (" << join(verbs, ", ") << "), got '"
                << printable(argv[1]) << "'" << did_you_mean(argv[1], verbs) << "\n";
      return Parsed::kWrong;
    }
  }
  try {
    app.parse(argc, argv);
    return Parsed::kRun;
  } catch (const CLI::Success& success) {
    app.exit(success, std::cout, std::cerr);
    return Parsed::kDone;
  } catch (const CLI::ParseError& error) {
    if (argc < 2) {
      std::cerr << app.help();
      return Parsed::kWrong;
    }
    std::cerr << "figment: [command line] "
              << refusal(app, error, std::vector<std::string>(argv + 1, argv + argc)) << "\n";
    return Parsed::kWrong;
  }
}

}  // namespace figment::cli
