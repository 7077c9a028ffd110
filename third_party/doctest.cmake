# doctest::doctest, the tests. Debian: doctest-dev.
find_package(doctest 2.4 CONFIG QUIET GLOBAL)
if(NOT TARGET doctest::doctest)
  set(DOCTEST_WITH_TESTS OFF CACHE INTERNAL "")
  sy_fetch(doctest https://github.com/doctest/doctest.git v2.4.11)
endif()
