# One folder per family: models/NAME/NAME.cc defines `const Family figment::models::NAME`. This writes
# families.cc from the folders, so that nothing else in the tree names a family.
file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE
     ${PROJECT_SOURCE_DIR}/src/figment/models ${PROJECT_SOURCE_DIR}/src/figment/models/*)
set(DECLARED "")
set(LISTED "")
foreach(name ${folders})
  if(EXISTS ${PROJECT_SOURCE_DIR}/src/figment/models/${name}/${name}.cc)
    string(APPEND DECLARED "extern const Family ${name};\n")
    string(APPEND LISTED "      &models::${name},\n")
  endif()
endforeach()
set(FIGMENT_FAMILIES_CC ${PROJECT_BINARY_DIR}/generated/families.cc)
if(EXISTS ${PROJECT_SOURCE_DIR}/src/figment/model/families.h)
file(CONFIGURE OUTPUT ${FIGMENT_FAMILIES_CC} CONTENT [[
// Written by the build from the folders of src/figment/models/.
#include "figment/model/families.h"

namespace figment {
namespace models {
@DECLARED@}  // namespace models

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> all = {
@LISTED@  };
  return all;
}
}  // namespace figment
]] @ONLY)
else()
  set(FIGMENT_FAMILIES_CC "")
endif()
