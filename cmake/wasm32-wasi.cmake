# Toolchain: Debian's clang for wasm32-wasi, as the browser build needs it (no Emscripten). Packages: group "wasm" of
# scripts/debian-packages.txt. Their libc++ packages exclude each other, so whichever version is installed is taken.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(P2PML_WASM ON)

foreach(version 22 19)
  if(NOT P2PML_WASM_LLVM AND EXISTS /usr/lib/llvm-${version}/lib/wasm32-wasi/libc++.a)
    set(P2PML_WASM_LLVM ${version})
  endif()
endforeach()
if(NOT P2PML_WASM_LLVM)
  message(FATAL_ERROR "No libc++ for wasm32-wasi: scripts/install.sh build wasm installs it")
endif()

foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_TARGET wasm32-wasi)
  # wasm32-wasip1, which the compiler would rather be told, does not find Debian's folders.
  set(CMAKE_${language}_FLAGS_INIT "-Wno-deprecated")
endforeach()
# Its C++ library can do neither.
string(APPEND CMAKE_CXX_FLAGS_INIT " -fno-exceptions -fno-rtti")
set(CMAKE_C_COMPILER clang-${P2PML_WASM_LLVM})
set(CMAKE_CXX_COMPILER clang++-${P2PML_WASM_LLVM})
# The native ar makes no index of objects that are LLVM bitcode (-flto).
set(CMAKE_AR llvm-ar-${P2PML_WASM_LLVM})
set(CMAKE_RANLIB llvm-ranlib-${P2PML_WASM_LLVM})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
