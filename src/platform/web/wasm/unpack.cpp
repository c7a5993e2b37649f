// A module of its own that unpacks the one of the loader (js/src/packed.mjs). It grows its memory for what it is asked
// for, and is thrown away with it.
//
//   place(packedSize, size) -> ptr   where the packed bytes go; 0: no memory
//   unpack() -> ptr                  the `size` bytes of the module; 0: these were not packed so
//   memory

#include <cstddef>
#include <cstdint>
#include <span>

#include "platform/web/lzma.hpp"
#include "platform/web/module_streams.hpp"

#define P2PML_EXPORT(name) extern "C" __attribute__((export_name(#name)))

extern "C" std::uint8_t __heap_base;  // the linker's: where its own data ends

namespace {

using p2pml::web::ModuleStreams;

p2pml::web::LzmaReader reader;
std::span<std::uint8_t> packed;
std::span<std::uint8_t> streams;
std::span<std::uint8_t> module;

}  // namespace

P2PML_EXPORT(place) std::uint8_t* place(std::size_t packedSize, std::size_t size) {
  constexpr std::size_t kPage = 65536;
  const std::size_t streamsSize = size + 4 * ModuleStreams::kKinds;
  if (__builtin_wasm_memory_grow(0, (packedSize + streamsSize + size) / kPage + 1) == SIZE_MAX) return nullptr;
  packed = {&__heap_base, packedSize};
  streams = {&__heap_base + packedSize, streamsSize};
  module = {&__heap_base + packedSize + streamsSize, size};
  return packed.data();
}

P2PML_EXPORT(unpack) std::uint8_t* unpack() {
  const bool good = reader.read(packed, streams, {}) && ModuleStreams().join(streams, module);
  return good ? module.data() : nullptr;
}
