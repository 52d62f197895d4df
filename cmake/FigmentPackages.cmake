# Everything figment stands on. LibTorch is Debian's by default, or any up to 2.x by CMAKE_PREFIX_PATH.
find_package(Torch REQUIRED)
set(FIGMENT_TORCH ${TORCH_LIBRARIES})
# Which std::string LibTorch has: all that is linked with it must have the same.
separate_arguments(FIGMENT_TORCH_FLAGS NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
if(FIGMENT_TESTS AND TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR
    "The LibTorch in ${Torch_DIR} was built with libstdc++'s old std::string (_GLIBCXX_USE_CXX11_ABI=0), as pip's "
    "torch is before 2.7. The tests cannot link with it: the system's GoogleTest has the new one. Take torch 2.7 or "
    "later, or the LibTorch archive \"cxx11 ABI\" from pytorch.org; or build without tests: -DFIGMENT_TESTS=OFF.")
endif()
# Headers only: nothing to link, and no library for users of figment to have.
find_path(FIGMENT_TOMLPLUSPLUS toml++/toml.h REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(GIF REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Threads REQUIRED)
find_package(XXHash REQUIRED)
# For products of floats, faster than a BLAS's. Optional, since it is not packaged everywhere.
find_package(OneDNN)
set(FIGMENT_PRIVATE_LIBRARIES nlohmann_json::nlohmann_json PNG::PNG JPEG::JPEG GIF::GIF ZLIB::ZLIB
                              CURL::libcurl OpenSSL::Crypto Threads::Threads)
