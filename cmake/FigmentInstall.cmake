# `cmake --install`: the library with its headers, the program, and what find_package(figment) needs.
include(CMakePackageConfigHelpers)
set(FIGMENT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/figment)

install(TARGETS figment figment_core EXPORT figmentTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT figmentTargets NAMESPACE figment:: DESTINATION ${FIGMENT_CMAKE_DIR})
install(DIRECTORY src/figment DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h"
        PATTERN "*_test.h" EXCLUDE PATTERN "testing.h" EXCLUDE PATTERN "test_server.h" EXCLUDE)

configure_package_config_file(cmake/figment-config.cmake.in figment-config.cmake
                              INSTALL_DESTINATION ${FIGMENT_CMAKE_DIR})
write_basic_package_version_file(figment-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/figment-config.cmake
              ${PROJECT_BINARY_DIR}/figment-config-version.cmake cmake/FindXXHash.cmake
              cmake/FindOneDNN.cmake
        DESTINATION ${FIGMENT_CMAKE_DIR})

# The program is a launcher in bin/ that opens the engine in lib/figment/.
if(TARGET figment_cli)
  install(TARGETS figment_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET figment_engine)
  # A LibTorch that is not the system's is found again by its folder.
  set_target_properties(figment_engine PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS figment_engine LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/figment
                                 RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/figment)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/recipes)
  install(DIRECTORY recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/figment)
endif()
