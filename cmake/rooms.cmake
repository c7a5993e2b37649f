# A room is a folder under src/: one library, and one test program from the *_test.cpp files beside the sources.
#
#   p2pml_room(<folder> [PURE] [DEPENDS <room>...] [LIBRARIES <target>...] [WITHOUT <subfolder>])
#
# WITHOUT: a part of the folder that is a library of its own.
# PURE rooms have no I/O and compile without exceptions and RTTI, as the browser build needs them.

include(GNUInstallDirs)

add_library(p2pml_options INTERFACE)
target_compile_options(p2pml_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                               -Wno-missing-field-initializers
                                               # g++ 12 sees it in every moved std::variant
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_include_directories(p2pml_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
# Assertions of our own (base/assert.hpp) stay on in every build; the standard library's bounds checks too.
target_compile_definitions(p2pml_options INTERFACE _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED)

if(P2PML_SANITIZE)
  foreach(sanitizer IN LISTS P2PML_SANITIZE)
    target_compile_options(p2pml_options INTERFACE -fsanitize=${sanitizer})
    target_link_options(p2pml_options INTERFACE -fsanitize=${sanitizer})
  endforeach()
  # vptr needs RTTI, which PURE rooms do without.
  target_compile_options(p2pml_options INTERFACE -fno-omit-frame-pointer -fno-sanitize=vptr
                                                 -fno-sanitize-recover=all)
  target_link_options(p2pml_options INTERFACE -fno-sanitize=vptr)
endif()
if(P2PML_FUZZ)
  target_compile_options(p2pml_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(P2PML_TESTS)
  enable_testing()
  if(P2PML_WASM)
    include(cmake/wasm_tests.cmake)
  else()
    find_package(GTest REQUIRED)
    include(GoogleTest)
  endif()
endif()

function(p2pml_target room out)
  string(REPLACE "/" "_" name ${room})
  set(${out} p2pml_${name} PARENT_SCOPE)
endfunction()

# p2pml_test(<name> SOURCES <file>... LIBRARIES <target>... [LABELS <label>...]): one GoogleTest program whose tests ctest knows by name.
function(p2pml_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} p2pml_options GTest::gmock GTest::gtest_main)
  # For the contract suites in tests/contract, which the rooms' own test programs instantiate.
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE P2PML_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden")
  if(P2PML_WASM)
    p2pml_wasm_program(${name})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120 LABELS "${ARG_LABELS}")
  endif()
endfunction()

function(p2pml_room folder)
  cmake_parse_arguments(ARG "PURE" "WITHOUT" "DEPENDS;LIBRARIES" ${ARGN})
  p2pml_target(${folder} target)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  if(ARG_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${folder}/${ARG_WITHOUT}/")
  endif()
  set(tests ${sources})
  # What only WebAssembly has; cmake/wasm.cmake takes it.
  list(FILTER sources EXCLUDE REGEX "/wasm/")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(${target} STATIC ${sources})
    set(visibility PUBLIC)
    # Not part of what an installed package asks of its users.
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:p2pml_options>)
    if(ARG_PURE)
      target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_include_directories(${target} ${visibility} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                             $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  foreach(dependency IN LISTS ARG_DEPENDS)
    p2pml_target(${dependency} dependencyTarget)
    target_link_libraries(${target} ${visibility} ${dependencyTarget})
  endforeach()
  target_link_libraries(${target} ${visibility} ${ARG_LIBRARIES})
  if(P2PML_TESTS AND tests)
    string(REPLACE "/" "_" label ${folder})
    p2pml_test(${target}_test SOURCES ${tests} LIBRARIES ${target} LABELS ${label})
  endif()
endfunction()
