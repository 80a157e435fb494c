# A port of the clone that holds it. vcpkg itself has not run it.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS FEATURES tool CONFITURE_COMMAND)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
                      OPTIONS -DCONFITURE_INSTALL=ON ${FEATURE_OPTIONS})
vcpkg_cmake_install()
if("tool" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES confiture AUTO_CLEAN)
endif()
# A header needs no second copy for debugging.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
