# fmt::fmt, text formatting in the front end. Debian: libfmt-dev.
find_package(fmt 8 CONFIG QUIET GLOBAL)
if(NOT TARGET fmt::fmt)
  sy_fetch(fmt https://github.com/fmtlib/fmt.git 10.2.1)
endif()
