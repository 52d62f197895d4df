# Everything figment stands on. LibTorch is Debian's by default, or any up to 2.x by CMAKE_PREFIX_PATH.
find_package(Torch REQUIRED)
set(FIGMENT_TORCH ${TORCH_LIBRARIES})
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
set(FIGMENT_PRIVATE_LIBRARIES nlohmann_json::nlohmann_json PNG::PNG JPEG::JPEG GIF::GIF ZLIB::ZLIB
                              CURL::libcurl OpenSSL::Crypto Threads::Threads)
