# sy_glad: an OpenGL 3.3 core loader, generated into the build folder by the `glad` program, version 2. Debian:
# python3-glad. Older systems carry version 1, which speaks another language; there its release is fetched.
# --reproducible uses the specification that comes with glad, so that no network is needed to generate.
find_program(GLAD_PROGRAM NAMES glad2 glad)
set(glad_command "")
if(GLAD_PROGRAM)
  execute_process(COMMAND ${GLAD_PROGRAM} --help OUTPUT_VARIABLE glad_help ERROR_VARIABLE glad_help)
  if(glad_help MATCHES "{c,")
    set(glad_command ${GLAD_PROGRAM})
  endif()
endif()
if(NOT glad_command)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  set(jinja_missing 1)
  if(Python3_FOUND)
    execute_process(COMMAND ${Python3_EXECUTABLE} -c "import jinja2" RESULT_VARIABLE jinja_missing ERROR_QUIET)
  endif()
  set(glad_url https://github.com/Dav1dde/glad.git)
  sy_fetchable(${glad_url} v2.0.6 fetchable)
  if(fetchable AND jinja_missing EQUAL 0)
    message(STATUS "glad 2: not on this system; fetching v2.0.6")
    # Only its source; its own CMake files are of no use here.
    FetchContent_Declare(glad GIT_REPOSITORY ${glad_url} GIT_TAG v2.0.6 GIT_SHALLOW TRUE SOURCE_SUBDIR none)
    FetchContent_MakeAvailable(glad)
    set(glad_command ${CMAKE_COMMAND} -E env PYTHONPATH=${glad_SOURCE_DIR} ${Python3_EXECUTABLE} -m glad)
  endif()
endif()
if(glad_command)
  set(glad_dir ${CMAKE_BINARY_DIR}/glad)
  add_custom_command(
    OUTPUT ${glad_dir}/src/gl.c ${glad_dir}/include/glad/gl.h
    COMMAND ${glad_command} --quiet --reproducible --api gl:core=3.3 --extensions GL_KHR_debug
            --out-path ${glad_dir} c
    COMMENT "Generating the OpenGL 3.3 loader" VERBATIM)
  add_library(sy_glad STATIC ${glad_dir}/src/gl.c)
  target_include_directories(sy_glad SYSTEM PUBLIC ${glad_dir}/include)
else()
  list(APPEND missing "the glad 2 generator")
endif()
