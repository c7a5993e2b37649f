// Assertions that stay on in release: they guard against our own bugs, never against input.
#pragma once

namespace p2pml::base {
/// Prints the place to standard error where there is one, then aborts (native) or traps (WebAssembly).
[[noreturn]] void assertionFailed(const char* expression, const char* file, int line);
}  // namespace p2pml::base

#define P2PML_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::p2pml::base::assertionFailed(#expression, __FILE__, __LINE__))
