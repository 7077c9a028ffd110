# sy_glad: an OpenGL 3.3 core loader, generated into the build folder by the `glad` program. Debian: python3-glad.
# --reproducible uses the specification that comes with glad, so that no network is needed.
find_program(GLAD_PROGRAM NAMES glad glad2)
if(GLAD_PROGRAM)
  set(glad_dir ${CMAKE_BINARY_DIR}/glad)
  add_custom_command(
    OUTPUT ${glad_dir}/src/gl.c ${glad_dir}/include/glad/gl.h
    COMMAND ${GLAD_PROGRAM} --quiet --reproducible --api gl:core=3.3 --extensions GL_KHR_debug --out-path ${glad_dir} c
    COMMENT "Generating the OpenGL 3.3 loader")
  add_library(sy_glad STATIC ${glad_dir}/src/gl.c)
  target_include_directories(sy_glad SYSTEM PUBLIC ${glad_dir}/include)
else()
  list(APPEND missing "the glad generator")
endif()
