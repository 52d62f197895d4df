# cmake -DENGINE=... -DOUT=... -P EngineLibraries.cmake: writes the shared libraries that ENGINE needs, the deepest
# first, as strings for C++.
#
# Only those that the system finds by their names alone: of a LibTorch in a folder of its own the engine says where it is,
# and another of the same name must not be taken for it.
set(LISTED "")
execute_process(COMMAND ldd ${ENGINE} OUTPUT_VARIABLE said ERROR_QUIET RESULT_VARIABLE code)
if(code EQUAL 0)
  string(REPLACE "\n" ";" lines "${said}")
  list(REVERSE lines)  # ldd goes from what the engine names itself to what they need
  foreach(line ${lines})
    if(line MATCHES "^[ \t]*([^ /\"]+) => /(usr/)?lib[^ ]* ")
      string(APPEND LISTED "\"${CMAKE_MATCH_1}\",\n")
    endif()
  endforeach()
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "@LISTED@" @ONLY)
