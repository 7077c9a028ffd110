# nlohmann_json::nlohmann_json. Debian: nlohmann-json3-dev.
find_package(nlohmann_json 3.7 CONFIG QUIET GLOBAL)
if(NOT TARGET nlohmann_json::nlohmann_json)
  set(JSON_BuildTests OFF CACHE INTERNAL "")
  sy_fetch(nlohmann_json https://github.com/nlohmann/json.git v3.11.3)
endif()
