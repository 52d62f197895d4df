#include "figment/data/matrix_market.h"

#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

torch::Tensor decode(const std::string& text) { return decode_matrix_market(text, "m.mtx"); }

const std::string kInteger = "%%MatrixMarket matrix coordinate integer general\n";

TEST(MatrixMarket, ReadsEveryKindOfEntry) {
  const auto expected = torch::tensor({{0.f, 2.f, 0.f}, {-3.f, 0.f, 0.f}});
  EXPECT_TRUE(torch::equal(decode(kInteger + "% a comment\n%\n2 3 2\n1 2 2\n2 1 -3\n"), expected));
  EXPECT_TRUE(torch::equal(decode("%%matrixmarket MATRIX coordinate Real general\r\n\r\n2 3 2\r\n"
                                  "2\t1  -3.0e0\r\n 1 2 2\r\n\r\n"),
                           expected));
  EXPECT_TRUE(
      torch::equal(decode("%%MatrixMarket matrix coordinate pattern general\n2 3 2\n2 1\n1 2"),
                   expected.ne(0).to(torch::kFloat)));
  EXPECT_TRUE(torch::equal(decode(kInteger + "2 1 0\n"), torch::zeros({2, 1})));
}

TEST(MatrixMarket, RefusesWhatIsNotWhatItSays) {
  const auto says = [](const std::string& text, std::string_view part) {
    return refuses([&] { decode(text); }, part);
  };
  EXPECT_TRUE(says("", "expected '%%MatrixMarket matrix coordinate integer general'"));
  EXPECT_TRUE(says("%%MatrixMarket matrix coordinate\n", "[m.mtx:1] expected '%%MatrixMarket"));
  EXPECT_TRUE(says("%%MatrixMarket matrix array real general\n",
                   "[m.mtx:1] expected a general matrix of coordinates, got 'matrix array real"));
  EXPECT_TRUE(
      says("%%MatrixMarket matrix coordinate real symmetric\n", "symmetric', which is not"));
  EXPECT_TRUE(says("%%MatrixMarket matrix coordinate complex general\n", "got 'complex'"));
  EXPECT_TRUE(says(kInteger + "% only\n", "[m.mtx] expected a line of rows, columns and entries"));
  EXPECT_TRUE(says(kInteger + "2 3\n", "[m.mtx:2] expected rows, columns and entries as whole"));
  EXPECT_TRUE(says(kInteger + "0 3 0\n", "[m.mtx:2] expected rows, columns and entries as whole"));
  EXPECT_TRUE(says(kInteger + "2 3 -1\n", "[m.mtx:2] expected rows"));
  EXPECT_TRUE(
      says(kInteger + "2 3 7\n", "expected 6 entries at most, as 2 x 3 have room for, got 7"));
  EXPECT_TRUE(says(kInteger + "999999 999999 1\n1 1 1\n", "more than is taken into memory"));
  EXPECT_TRUE(says(kInteger + "99 99 900\n1 1 1\n", "which cannot hold them"));
  const auto head = kInteger + "2 3 2\n";
  EXPECT_TRUE(says(head + "0 1 1\n2 2 2\n", "[m.mtx:3] expected a row of 1..2, got '0'"));
  EXPECT_TRUE(says(head + "1 1 1\n3 2 2\n", "[m.mtx:4] expected a row of 1..2, got '3'"));
  EXPECT_TRUE(says(head + "1 4 1\n2 2 2\n", "[m.mtx:3] expected a column of 1..3, got '4'"));
  EXPECT_TRUE(says(head + "1 1.0 1\n", "expected a column of 1..3, got '1.0'"));
  EXPECT_TRUE(
      says(head + "1 1 1\n% 2\n", "[m.mtx:4] expected row, column and value, got 2 fields"));
  EXPECT_TRUE(
      says(head + "1 1 1\n1 1 2\n", "[m.mtx:4] the entry of row 1 and column 1 is given twice"));
  EXPECT_TRUE(says(head + "1 1 1\n", "[m.mtx] expected 2 entries, as the size line says, got 1"));
  EXPECT_TRUE(says(head + "1 1 1\n1 2 1\n1 3 1\n", "[m.mtx:5] expected 2 entries"));
  EXPECT_TRUE(says(head + "1 1 1.5\n1 2 1\n", "[m.mtx:3] expected a whole number, got '1.5'"));
  EXPECT_TRUE(says("%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1e99\n",
                   "[m.mtx:3] expected a finite number in the range of float32, got '1e99'"));
}

// What SciPy writes, as SciPy reads it.
TEST(MatrixMarket, ReadsWhatSciPyWrites) {
  TemporaryFolder folder;
  const auto printed = python(folder, R"(
import gzip, numpy as np
from scipy import io, sparse
m = sparse.random(300, 50, density=.1, random_state=3, dtype='f4', format='coo')
io.mmwrite('real.mtx', m, comment='by scipy')
io.mmwrite('counts.mtx', sparse.coo_matrix((np.rint(m.data * 99).astype('i4'), (m.row, m.col)), m.shape))
io.mmwrite('pattern.mtx', m, field='pattern')
open('real.mtx.gz', 'wb').write(gzip.compress(open('real.mtx', 'rb').read()))
for name in ('real.mtx.gz', 'counts.mtx', 'pattern.mtx'):
    x = np.asarray(io.mmread(name).todense(), dtype='f4')
    open(name + '.raw', 'wb').write(x.tobytes())
print('done'))");
  ASSERT_EQ(printed, "done\n");
  for (const std::string name : {"real.mtx.gz", "counts.mtx", "pattern.mtx"}) {
    const auto set = read_matrix_market(folder.file(name));
    EXPECT_EQ(set.spec.text(), "vector 50");
    const std::string bytes(static_cast<const char*>(set.x.data_ptr()), set.x.nbytes());
    EXPECT_EQ(bytes, folder.read(name + ".raw")) << name;
  }
}

}  // namespace
}  // namespace figment
