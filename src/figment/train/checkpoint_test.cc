#include "figment/train/checkpoint.h"

#include <gtest/gtest.h>

#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/train/manifest.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
using testing::in_memory;
using testing::names_in;
using testing::Outcome;
using testing::outcome_in_child;
using testing::outcome_of;
using testing::ScratchFolder;
using testing::slurp;
using testing::spill;

using Names = std::vector<std::string>;

const CheckpointFiles kContent{{{"model.safetensors", std::string("\0\1\2\xff", 4)},
                                {"state.json", "{\"step\":1000}\n"},
                                {"empty", ""}}};
const CheckpointFiles kOther{{{"model.safetensors", "other"}}};

void expect_fails(const Outcome& outcome, int code, const std::string& words) {
  EXPECT_EQ(outcome.code, code) << outcome.message;
  EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
}

void expect_damaged(const fs::path& folder, const std::string& words) {
  expect_fails(outcome_of([&] { read_checkpoint(folder); }), 4, words);
}

void no_warning(const std::string& text) { ADD_FAILURE() << text; }

TEST(Checkpoint, ReadsBackWhatWasWritten) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch / "checkpoints", 1000, kContent);
  EXPECT_EQ(folder, scratch / "checkpoints/step_00001000");
  EXPECT_EQ(names_in(scratch / "checkpoints"), Names{"step_00001000"});
  EXPECT_EQ(names_in(folder), (Names{"MANIFEST.json", "empty", "model.safetensors", "state.json"}));
  EXPECT_EQ(slurp(folder / "state.json"), "{\"step\":1000}\n");
  EXPECT_EQ(read_checkpoint(folder).files, kContent.files);
}

// The checksums come from a C program on XXH3_64bits, not from figment.
TEST(Checkpoint, ManifestHasTheseBytes) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch.path(), 1000, kContent);
  const std::string body =
      "{\n"
      "  \"schema\": 1,\n"
      "  \"step\": 1000,\n"
      "  \"files\": {\n"
      "    \"empty\": {\"size\": 0, \"xxh3\": \"2d06800538d394c2\"},\n"
      "    \"model.safetensors\": {\"size\": 4, \"xxh3\": \"ca78fb9c857b2b5f\"},\n"
      "    \"state.json\": {\"size\": 14, \"xxh3\": \"01c5fb48cee1d7cd\"}\n"
      "  },\n";
  EXPECT_EQ(slurp(folder / "MANIFEST.json"), body + "  \"checksum\": \"ac88b8ca35eb10a4\"\n}\n");
}

TEST(Checkpoint, NamesStepsSoThatTheySort) {
  EXPECT_EQ(step_folder("c", 0), "c/step_00000000");
  EXPECT_EQ(step_folder("c", 99999999), "c/step_99999999");
  EXPECT_EQ(step_folder("c", 123456789), "c/step_123456789");
}

TEST(Checkpoint, AWholeStepOfTheSameContentIsKept) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch.path(), 1, kContent);
  const auto before = fs::last_write_time(folder / "MANIFEST.json");
  write_checkpoint(scratch.path(), 1, kContent);
  EXPECT_EQ(fs::last_write_time(folder / "MANIFEST.json"), before);
}

TEST(Checkpoint, ADamagedOrDifferentStepIsReplaced) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch.path(), 1, kContent);
  spill(folder / "state.json", "{\"step\":1001}\n");  // same size
  write_checkpoint(scratch.path(), 1, kContent);
  EXPECT_EQ(read_checkpoint(folder).files, kContent.files);
  write_checkpoint(scratch.path(), 1, kOther);
  EXPECT_EQ(read_checkpoint(folder).files, kOther.files);
  EXPECT_EQ(names_in(scratch.path()), Names{"step_00000001"});
}

TEST(Checkpoint, RefusesNamesThatAreNoPlainNames) {
  ScratchFolder scratch(in_memory());
  for (const std::string name :
       {"", ".", "..", "../x", "a/b", ".hidden", "MANIFEST.json", "a b", "\u00e9", "a\n"}) {
    expect_fails(outcome_of([&] {
                   write_checkpoint(scratch.path(), 1, {{{name, "x"}}});
                 }),
                 4, "cannot name a file");
  }
  EXPECT_EQ(names_in(scratch.path()), Names{});
}

TEST(Checkpoint, SaysWhyItCannotBeWritten) {
  ScratchFolder scratch(in_memory());
  expect_fails(outcome_of([&] { write_checkpoint(scratch / "none/deep", 1, kContent); }), 74,
               "none/deep] cannot be created: No such file or directory");
  spill(scratch / "file", "x");
  expect_fails(outcome_of([&] { write_checkpoint(scratch / "file", 1, kContent); }), 74,
               "file] cannot be created");
  spill(scratch / "step_00000001", "x");
  expect_fails(outcome_of([&] { write_checkpoint(scratch.path(), 1, kContent); }), 74,
               "step_00000001] cannot be renamed into place: Not a directory");
  fs::permissions(scratch.path(), fs::perms(0555));
  expect_fails(outcome_in_child([&] {
                 testing::become_nobody();
                 write_checkpoint(scratch.path(), 2, kContent);
               }),
               74, "Permission denied");
  fs::permissions(scratch.path(), fs::perms(0755));
  EXPECT_EQ(names_in(scratch.path()), (Names{"file", "step_00000001"}));
}

TEST(Checkpoint, RefusesEveryFlippedBit) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch.path(), 1, kContent);
  for (const auto& name : names_in(folder)) {
    const std::string bytes = slurp(folder / name);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      spill(folder / name, flipped);
      const Outcome outcome = outcome_of([&] { read_checkpoint(folder); });
      ASSERT_EQ(outcome.code, 4) << name << " bit " << bit << ": " << outcome.message;
      ASSERT_NE(outcome.message.find(name + "]"), std::string::npos) << outcome.message;
    }
    spill(folder / name, bytes);
  }
  EXPECT_EQ(read_checkpoint(folder).files, kContent.files);
}

TEST(Checkpoint, RefusesEveryTruncationAndExtension) {
  ScratchFolder scratch(in_memory());
  const fs::path folder = write_checkpoint(scratch.path(), 1, kContent);
  for (const auto& name : names_in(folder)) {
    const std::string bytes = slurp(folder / name);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      spill(folder / name, bytes.substr(0, length));
      ASSERT_EQ(outcome_of([&] { read_checkpoint(folder); }).code, 4) << name << " " << length;
    }
    spill(folder / name, bytes + std::string(1, '\0'));
    ASSERT_EQ(outcome_of([&] { read_checkpoint(folder); }).code, 4) << name;
    spill(folder / name, bytes);
  }
}

TEST(Checkpoint, SaysWhatIsWrong) {
  ScratchFolder scratch(in_memory());
  expect_damaged(scratch / "step_00000009",
                 "step_00000009] expected the folder of a checkpoint, found none");
  fs::create_directory(scratch / "step_00000008");
  expect_damaged(scratch / "step_00000008", "MANIFEST.json] expected a manifest, found none");
  spill(scratch / "step_00000007", "x");
  expect_damaged(scratch / "step_00000007", "MANIFEST.json] expected a manifest, found none");

  const fs::path folder = write_checkpoint(scratch.path(), 1, kContent);
  spill(folder / "model.safetensors", "1234");
  expect_damaged(folder,
                 "model.safetensors] expected checksum ca78fb9c857b2b5f, found 87b1e526910fd7e1; "
                 "the file is damaged");
  spill(folder / "model.safetensors", "12345");
  expect_damaged(folder, "model.safetensors] expected 4 bytes, found 5");
  fs::remove(folder / "model.safetensors");
  expect_damaged(folder, "model.safetensors] expected a file of 4 bytes, found none");
  fs::create_directory(folder / "model.safetensors");
  expect_damaged(folder, "model.safetensors] expected a file of 4 bytes, found none");
  fs::remove(folder / "model.safetensors");
  spill(folder / "model.safetensors", kContent.files.at("model.safetensors"));
  spill(folder / "notes.txt", "x");
  expect_damaged(folder, "notes.txt] expected only the files of the manifest");
  fs::remove(folder / "notes.txt");
  fs::permissions(folder / "state.json", fs::perms::none);
  expect_fails(outcome_in_child([&] {
                 testing::become_nobody();
                 read_checkpoint(folder);
               }),
               4, "state.json] cannot be opened for reading: Permission denied");
  fs::resize_file(folder / "MANIFEST.json", 1ULL << 40);
  expect_damaged(folder, "MANIFEST.json] expected at most 16777216 bytes, got 1099511627776");
}

// A manifest that somebody edited and gave a right checksum again.
TEST(Checkpoint, RefusesAForgedManifest) {
  const std::string whole = "{\n  \"schema\": 1,\n  \"step\": 5,\n  \"files\": {\n  },\n";
  const auto parse = [](const std::string& body) {
    return outcome_of([&] {
      Manifest::parse(body + "  \"checksum\": \"" + checksum(body) + "\"\n}\n", "MANIFEST.json");
    });
  };
  const auto with = [&](const std::string& part, const std::string& replacement) {
    std::string body = whole;
    return body.replace(body.find(part), part.size(), replacement);
  };
  const std::string file = "\"size\": 1, \"xxh3\": \"0123456789abcdef\"";
  expect_fails(parse(with("\"schema\": 1", "\"schema\": 2")), 4,
               "expected manifest schema 1, got 2");
  for (const std::string& body :
       {with("\"schema\": 1,\n", "\n"), with("5", "-5"), with("5", "5.0"), with("5", "\"5\""),
        with("5", "9223372036854775808"), with("5", "05"), with("5", "5,\n  \"step\": 5"),
        with("{\n  }", "[]"), with("{\n  }", "{}"), with("{\n  }", "{\"../x\": {" + file + "}}"),
        with("{\n  }", "{\n    \"a\": {" + file + ", \"more\": 1}\n  }"),
        with("{\n  }", "{\n    \"a\": {" + file + "},\n    \"a\": {" + file + "}\n  }"),
        with("{\n  }", "{\n    \"a\": {\"size\": 1, \"xxh3\": \"0123456789ABCDEF\"}\n  }"),
        with("{\n  }", "{\n    \"a\": {\"size\": 1}\n  }"), with("{\n  }", "{\n    \"a\": 1\n  }"),
        std::string("[\n"), std::string(""), std::string(100000, '[')}) {
    expect_fails(parse(body), 4, "not in the form figment writes");
  }
  EXPECT_EQ(parse(whole).message, "");
  EXPECT_EQ(parse(with("{\n  }", "{\n    \"a\": {" + file + "}\n  }")).message, "");
}

TEST(Pointer, NamesAStep) {
  ScratchFolder scratch(in_memory());
  EXPECT_EQ(pointed(scratch.path(), "last"), std::nullopt);
  EXPECT_EQ(pointed(scratch / "none", "last"), std::nullopt);
  write_checkpoint(scratch.path(), 1, kContent);
  write_checkpoint(scratch.path(), 2, kContent);
  point(scratch.path(), "last", 1);
  point(scratch.path(), "last", 2);
  point(scratch.path(), "best", 1);
  EXPECT_EQ(slurp(scratch / "last"), "step_00000002\n");
  EXPECT_EQ(pointed(scratch.path(), "last"), scratch / "step_00000002");
  EXPECT_EQ(pointed(scratch.path(), "best"), scratch / "step_00000001");
}

TEST(Pointer, IsNeverLetPointToNothing) {
  ScratchFolder scratch(in_memory());
  write_checkpoint(scratch.path(), 1, kContent);
  point(scratch.path(), "last", 1);
  expect_fails(outcome_of([&] { point(scratch.path(), "last", 2); }), 4, "step_00000002]");
  fs::remove(write_checkpoint(scratch.path(), 3, kContent) / "state.json");
  expect_fails(outcome_of([&] { point(scratch.path(), "last", 3); }), 4, "state.json]");
  EXPECT_EQ(slurp(scratch / "last"), "step_00000001\n");
}

TEST(Pointer, RefusesAFileThatIsNone) {
  ScratchFolder scratch(in_memory());
  for (const std::string text :
       {"", "\n", "step_00000001", "step_1\n", "step_000000001\n", "step_-0000001\n", "../x\n",
        "step_00000001\n\n", "step_99999999999999999999\n"}) {
    spill(scratch / "best", text);
    expect_fails(outcome_of([&] { pointed(scratch.path(), "best"); }), 4,
                 "best] expected the name of a step and a newline, found");
    expect_fails(outcome_of([&] { prune(scratch.path(), 1); }), 4, "best]");
  }
  spill(scratch / "best", std::string(65, 'x'));
  expect_fails(outcome_of([&] { pointed(scratch.path(), "best"); }), 4, "at most 64 bytes");
}

TEST(NewestWhole, PassesOverTheDamagedOnes) {
  ScratchFolder scratch(in_memory());
  EXPECT_EQ(newest_whole(scratch / "none", no_warning), std::nullopt);
  EXPECT_EQ(newest_whole(scratch.path(), no_warning), std::nullopt);
  for (int step = 1; step <= 4; ++step) write_checkpoint(scratch.path(), step, kContent);
  fs::create_directory(scratch / ".tmp-1-1");
  fs::create_directory(scratch / "step_5");
  EXPECT_EQ(newest_whole(scratch.path(), no_warning), scratch / "step_00000004");
  spill(scratch / "step_00000004/state.json", "{\"step\":1001}\n");
  fs::remove(scratch / "step_00000003/MANIFEST.json");
  fs::rename(scratch / "step_00000002", scratch / "step_00000006");
  Names warnings;
  EXPECT_EQ(newest_whole(scratch.path(), [&](const auto& text) { warnings.push_back(text); }),
            scratch / "step_00000001");
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_NE(warnings[0].find("step_00000006] expected this step, found step 2"), std::string::npos);
  EXPECT_NE(warnings[1].find("step_00000004/state.json] expected checksum"), std::string::npos);
  EXPECT_NE(warnings[2].find("step_00000003/MANIFEST.json] expected a manifest"),
            std::string::npos);
}

TEST(Prune, KeepsTheNewestAndWhatIsPointedTo) {
  ScratchFolder scratch(in_memory());
  prune(scratch / "none", 3);
  for (int step = 1; step <= 6; ++step) write_checkpoint(scratch.path(), step, kContent);
  point(scratch.path(), "best", 2);
  point(scratch.path(), "last", 6);
  spill(scratch / ".tmp-77-0", "half a file");
  fs::create_directories(scratch / ".tmp-77-1/inner");
  spill(scratch / "notes.txt", "mine");
  prune(scratch.path(), 2);
  EXPECT_EQ(names_in(scratch.path()), (Names{"best", "last", "notes.txt", "step_00000002",
                                             "step_00000005", "step_00000006"}));
  prune(scratch.path(), 0);
  EXPECT_EQ(names_in(scratch.path()),
            (Names{"best", "last", "notes.txt", "step_00000002", "step_00000006"}));
}

TEST(Prune, DoesNotCountDamagedOnes) {
  ScratchFolder scratch(in_memory());
  for (int step = 1; step <= 5; ++step) write_checkpoint(scratch.path(), step, kContent);
  spill(scratch / "step_00000005/state.json", "short");
  fs::remove(scratch / "step_00000002/MANIFEST.json");
  prune(scratch.path(), 2);
  EXPECT_EQ(names_in(scratch.path()), (Names{"step_00000003", "step_00000004", "step_00000005"}));
}

TEST(Prune, SaysWhyAStepCannotBeDeleted) {
  ScratchFolder scratch(in_memory());
  write_checkpoint(scratch.path(), 1, kContent);
  fs::permissions(scratch.path(), fs::perms(0555));
  expect_fails(outcome_in_child([&] {
                 testing::become_nobody();
                 prune(scratch.path(), 0);
               }),
               74, "step_00000001] cannot be deleted: Permission denied");
  fs::permissions(scratch.path(), fs::perms(0755));
}

}  // namespace
}  // namespace figment
