#include "figment/data/csv.h"

#include <cstring>
#include <ctime>

#include "figment/data/csv_records.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

ReadOptions labelled(const std::string& column) {
  ReadOptions options;
  options.label_column = column;
  return options;
}

torch::Tensor floats(std::initializer_list<float> values, torch::IntArrayRef shape) {
  return torch::tensor(at::ArrayRef<float>(values)).view(shape);
}

TEST(Csv, ReadsAHeaderAndNumbers) {
  const auto set = decode_csv("a,b c,\"d,e\"\n1,2.5,-3e2\n+4,.5,1e-50\n", "t");
  EXPECT_TRUE(torch::equal(set.x, floats({1, 2.5, -300, 4, .5, 0}, {2, 3})));
  EXPECT_EQ(set.columns, (std::vector<std::string>{"a", "b c", "d,e"}));
  EXPECT_EQ(set.spec.text(), "vector 3");
  EXPECT_FALSE(set.label.defined());
}

TEST(Csv, TakesTheLineEndsAndDelimitersOfOthers) {
  const auto expected = floats({1, 2, 3, 4}, {2, 2});
  for (const auto* text :
       {"1,2\n3,4", "1,2\r\n3,4\r\n",
        "\xef\xbb\xbf"
        "1,2\n\n3,4\n\n",
        "1;2\n3;4\n", "1\t2\n3\t4\n", " 1 , 2\n3,4 \n", "\"1\",\"2\"\n\"3\" ,4\n",
        "a,b\n1,2\n3,4\n", "\"y\"\"z\",b\n1,2\n3,4\n", "0a,1\n1,2\n3,4\n"})
    EXPECT_TRUE(torch::equal(decode_csv(text, "t").x, expected)) << text;
  EXPECT_EQ(decode_csv("\"y\"\"z\",b\n1,2\n", "t").columns[0], "y\"z");
  EXPECT_EQ(decode_csv("\"y\nz\",b\n1,2\n", "t").columns[0], "y\nz");
}

TEST(Csv, WritesFieldsThatAreReadBackAsTheyWere) {
  EXPECT_EQ(csv_field("plain word"), "plain word");
  EXPECT_EQ(csv_field("a \"b\""), "\"a \"\"b\"\"\"");
  const std::vector<std::string> words = {"a,b", " led",       "trailed ", "",
                                          "\"",  "two\nlines", "x;y\tz"};
  std::string text = "a,b,c,d,e,f,g\n";
  for (const auto& word : words) text += (&word == &words[0] ? "" : ",") + csv_field(word);
  CsvRecords records(text, "t");
  std::vector<std::string_view> fields;
  ASSERT_TRUE(records.next(fields));
  ASSERT_TRUE(records.next(fields));
  ASSERT_EQ(fields.size(), words.size());
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(fields[i], words[i]);
}

TEST(Csv, TellsAHeaderFromData) {
  EXPECT_EQ(decode_csv("label,0,1\n5,1,2\n", "t").size(), 1);
  EXPECT_EQ(decode_csv("1.5,2,setosa\n1.6,2,setosa\n", "t", labelled("last")).size(), 2);
  EXPECT_EQ(decode_csv("a,b\n1,2\n", "t").size(), 1);
  EXPECT_EQ(decode_csv("1,2\n", "t").size(), 1);
  // A missing number in the first line does not make it a header, which would drop it silently.
  EXPECT_TRUE(
      refuses([] { decode_csv("?,2\n1,2\n", "t"); }, "[t:1] column 0: expected a number, got '?'"));
}

TEST(Csv, FindsTheLabelColumn) {
  const auto* plain = "1,2,7\n3,4,9\n5,6,7\n";
  for (const auto* column : {"last", "2"}) {
    const auto set = decode_csv(plain, "t", labelled(column));
    EXPECT_TRUE(torch::equal(set.x, floats({1, 2, 3, 4, 5, 6}, {3, 2})));
    EXPECT_TRUE(torch::equal(set.label, torch::tensor({0, 1, 0}, torch::kLong)));
    EXPECT_EQ(set.spec.classes, (std::vector<std::string>{"7", "9"}));
  }
  EXPECT_TRUE(torch::equal(decode_csv(plain, "t", labelled("first")).x,
                           floats({2, 7, 4, 9, 6, 7}, {3, 2})));
  const auto named = decode_csv("a,kind,b\n1,x,2\n3,y,4\n", "t", labelled("kind"));
  EXPECT_EQ(named.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(torch::equal(named.x, floats({1, 2, 3, 4}, {2, 2})));
}

TEST(Csv, SortsClassesByValueOrByBytes) {
  const auto classes = [](const std::string& labels) {
    return decode_csv(labels, "t", labelled("first")).spec.classes;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(classes("10,0\n9,0\n-1,0\n"), (Names{"-1", "9", "10"}));
  EXPECT_EQ(classes("10.0,0\n09,0\n9,0\n"), (Names{"9", "10"}));
  EXPECT_EQ(classes("b,0\n10,0\na,0\n9,0\n"), (Names{"10", "9", "a", "b"}));
  const auto set = decode_csv("b,0\na,0\nc,0\na,0\n", "t", labelled("first"));
  EXPECT_TRUE(torch::equal(set.label, torch::tensor({1, 0, 2, 0}, torch::kLong)));
}

TEST(Csv, ReadsSeries) {
  auto options = labelled("label");
  options.series = true;
  const auto set = decode_csv("label,t0,t1,t2\n1,5,6,7\n2,8,9,10\n", "t", options);
  EXPECT_EQ(set.spec.text(), "series 3x1, 2 classes");
  EXPECT_EQ(set.x.sizes(), torch::IntArrayRef({2, 3, 1}));
  EXPECT_TRUE(set.columns.empty());
}

TEST(Csv, RefusesBadTables) {
  const auto says = [](const std::string& text, std::string_view part,
                       const std::string& label = "") {
    return refuses([&] { decode_csv(text, "t.csv", labelled(label)); }, part);
  };
  EXPECT_TRUE(says("", "[t.csv] expected rows of numbers, got an empty file"));
  EXPECT_TRUE(says("\n\r\n", "got an empty file"));
  EXPECT_TRUE(says("a,b\n", "[t.csv] expected rows of numbers, got none"));
  EXPECT_TRUE(says("1,2\n3\n", "[t.csv:2] expected 2 fields as in the first line, got 1"));
  EXPECT_TRUE(says("1,2\n\n3,4,5\n", "[t.csv:3] expected 2 fields as in the first line, got 3"));
  EXPECT_TRUE(says("a,b\n1,nan\n", "[t.csv:2] column 'b': expected a finite number"));
  EXPECT_TRUE(says("a,b\n1,-inf\n", "got '-inf'"));
  EXPECT_TRUE(says("1,1e39\n", "[t.csv:1] column 1: expected a finite number"));
  EXPECT_TRUE(says("1,1e999\n", "expected a finite number"));
  EXPECT_TRUE(says("1,\n", "[t.csv:1] column 1: expected a number, got nothing"));
  EXPECT_TRUE(says("a,b\n1,2\n1,2x\n", "[t.csv:3] column 'b': expected a number, got '2x'"));
  EXPECT_TRUE(says("d,protocol\n1,6\n2,tcp\n",
                   "[t.csv:3] column 'protocol': expected a number, got 'tcp'; a column of"));
  EXPECT_TRUE(says("1,2\n3,0x10\n", "got '0x10'"));
  EXPECT_TRUE(says("a,b\n1,tcp\n2,\n", "[t.csv:3] column 'b': expected a word, got nothing"));
  EXPECT_TRUE(says("a,b,a\n1,2,3\n", "[t.csv] two columns are called 'a'"));
  EXPECT_TRUE(says("1,\"2\n3,4\n", "[t.csv:1] the quote opened here is never closed"));
  EXPECT_TRUE(says("\"a\nb\",c\n1,\"2\n", "[t.csv:3] the quote opened here is never closed"));
  EXPECT_TRUE(says("1,\"2\"3\n", "[t.csv:1] expected ',' or the end of the line"));
  EXPECT_TRUE(says("1,2\"\n", "[t.csv:1] a quote within an unquoted field"));
  EXPECT_TRUE(says("label,a\n1,2\n", "no column 'lable' among 2; did you mean 'label'?", "lable"));
  EXPECT_TRUE(says("1,2\n", "must be 'first', 'last' or 0..1, got '2'", "2"));
  EXPECT_TRUE(says("1,2\n", "must be 'first', 'last' or 0..1, got 'x'", "x"));
  EXPECT_TRUE(
      says("label,a\n,2\n", "[t.csv:2] column 'label': expected a label, got nothing", "label"));
  EXPECT_TRUE(says("1\n2\n", "expected columns of numbers beside the labels", "last"));
  EXPECT_TRUE(says(std::string(200000, ','), "[t.csv:1] more than 100000 columns"));
  std::string many;
  for (int i = 0; i <= 1000; ++i) many += "1," + std::to_string(i) + ".5\n";
  EXPECT_TRUE(says(many, "[t.csv:1001] column 1: more than 1000 different labels", "last"));
}

TEST(Csv, ReadsColumnsOfWords) {
  const auto set = decode_csv("a,service,b\n1,http,2\n3,ftp,4\n5,http,6\n", "t");
  EXPECT_TRUE(torch::equal(set.x, floats({1, 0, 2, 3, 1, 4, 5, 0, 6}, {3, 3})));
  ASSERT_EQ(set.categories.size(), 3u);
  EXPECT_TRUE(set.categories[0].empty());
  EXPECT_EQ(set.categories[1], (std::vector<std::string>{"http", "ftp"}));
  // In a column of words any number is a word, and the first row decides.
  EXPECT_EQ(decode_csv("1,tcp\n2,udp\n3,6\n", "t").categories[1].size(), 3u);
  EXPECT_EQ(decode_csv("1,tcp\n2,udp\n", "t").columns, (std::vector<std::string>{"0", "1"}));
  ReadOptions options;
  options.words = {"1"};
  options.ignore = {"0"};
  EXPECT_EQ(decode_csv("1,6\n2,17\n", "t", options).categories[0],
            (std::vector<std::string>{"6", "17"}));
  options.ignore = {"0", "1"};
  EXPECT_TRUE(
      refuses([&] { decode_csv("1,6\n", "t", options); }, "and what is left out, got none"));
}

TEST(Csv, TakesNamesThatAreGiven) {
  ReadOptions options;
  options.columns = {{"size", ColumnRole::kAny}, {"kind", ColumnRole::kAny}};
  options.label_column = "kind";
  const auto* text = "4,red\n5,blue\n";
  EXPECT_EQ(decode_csv(text, "t", options).columns, (std::vector<std::string>{"size"}));
  EXPECT_EQ(decode_csv("size,kind\n4,red\n", "t", options).size(), 1);
  // A label found in the names, unless another is asked for; then it is no input either.
  options.columns[1].role = ColumnRole::kLabel;
  options.label_column = "";
  EXPECT_EQ(decode_csv(text, "t", options).spec.text(), "vector 1, 2 classes");
  options.columns.push_back({"more", ColumnRole::kAny});
  options.label_column = "more";
  EXPECT_EQ(decode_csv("4,red,1\n5,blue,2\n", "t", options).columns,
            (std::vector<std::string>{"size"}));
  options.columns[0].role = ColumnRole::kWord;
  options.columns[1].role = ColumnRole::kNumber;
  EXPECT_EQ(decode_csv("4,6,1\n5,7,2\n", "t", options).categories[0].size(), 2u);
  const auto says = [&](const char* table, std::string_view part) {
    return refuses([&] { decode_csv(table, "t", options); }, part);
  };
  EXPECT_TRUE(says("4,red,1\n", "[t:1] column 'kind': expected a number, got 'red'"));
  EXPECT_TRUE(says("4,5\n", "expected 3 columns, as many as are named"));
  EXPECT_TRUE(says("a,b,c\n1,2,3\n", "has a header of its own, which begins with 'a'"));
}

TEST(Csv, ReadsSeriesThatEndEarly) {
  ReadOptions options;
  options.series = options.masking = true;
  options.label_column = "first";
  const auto expected = floats({5, 6, 7, 8, 0, 0, 9, 10, 0}, {3, 3, 1});
  for (const auto* text : {"1,5,6,7\n2,8\n1,9,10\n", "1,5,6,7\n2,8,,\n1,9,10,\n",
                           "label,t0,t1,t2\n1,5,6,7\n2,8,,\n1,9,10\n"}) {
    const auto set = decode_csv(text, "t", options);
    EXPECT_TRUE(torch::equal(set.x, expected)) << text;
    EXPECT_TRUE(torch::equal(set.length, torch::tensor({3, 1, 2}, torch::kLong))) << text;
    EXPECT_TRUE(torch::equal(set.label, torch::tensor({0, 1, 0}, torch::kLong))) << text;
  }
  // A longer row may come after a shorter one.
  EXPECT_EQ(decode_csv("1,5\n1,6,7\n", "t", options).spec.text(), "series 2x1, 1 classes");
  const auto says = [&](const char* text, std::string_view part) {
    return refuses([&] { decode_csv(text, "t", options); }, part);
  };
  EXPECT_TRUE(says("1,5,,7\n", "[t:1] column 2: expected a number, got nothing"));
  EXPECT_TRUE(says("1,5\n1,,\n", "[t:2] expected a series, got one of no step"));
  EXPECT_TRUE(says("label,t0\n1,5,6\n", "[t:2] expected 2 fields at most, as the header has"));
  options.label_column = "2";
  EXPECT_TRUE(says("5,6,1\n5\n", "[t:2] the row ends before its label, column 2"));
  options.label_column = "first";
  options.max_bytes = 16;
  EXPECT_TRUE(says("1,5,6,7\n1,2,3,4\n", "2 series padded to 3 steps are more than is taken"));
  options.label_column = "last";
  EXPECT_TRUE(
      refuses([&] { decode_csv("5,1\n", "t", options); }, "put the label first", Cause::kConfig));
  options.series = false;
  EXPECT_TRUE(
      refuses([&] { decode_csv("5,1\n", "t", options); }, "[data.masking]", Cause::kConfig));
  // Without it they are refused, with a word of it.
  options.series = true;
  options.masking = false;
  options.label_column = "first";
  EXPECT_TRUE(
      says("1,5,6\n2,8\n", "[t:2] expected 3 fields as in the first line, got 2; series of"));
  EXPECT_TRUE(says("1,5,6\n2,8,\n",
                   "expected a number, got nothing; series of different lengths "
                   "are read with data.masking=true"));
}

TEST(Csv, LooksLikeATable) {
  EXPECT_TRUE(is_csv("1,2\n3,4\n5,"));
  EXPECT_TRUE(is_csv("a,b\n1,2\n"));
  EXPECT_FALSE(is_csv(""));
  EXPECT_FALSE(is_csv("some text, with a comma\nand more, two, of them\n"));
  EXPECT_FALSE(is_csv("one column\nonly\n"));
  EXPECT_FALSE(is_csv(std::string("1,2\n\0,4\n", 8)));
}

// NumPy and Python's csv write what is read, of a size where slowness would show.
TEST(Csv, ReadsALargeTableFast) {
  TemporaryFolder folder;
  python(folder, R"(
import csv, numpy as np
x = np.random.default_rng(1).normal(size=(25000, 42)).astype('f4')
with open('t.csv', 'w', newline='') as f:
    w = csv.writer(f)
    w.writerow([f'f{i}' for i in range(42)] + ['kind'])
    w.writerows([*map(str, row), 'ab'[i % 3 == 0]] for i, row in enumerate(x))
np.save('t.npy', x)
)");
  const auto begin = std::clock();  // processor time, which others on the machine do not touch
  const auto set = read_csv(folder.file("t.csv"), labelled("kind"));
  const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  RecordProperty("milliseconds", static_cast<int>(took * 1000));
  EXPECT_LT(took, 1.0);
  std::string expected = folder.read("t.npy");
  const auto* raw = expected.data() + expected.size() - set.x.nbytes();
  EXPECT_EQ(std::memcmp(raw, set.x.data_ptr(), set.x.nbytes()), 0);
  EXPECT_EQ(set.label.sum().item<int64_t>(), 8334);
}

}  // namespace
}  // namespace figment
