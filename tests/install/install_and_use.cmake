# Installs BUILD, moves what was installed to FOLDER/prefix, and uses it as somebody would who never saw the tree.
file(REMOVE_RECURSE ${FOLDER})

# run(CODE command...): ends the test unless the command exits with CODE; what it said is in `said` afterwards.
function(run expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT code STREQUAL expected)
    message(FATAL_ERROR "expected exit code ${expected}, got ${code}: ${ARGN}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect text pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "expected '${pattern}', got:\n${text}")
  endif()
endfunction()

# Moved afterwards: no installed file may know where it was put.
set(prefix ${FOLDER}/prefix)
run(0 ${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/installed)
file(RENAME ${FOLDER}/installed ${prefix})

file(GLOB_RECURSE written ${prefix}/*.cmake ${prefix}/*.h)
foreach(file ${written})
  file(READ ${file} text)
  foreach(tree ${SOURCE}/src/ ${BUILD}/)
    string(FIND "${text}" "${tree}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${tree}, which is not there once installed")
    endif()
  endforeach()
endforeach()

# Every header of the library, and none that only tests include.
file(GLOB_RECURSE wanted RELATIVE ${SOURCE}/src ${SOURCE}/src/figment/*.h)
list(FILTER wanted EXCLUDE REGEX "(_test|/testing|/test_server)\\.h$")
file(GLOB_RECURSE found RELATIVE ${prefix}/${INCLUDEDIR} ${prefix}/${INCLUDEDIR}/*)
list(SORT wanted)
list(SORT found)
if(NOT found STREQUAL wanted)
  set(extra ${found})
  list(REMOVE_ITEM extra ${wanted})
  list(REMOVE_ITEM wanted ${found})
  message(FATAL_ERROR "headers that should not be installed: ${extra}; headers that are missing: ${wanted}")
endif()

# The example finds it by find_package. By the environment, since both may be lists.
list(PREPEND PREFIXES ${prefix})
list(JOIN PREFIXES ":" prefixes)
set(ENV{CMAKE_PREFIX_PATH} "${prefixes}")
set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
file(COPY ${SOURCE}/examples/sample DESTINATION ${FOLDER})
run(0 ${CMAKE_COMMAND} -S ${FOLDER}/sample -B ${FOLDER}/build -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER=${COMPILER})
run(0 ${CMAKE_COMMAND} --build ${FOLDER}/build)

# The installed program loads the installed engine and makes a run.
run(0 ${prefix}/${BINDIR}/figment train vae data.size=200 data.image_size=12 train.epochs=1 --device cpu --quiet
    --out ${FOLDER}/run)

# The example opens that run and draws: a picture by its signature, and for a reader that is not ours.
run(0 ${FOLDER}/build/sample ${FOLDER}/run ${FOLDER}/drawn.png)
expect("${said}" "step [0-9]+ -> .*drawn\\.png")
file(READ ${FOLDER}/drawn.png signature LIMIT 8 HEX)
expect("${signature}" "^89504e470d0a1a0a$")
run(0 /usr/bin/python3 -c "
import sys
from PIL import Image
picture = Image.open(sys.argv[1])
picture.load()
low, high = picture.convert('L').getextrema()
print(picture.format, 'drawn' if min(picture.size) >= 8 * 12 and low < high else 'empty')
" ${FOLDER}/drawn.png)
expect("${said}" "^PNG drawn")

# What is not there is a sentence and the exit code of its cause.
run(4 ${FOLDER}/build/sample ${FOLDER}/nothing ${FOLDER}/none.png)
expect("${said}" "^sample: \\[.*nothing\\] expected a run folder .*got nothing there")
if(EXISTS ${FOLDER}/none.png)
  message(FATAL_ERROR "a picture was written of a run that is not there")
endif()
