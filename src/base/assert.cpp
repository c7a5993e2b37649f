#include "base/assert.hpp"

#if !defined(__wasm__)
#include <cstdio>
#endif

namespace p2pml::base {

void assertionFailed([[maybe_unused]] const char* expression, [[maybe_unused]] const char* file,
                     [[maybe_unused]] int line) {
#if !defined(__wasm__)
  std::fprintf(stderr, "p2pml: assertion failed at %s:%d: %s\n", file, line, expression);
#endif
  __builtin_trap();
}

}  // namespace p2pml::base
