# Installs BUILD into FOLDER/prefix, then configures, builds and runs CONSUMER against it.
file(REMOVE_RECURSE ${FOLDER})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "failed (${code}): ${ARGN}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/prefix)

# Nothing installed may point back into the source or build tree.
file(GLOB_RECURSE written ${FOLDER}/prefix/*.cmake ${FOLDER}/prefix/*.h)
foreach(file ${written})
  file(READ ${file} text)
  foreach(tree ${SOURCE}/src/ ${BUILD}/)
    string(FIND "${text}" "${tree}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${tree}, which is not there once installed")
    endif()
  endforeach()
endforeach()

# By the environment, since both may be lists.
list(PREPEND PREFIXES ${FOLDER}/prefix)
list(JOIN PREFIXES ":" prefixes)
set(ENV{CMAKE_PREFIX_PATH} "${prefixes}")
set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${FOLDER}/build -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${FOLDER}/build)
run(${FOLDER}/build/consumer)
set(expected "2 examples of 4 numbers, the first begins with 8, exit code 3\n")
if(NOT said STREQUAL expected)
  message(FATAL_ERROR "expected: ${expected}got: ${said}")
endif()

# The program works from where it was installed, if this build has one.
if(EXISTS ${FOLDER}/prefix/bin/figment)
  run(${FOLDER}/prefix/bin/figment --help)
endif()
