# Compiler cache and a fast linker, where the machine has them.
find_program(FIGMENT_CCACHE ccache)
if(FIGMENT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need the sloppiness, or nothing is ever found in the cache; the inode cache spares reading their
  # half gigabyte again for every source.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1 ${FIGMENT_CCACHE})
endif()
find_program(FIGMENT_MOLD mold)
if(FIGMENT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
