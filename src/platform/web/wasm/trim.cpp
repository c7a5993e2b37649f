// Ends of the C++ runtime that a browser's module does not need: their own definitions print a message first, and what
// prints pulls in streams, formatting and imports of WASI. A trap is all that JavaScript can use.

#include <__verbose_abort>
#include <cstdint>

[[noreturn]] void std::__libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }

extern "C" {
[[noreturn]] void __abort_message(const char*, ...) { __builtin_trap(); }
[[noreturn]] void abort_message(const char*, ...) { __builtin_trap(); }
[[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }
[[noreturn]] void __stack_chk_fail() { __builtin_trap(); }
// The compiler's own library is built with the stack protector.
std::uintptr_t __stack_chk_guard = 0x5ca1ab1e;
}
