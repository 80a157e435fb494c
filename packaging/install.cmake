# What "cmake --install" copies. CMakeLists.txt includes this file.
include(GNUInstallDirs)
set(DATADIR "${CMAKE_INSTALL_DATADIR}")
install(FILES confiture.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The values that the templates name. confitureConfig.cmake finds the header relative to itself, if
# it is below the prefix, too.
set(RELATIVE_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
set(UP "")
if(IS_ABSOLUTE "${DATADIR}")
  set(RELATIVE_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  string(REGEX REPLACE "[^/]+" ".." UP "${DATADIR}/cmake/confiture")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
set(VERSION ${PROJECT_VERSION})
set(PREFIX "@CMAKE_INSTALL_PREFIX@") # which "cmake --install --prefix" names again
foreach(template confiture.pc confitureConfig.cmake confitureConfigVersion.cmake)
  configure_file("packaging/${template}.in" "${PROJECT_BINARY_DIR}/packaging/${template}" @ONLY)
endforeach()
install(CODE "configure_file([==[${PROJECT_BINARY_DIR}/packaging/confiture.pc]==]
                             [==[${PROJECT_BINARY_DIR}/packaging/installed/confiture.pc]==] @ONLY)")
install(FILES "${PROJECT_BINARY_DIR}/packaging/installed/confiture.pc"
        DESTINATION "${DATADIR}/pkgconfig")
install(FILES "${PROJECT_BINARY_DIR}/packaging/confitureConfig.cmake"
              "${PROJECT_BINARY_DIR}/packaging/confitureConfigVersion.cmake"
        DESTINATION "${DATADIR}/cmake/confiture")

if(NOT CONFITURE_COMMAND)
  return()
endif()
install(TARGETS confiture-command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
if(CONFITURE_NATIVE)
  set(native "${CONFITURE_NATIVE}")
elseif(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(STATUS "confiture: no manual page and no completions without CONFITURE_NATIVE")
  return()
else()
  set(native confiture-command)
endif()
function(install_printed topic name folder)
  set(output "${PROJECT_BINARY_DIR}/packaging/${topic}/${name}")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/packaging/${topic}")
  add_custom_command(OUTPUT "${output}" COMMAND ${native} help ${topic} > "${output}"
                     DEPENDS ${native})
  add_custom_target(confiture-${topic} ALL DEPENDS "${output}")
  install(FILES "${output}" DESTINATION "${folder}")
endfunction()
install_printed(man confiture.1 "${CMAKE_INSTALL_MANDIR}/man1")
install_printed(bash confiture "${DATADIR}/bash-completion/completions")
install_printed(zsh _confiture "${DATADIR}/zsh/site-functions")
install_printed(fish confiture.fish "${DATADIR}/fish/vendor_completions.d")
