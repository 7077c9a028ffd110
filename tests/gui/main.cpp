// The entry of the window's tests that need no display: ImGui runs without a screen here.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
