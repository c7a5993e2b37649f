# What is built for WebAssembly above the rooms: the browser's module, or the tests that run under node.

if(P2PML_TESTS)
  add_subdirectory(tests/sim)
  add_subdirectory(tests/determinism)
  p2pml_wasm_program(p2pml_determinism)
endif()
