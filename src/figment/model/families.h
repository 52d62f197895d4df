// All families there are, from the folders of models/. Only apply/, apps/ and tests ask for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "figment/model/family.h"

namespace figment {

// Defined in a file the build writes from the folders of models/; in alphabetical order.
const std::vector<const Family*>& families();

const Family* find_family(std::string_view name);  // null when there is none
// Throws Error(kConfig) with `where` naming the families there are.
const Family& family_named(std::string_view name, const std::string& where);
// Names of the families that have an ability.
std::vector<std::string> families_that(bool Abilities::*ability);

}  // namespace figment
