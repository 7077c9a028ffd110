# CLI11::CLI11, the command line. Debian: libcli11-dev.
find_package(CLI11 2 CONFIG QUIET GLOBAL)
if(NOT TARGET CLI11::CLI11)
  set(CLI11_BUILD_TESTS OFF CACHE INTERNAL "")
  set(CLI11_BUILD_EXAMPLES OFF CACHE INTERNAL "")
  sy_fetch(cli11 https://github.com/CLIUtils/CLI11.git v2.4.2)
endif()
