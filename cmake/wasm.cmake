# What is built for WebAssembly above the rooms: the browser's module, or the tests that run under node.

if(P2PML_TESTS)
  add_subdirectory(tests/sim)
  add_subdirectory(tests/determinism)
  p2pml_wasm_program(p2pml_determinism)
  return()
endif()

# p2pml_wasm_module(<name> [DEFINITIONS <definition>...]): a reactor of all that the page's loader needs. Its files are
# compiled anew, not taken from the rooms' libraries, as definitions may change what they leave out.
function(p2pml_wasm_module name)
  cmake_parse_arguments(ARG "" "" "DEFINITIONS" ${ARGN})
  set(sources)
  foreach(room base wire media engine driver platform/web)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/src/media/dash/")
  # platform/web/wasm/number_text.cpp is in their place.
  list(FILTER sources EXCLUDE REGEX "/base/(number_text|decimal)\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/wasm/unpack\\.cpp$")
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES SUFFIX .wasm)
  target_link_libraries(${name} PRIVATE p2pml_options)
  target_compile_definitions(${name} PRIVATE ${ARG_DEFINITIONS})
  # Inlining what looks small to the compiler costs more than the calls; -15 is the smallest module (measured).
  target_compile_options(${name} PRIVATE -fvisibility=hidden -ffunction-sections
                                         -mllvm -inline-threshold=-15)
  # What the linker's optimizer does for speed at the cost of size; a two-hundredth (measured).
  set(smaller -Wl,-mllvm,-disable-lsr -Wl,-mllvm,-disable-licm-promotion -Wl,-mllvm,-enable-pre=false)
  target_link_options(${name} PRIVATE -Wl,-mllvm,-inline-threshold=-15 ${smaller} -mexec-model=reactor
                                      -Wl,--gc-sections -Wl,--strip-all -Wl,-z,stack-size=131072)
endfunction()

# What unpacks the module in the page: nothing but itself.
add_executable(p2pml-unpack ${PROJECT_SOURCE_DIR}/src/platform/web/wasm/unpack.cpp)
set_target_properties(p2pml-unpack PROPERTIES SUFFIX .wasm)
target_link_libraries(p2pml-unpack PRIVATE p2pml_options)
target_compile_options(p2pml-unpack PRIVATE -fvisibility=hidden)
target_link_options(p2pml-unpack PRIVATE -nostdlib -Wl,--no-entry -Wl,--gc-sections -Wl,--strip-all
                                         -Wl,-z,stack-size=16384)

p2pml_wasm_module(p2pml)
# Generation G0 and the seed's rules alone.
p2pml_wasm_module(p2pml-g0 DEFINITIONS P2PML_G0_ONLY)
