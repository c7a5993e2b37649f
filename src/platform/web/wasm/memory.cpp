// operator new of the module, by heap.hpp in place of the C library's malloc.

#include <cstddef>
#include <new>

#include "platform/web/heap.hpp"

extern "C" char __heap_base;  // the linker's: where the module's own data ends

namespace p2pml::web {
namespace {

constexpr std::size_t kPage = 65536;

/// The rest of the memory from there on: nobody else grows it.
class Pages {
 public:
  char* grow(std::size_t bytes) {
    if (next_ == nullptr) next_ = &__heap_base + ((8 - reinterpret_cast<std::size_t>(&__heap_base)) & 15);
    const std::size_t end = reinterpret_cast<std::size_t>(next_) + bytes;
    const std::size_t have = __builtin_wasm_memory_size(0) * kPage;
    if (end > have && __builtin_wasm_memory_grow(0, (end - have + kPage - 1) / kPage) == SIZE_MAX) return nullptr;
    char* const place = next_;
    next_ += bytes;
    return place;
  }

 private:
  char* next_ = nullptr;
};

constinit Heap<Pages> heap;
constexpr std::size_t kAlignment = Heap<Pages>::kAlignment;

}  // namespace
}  // namespace p2pml::web

// The engine has no use for an allocation that fails. All forms that the standard library names are here, so that none
// of its own comes along; what is not used the linker leaves out.
void* operator new(std::size_t size) {
  void* const place = p2pml::web::heap.allocate(size);
  if (place == nullptr) __builtin_trap();
  return place;
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return p2pml::web::heap.allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (static_cast<std::size_t>(alignment) > p2pml::web::kAlignment) __builtin_trap();
  return operator new(size);
}
void operator delete(void* place) noexcept { p2pml::web::heap.release(place); }
void operator delete[](void* place) noexcept { p2pml::web::heap.release(place); }
void operator delete(void* place, const std::nothrow_t&) noexcept { p2pml::web::heap.release(place); }
void operator delete(void* place, std::size_t) noexcept { p2pml::web::heap.release(place); }
void operator delete(void* place, std::align_val_t) noexcept { p2pml::web::heap.release(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { p2pml::web::heap.release(place); }
