# GoogleTest for WebAssembly, from the source that Debian ships (package googletest), and test programs that
# tests/wasm/run_programs.mjs runs under node.

set(P2PML_GOOGLETEST /usr/src/googletest CACHE PATH "GoogleTest's source")
add_library(p2pml_googletest STATIC ${P2PML_GOOGLETEST}/googletest/src/gtest-all.cc
                                    ${P2PML_GOOGLETEST}/googlemock/src/gmock-all.cc
                                    ${P2PML_GOOGLETEST}/googlemock/src/gmock_main.cc)
target_include_directories(p2pml_googletest SYSTEM PUBLIC ${P2PML_GOOGLETEST}/googletest/include
                                                          ${P2PML_GOOGLETEST}/googlemock/include)
target_include_directories(p2pml_googletest PRIVATE ${P2PML_GOOGLETEST}/googletest ${P2PML_GOOGLETEST}/googlemock)
target_compile_definitions(p2pml_googletest PUBLIC GTEST_HAS_PTHREAD=0 GTEST_HAS_STREAM_REDIRECTION=0 GTEST_HAS_CLONE=0
                                                   GTEST_HAS_POSIX_RE=1)
add_library(GTest::gmock ALIAS p2pml_googletest)
add_library(GTest::gtest_main ALIAS p2pml_googletest)

# A program with main() that node:wasi can run.
function(p2pml_wasm_program name)
  set_target_properties(${name} PROPERTIES SUFFIX .wasm)
  target_link_options(${name} PRIVATE -Wl,-z,stack-size=1048576)
endfunction()
