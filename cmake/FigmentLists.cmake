# Lists that the build writes from the files of a folder, so that nothing else in the tree names them: adding a
# file adds its entry.
#
# figment_list(FOLDER HEADER TYPE FUNCTION): FOLDER/NAME.cc defines `extern const TYPE NAME;` in namespace
# figment::FOLDER's last name, HEADER declares `const std::vector<const TYPE*>& FUNCTION();`. Sets
# <FUNCTION>_CC to the file that defines it.
function(figment_list folder header type function)
  get_filename_component(namespace ${folder} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/figment/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  set(declared "")
  set(listed "")
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    string(APPEND declared "extern const ${type} ${name};\n")
    string(APPEND listed "      &${namespace}::${name},\n")
  endforeach()
  set(file ${PROJECT_BINARY_DIR}/generated/${function}.cc)
  file(CONFIGURE OUTPUT ${file} CONTENT [[
// Written by the build from the files of src/figment/@folder@/.
#include "@header@"

namespace figment {
namespace @namespace@ {
@declared@}  // namespace @namespace@

const std::vector<const @type@*>& @function@() {
  static const std::vector<const @type@*> all = {
@listed@  };
  return all;
}
}  // namespace figment
]] @ONLY)
  set(${function}_CC ${file} PARENT_SCOPE)
endfunction()
