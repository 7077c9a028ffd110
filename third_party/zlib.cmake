# ZLIB::ZLIB, compression in the PNG files. Debian: zlib1g-dev (comes with libfreetype-dev).
find_package(ZLIB QUIET GLOBAL)
if(NOT TARGET ZLIB::ZLIB)
  list(APPEND missing "zlib")
endif()
