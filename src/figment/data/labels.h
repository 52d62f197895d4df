// Class names in one order everywhere, and the test set made to fit its training set.
#pragma once

#include <string>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

// Sorts names of classes: by value if all are integers ("2" before "10"), else by their bytes.
void sort_class_names(std::vector<std::string>& names);

// The text of a whole number in its shortest form ("07" and "7.0" become "7"), other text as it is.
std::string canonical_class_name(std::string_view text);

// The classes "0".."m" of labels that are numbers by nature, m being the largest of `label` [n].
std::vector<std::string> numbered_classes(const torch::Tensor& label);

// Gives a set the classes `classes` and, behind them, those of its own that are not among them; its
// labels renumbered by name.
void adopt_classes(Dataset& set, const std::vector<std::string>& classes);

// Gives both sets the classes that either has.
void unite_classes(Dataset& train, Dataset& test);

// Gives `test` the classes of `train`, its labels renumbered by name. Throws Error(kData) with
// `where` when the test set holds examples of another shape or a class that the training set has
// not. Shapes of tables with names are left to TableEncoding, which knows the columns.
void match_test(const Dataset& train, Dataset& test, const std::string& where);

}  // namespace figment
