# sy_imgui: Dear ImGui with its GLFW and OpenGL 3 backends. Debian: libimgui-dev (1.86; a static library that holds
# both backends and needs stb and FreeType beside it).
find_path(IMGUI_INCLUDE_DIR imgui.h PATH_SUFFIXES imgui)
find_path(IMGUI_BACKENDS_DIR imgui_impl_glfw.h PATH_SUFFIXES imgui/backends imgui backends)
find_library(IMGUI_LIBRARY NAMES imgui)
find_library(STB_LIBRARY NAMES stb)
find_package(Freetype QUIET)
find_package(Threads REQUIRED)

if(IMGUI_INCLUDE_DIR AND IMGUI_BACKENDS_DIR AND IMGUI_LIBRARY AND TARGET Freetype::Freetype)
  add_library(sy_imgui INTERFACE)
  target_include_directories(sy_imgui SYSTEM INTERFACE ${IMGUI_INCLUDE_DIR} ${IMGUI_BACKENDS_DIR})
  target_link_libraries(sy_imgui INTERFACE ${IMGUI_LIBRARY} glfw Freetype::Freetype ${CMAKE_DL_LIBS}
                                           Threads::Threads)
  if(STB_LIBRARY)
    target_link_libraries(sy_imgui INTERFACE ${STB_LIBRARY})
  endif()
elseif(TARGET glfw)
  set(imgui_tag v1.92.5)
  sy_fetchable(https://github.com/ocornut/imgui.git ${imgui_tag} fetchable)
  if(fetchable)
    sy_fetch(imgui https://github.com/ocornut/imgui.git ${imgui_tag})
    add_library(sy_imgui STATIC
                ${imgui_SOURCE_DIR}/imgui.cpp ${imgui_SOURCE_DIR}/imgui_draw.cpp
                ${imgui_SOURCE_DIR}/imgui_tables.cpp ${imgui_SOURCE_DIR}/imgui_widgets.cpp
                ${imgui_SOURCE_DIR}/backends/imgui_impl_glfw.cpp
                ${imgui_SOURCE_DIR}/backends/imgui_impl_opengl3.cpp)
    target_include_directories(sy_imgui SYSTEM PUBLIC ${imgui_SOURCE_DIR} ${imgui_SOURCE_DIR}/backends)
    target_link_libraries(sy_imgui PUBLIC glfw ${CMAKE_DL_LIBS} Threads::Threads)
  else()
    list(APPEND missing "Dear ImGui")
  endif()
endif()
if(NOT TARGET sy_imgui AND NOT "Dear ImGui" IN_LIST missing)
  list(APPEND missing "Dear ImGui")
endif()
