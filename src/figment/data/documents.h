// A folder with a matrix of examples, and beside it what its rows and columns are: documents and
// words, for one.
#pragma once

#include <filesystem>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Reads NAME.mtx and, where they are there, of the same folder:
//   docs.csv   one line for each row of the matrix, with a header: `row` (from 1; without it the
//              lines are in order), `split` (train or test), and a class, in the column that
//              options.label_column names, else in `group`, else in `label`. If `group` and `label`
//              are both there, classes are in the order of `label`.
//   vocab.txt  the name of each column, one a line
// Throws Error(kData) with file and line where these do not fit the matrix.
Source read_documents(const std::filesystem::path& matrix, const ReadOptions& options = {});

}  // namespace figment
