#include "platform/web/payloads.hpp"

#include <utility>
#include <vector>

namespace p2pml::web {

class Payloads::Payload final : public base::ForeignPayload {
 public:
  Payload(Payloads& payloads, Handle handle) : payloads_(payloads), handle_(handle) {}
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  ~Payload() override {
    payloads_.alive_.erase(handle_);
    payloads_.keeper_.free(handle_);
  }

  void peek(std::size_t offset, std::span<std::byte> target) const override {
    payloads_.keeper_.peek(handle_, offset, target);
  }
  [[nodiscard]] bool intact() const override { return payloads_.keeper_.intact(handle_); }
  [[nodiscard]] base::Bytes join(std::span<const base::Bytes> pieces, std::size_t size) const override {
    std::vector<PayloadPart> parts;
    parts.reserve(pieces.size());
    for (const base::Bytes& piece : pieces) parts.push_back(partOf(piece));
    return payloads_.view(payloads_.keeper_.join(parts), 0, size);
  }
  [[nodiscard]] Handle handle() const { return handle_; }

 private:
  Payloads& payloads_;
  const Handle handle_;
};

base::Bytes Payloads::view(Handle handle, std::size_t offset, std::size_t length) {
  if (handle == 0) return {};
  std::weak_ptr<const Payload>& known = alive_[handle];
  std::shared_ptr<const Payload> payload = known.lock();
  if (!payload) known = payload = std::make_shared<const Payload>(*this, handle);
  return base::Bytes::foreign(std::move(payload), offset, length);
}

PayloadPart Payloads::partOf(const base::Bytes& bytes) {
  if (const base::ForeignPayload* foreign = bytes.foreignPayload()) {
    return {static_cast<const Payload*>(foreign)->handle(), bytes.foreignOffset(), bytes.size()};
  }
  return {0, reinterpret_cast<std::uintptr_t>(bytes.data()), bytes.size()};
}

}  // namespace p2pml::web
