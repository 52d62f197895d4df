# Warnings, precompiled header and kernel flags, said once.
function(figment_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # at::parallel_for is silently serial without it; with clang it would bring a second runtime.
    target_compile_options(${target} PRIVATE -fopenmp)
    # The runtime that LibTorch itself uses; no other object on the link line names it.
    target_link_libraries(${target} PUBLIC gomp)
  endif()
  if(FIGMENT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# Torch's headers are foreign: their warnings are not ours.
foreach(directory ${TORCH_INCLUDE_DIRS})
  include_directories(SYSTEM ${directory})
endforeach()

function(figment_pch target)
  if(FIGMENT_PCH)
    target_precompile_headers(${target} PRIVATE <torch/torch.h>)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      target_compile_options(${target} PRIVATE -fpch-instantiate-templates
                                               "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
endfunction()

# Kernels are plain loops over pointers: relaxed arithmetic lets them vectorise, for those files only.
function(figment_kernels folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS
                              "-O3;-fno-math-errno;-fno-trapping-math;-ffp-contract=fast")
endfunction()

# Code whose own speed nobody waits for, tests and verbs, is compiled in two thirds of the time at -O1.
function(figment_lightly_optimized target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()
