// Payloads that JavaScript keeps, as base::Bytes: the bytes of segments never come into the module's memory.
//
// Owned by the module, one for its loader. What always holds: a handle that was given to view() is freed exactly once,
// when the last view of it is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "base/bytes.hpp"

namespace p2pml::web {

using Handle = std::uint32_t;

/// A part of a payload; with handle 0 of the module's own memory, and `offset` is an address.
struct PayloadPart {
  Handle handle = 0;
  std::uintptr_t offset = 0;
  std::size_t length = 0;

  friend bool operator==(const PayloadPart&, const PayloadPart&) = default;
};

/// The imports payloadPeek, payloadJoin, payloadFree and payloadIntact (interface.hpp).
class PayloadKeeper {
 public:
  virtual ~PayloadKeeper() = default;
  virtual void peek(Handle handle, std::size_t offset, std::span<std::byte> target) = 0;
  virtual Handle join(std::span<const PayloadPart> parts) = 0;
  virtual void free(Handle handle) = 0;
  virtual bool intact(Handle handle) = 0;
};

class Payloads {
 public:
  /// Views must not outlive `keeper` and this.
  explicit Payloads(PayloadKeeper& keeper) : keeper_(keeper) {}
  Payloads(const Payloads&) = delete;
  Payloads& operator=(const Payloads&) = delete;

  /// Bytes of a handle that JavaScript has given. Handle 0 or no length: no bytes.
  base::Bytes view(Handle handle, std::size_t offset, std::size_t length);
  /// Where those bytes are, for JavaScript.
  static PayloadPart partOf(const base::Bytes& bytes);

 private:
  class Payload;

  PayloadKeeper& keeper_;
  std::map<Handle, std::weak_ptr<const Payload>> alive_;
};

}  // namespace p2pml::web
