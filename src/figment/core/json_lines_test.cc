#include "figment/core/json_lines.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "figment/core/testing.h"

namespace figment {
namespace {

using nlohmann::json;
using testing::Outcome;
using testing::outcome_in_child;
using testing::outcome_of;
using testing::ScratchFolder;
using testing::slurp;
using testing::spill;

void expect_fails(const Outcome& outcome, int code, const std::string& words) {
  EXPECT_EQ(outcome.code, code) << outcome.message;
  EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
}

bool up_to_step_2(const json& line) { return line.value("step", 0) <= 2; }

TEST(JsonLines, AppendsOneLineEach) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  {
    JsonLines lines(path);
    lines.append({{"step", 1}, {"loss", 0.1}});
    EXPECT_EQ(slurp(path), "{\"loss\":0.1,\"step\":1}\n");  // there at once, not at the end
  }
  JsonLines lines(path);
  lines.append({{"step", 2}, {"text", "a\nb"}});
  lines.sync();
  EXPECT_EQ(slurp(path), "{\"loss\":0.1,\"step\":1}\n{\"step\":2,\"text\":\"a\\nb\"}\n");
  const auto values = read_json_lines(path);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[1]["text"], "a\nb");
}

TEST(JsonLines, WritesWhatJsonHasNoWordsFor) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  JsonLines lines(path);
  lines.append({{"a", std::nan("")}, {"b", std::numeric_limits<double>::infinity()}});
  lines.append({{"text", "\xff!"}});
  EXPECT_EQ(slurp(path), "{\"a\":null,\"b\":null}\n{\"text\":\"\xef\xbf\xbd!\"}\n");
}

TEST(JsonLines, PythonReadsIt) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  JsonLines lines(path);
  lines.append({{"loss", 0.1 + 0.2}, {"name", "\u00e9\u4e16\"\\"}, {"step", 1LL << 53}});
  spill(scratch / "check.py",
        "import json,sys\n"
        "[l]=[json.loads(l) for l in open(sys.argv[1],encoding='utf8')]\n"
        "assert l=={'loss':0.1+0.2,'name':'\\u00e9\\u4e16\"\\\\','step':2**53},l\n");
  const std::string command =
      "/usr/bin/python3 " + (scratch / "check.py").string() + " " + path.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(JsonLines, CutsATornLineWhereverItIsTorn) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  const std::string first = "{\"step\":1}\n";
  const std::string second = "{\"step\":2,\"long\":\"" + std::string(9000, 'x') + "\"}\n";
  for (std::size_t cut = 0; cut <= second.size(); cut += cut < 30 || cut > 9000 ? 1 : 997) {
    spill(path, first + second.substr(0, cut));
    const bool whole = cut == second.size();
    EXPECT_EQ(read_json_lines(path).size(), whole ? 2u : 1u) << cut;
    { JsonLines lines(path); }
    EXPECT_EQ(slurp(path), whole ? first + second : first) << cut;
  }
  spill(path, "{\"torn");
  JsonLines(path).append({{"step", 1}});
  EXPECT_EQ(slurp(path), first);
}

TEST(JsonLines, RefusesADamagedWholeLine) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  spill(path, "{\"step\":1}\n{\"step\":\n{\"step\":3}\n");
  expect_fails(outcome_of([&] { read_json_lines(path); }), 4,
               "metrics.jsonl: line 2] expected a JSON value, got '{\"step\":'");
  expect_fails(outcome_of([&] { keep_json_lines(path, up_to_step_2); }), 4, "line 2");
  spill(path, "\n");
  expect_fails(outcome_of([&] { read_json_lines(path); }), 4, "line 1");
}

TEST(JsonLines, KeepsTheLinesAskedFor) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  keep_json_lines(path, up_to_step_2);
  EXPECT_FALSE(std::filesystem::exists(path));
  spill(path, "{\"step\": 1}\n{\"step\":3}\n{ \"step\":2}\n{\"step\":1");
  keep_json_lines(path, up_to_step_2);
  EXPECT_EQ(slurp(path), "{\"step\": 1}\n{ \"step\":2}\n");
  const auto before = std::filesystem::last_write_time(path);
  keep_json_lines(path, up_to_step_2);
  EXPECT_EQ(std::filesystem::last_write_time(path), before);
}

TEST(JsonLines, SaysWhyAFileCannotBeUsed) {
  ScratchFolder scratch;
  expect_fails(outcome_of([&] { JsonLines lines(scratch / "none/file"); }), 74, "No such file");
  expect_fails(outcome_of([&] { JsonLines lines(scratch.path()); }), 74, "Is a directory");
  expect_fails(outcome_of([&] { JsonLines lines("/dev/null"); }), 74,
               "expected a file to append to");
  expect_fails(outcome_of([&] { read_json_lines(scratch / "none"); }), 4, "No such file");
}

TEST(JsonLines, AFullDiskLeavesOnlyWholeLines) {
  ScratchFolder scratch;
  const auto path = scratch / "metrics.jsonl";
  const json line = {{"step", 1}, {"text", std::string(300, 'x')}};
  expect_fails(outcome_in_child([&] {
                 ::signal(SIGXFSZ, SIG_IGN);
                 const struct rlimit limit {
                   1000, 1000
                 };  // takes three lines and a part of a fourth
                 ::setrlimit(RLIMIT_FSIZE, &limit);
                 JsonLines lines(path);
                 for (int i = 0; i < 3; ++i) lines.append(line);
                 if (outcome_of([&] { lines.append(line); }).code != 74) return;
                 lines.append({{"short", 1}});
                 lines.append(line);
               }),
               74, "metrics.jsonl] cannot be appended to: File too large");
  const auto values = read_json_lines(path);
  ASSERT_EQ(values.size(), 4u);
  EXPECT_EQ(values[2], line);
  EXPECT_EQ(values[3], json({{"short", 1}}));
  EXPECT_EQ(slurp(path).back(), '\n');
}

}  // namespace
}  // namespace figment
