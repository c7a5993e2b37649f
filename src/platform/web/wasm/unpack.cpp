// A module of its own that unpacks the one of the loader (js/src/packed.mjs). It grows its memory for what it is asked
// for, and is thrown away with it.
//
//   place(packedSize, size) -> ptr   where the packed bytes go; 0: no memory
//   unpack() -> ptr                  the `size` bytes; 0: these were not packed so
//   memory

#include <cstddef>
#include <cstdint>
#include <span>

#include "platform/web/lzma.hpp"

extern "C" std::uint8_t __heap_base;

namespace {

p2pml::web::LzmaReader reader;
std::span<std::uint8_t> packed;
std::span<std::uint8_t> unpacked;

}  // namespace

extern "C" __attribute__((export_name("place"))) std::uint8_t* place(std::size_t packedSize, std::size_t size) {
  constexpr std::size_t kPage = 65536;
  if (__builtin_wasm_memory_grow(0, (packedSize + size) / kPage + 1) == SIZE_MAX) return nullptr;
  packed = {&__heap_base, packedSize};
  unpacked = {&__heap_base + packedSize, size};
  return packed.data();
}

extern "C" __attribute__((export_name("unpack"))) std::uint8_t* unpack() {
  return reader.read(packed, unpacked, {}) ? unpacked.data() : nullptr;
}
