// The module's face: the exports and imports of interface.hpp. One instance is one loader, so it is kept in globals.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "platform/web/interface.hpp"
#include "platform/web/loader.hpp"

#define P2PML_EXPORT(name) extern "C" __attribute__((export_name(#name), used))
#define P2PML_IMPORT(name) extern "C" __attribute__((import_module("env"), import_name(#name)))

P2PML_IMPORT(payloadPeek)
void payloadPeek(std::uint32_t handle, std::uint32_t offset, void* target, std::size_t length);
P2PML_IMPORT(payloadJoin) std::uint32_t payloadJoin(const void* parts, std::size_t count);
P2PML_IMPORT(payloadFree) void payloadFree(std::uint32_t handle);
P2PML_IMPORT(payloadIntact) std::uint32_t payloadIntact(std::uint32_t handle);

namespace p2pml::web {

namespace {

class JavaScriptKeeper final : public PayloadKeeper {
 public:
  void peek(Handle handle, std::size_t offset, std::span<std::byte> target) override {
    payloadPeek(handle, offset, target.data(), target.size());
  }
  Handle join(std::span<const PayloadPart> parts) override {
    static_assert(sizeof(PayloadPart) == 12 && std::is_standard_layout_v<PayloadPart>);
    return payloadJoin(parts.data(), parts.size());
  }
  void free(Handle handle) override { payloadFree(handle); }
  bool intact(Handle handle) override { return payloadIntact(handle) != 0; }
};

struct Module {
  std::string scratch;
  std::string text;
  JavaScriptKeeper keeper;
  Payloads payloads{keeper};
  std::unique_ptr<Loader> loader;  // after what it uses
};

/// Made when it is first used, and never taken apart: the instance ends as a whole.
Module& module() {
  static Module* const made = new Module();
  return *made;
}

std::uint32_t leave(std::string text) {
  module().text = std::move(text);
  return module().text.size();
}

/// The loader at that time, or null. Payloads of the record before are no longer looked up.
Loader* at(double now) {
  Loader* const loader = module().loader.get();
  if (loader != nullptr) {
    loader->effects().release();
    loader->setTime(now);
  }
  return loader;
}

void put(double now, engine::Input input) {
  if (Loader* loader = at(now)) loader->put(std::move(input));
}

template <class Id>
Id idOf(double number) {
  return Id(static_cast<std::uint64_t>(number));
}

base::Error errorOf(std::uint32_t code, const char* detail, std::size_t length) {
  constexpr auto kLast = static_cast<std::uint32_t>(base::ErrorCode::internal);
  return {static_cast<base::ErrorCode>(code < kLast ? code : kLast), std::string(detail, length)};
}

std::optional<std::uint64_t> countOf(double number) {
  if (!(number >= 0)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

}  // namespace

// ------------------------------------------------------------------------------------------------------ memory and
// text

P2PML_EXPORT(scratch) char* scratch(std::size_t size) {
  // Nothing of before is to be copied over, and what one long playlist needed is not kept for ever.
  std::string& place = module().scratch;
  if (place.capacity() < size || place.capacity() > (size + 4096) * 16) {
    place = std::string();
    place.resize(size);
  }
  return place.data();
}
P2PML_EXPORT(text) const char* text() { return module().text.data(); }
P2PML_EXPORT(interfaceVersion) std::uint32_t interfaceVersion() { return kInterfaceVersion; }
P2PML_EXPORT(generations) std::uint32_t generations() {
  std::uint32_t built = 0;
  for (const engine::Generation generation : engine::allGenerations()) {
    if (engine::isBuilt(generation)) built |= std::uint32_t{1} << static_cast<std::uint32_t>(generation);
  }
  return built;
}

// ------------------------------------------------------------------------------------------------------------ the
// loader

P2PML_EXPORT(create)
std::uint32_t create(double now, const char* settings, std::size_t length, std::uint32_t flags, std::uint32_t seedLow,
                     std::uint32_t seedHigh) {
  const std::uint64_t seed = (std::uint64_t{seedHigh} << 32) | seedLow;
  auto created = Loader::create(now, std::string_view(settings, length), flags, seed, module().payloads);
  if (!created) return leave(std::move(created.error().detail));
  module().loader = *std::move(created);
  return 0;
}
P2PML_EXPORT(destroy) void destroy(double now) {
  if (Loader* loader = at(now)) loader->destroy();
}
P2PML_EXPORT(load)
std::uint32_t load(double now, const char* segments, std::size_t segmentsLength, const char* swarm,
                   std::size_t swarmLength, const char* stream, std::size_t streamLength) {
  Loader* const loader = at(now);
  if (loader == nullptr) return 0;
  const auto result =
      loader->load({segments, segmentsLength}, {swarm, swarmLength}, std::string_view(stream, streamLength));
  return result ? 0 : leave(result.error().detail);
}
P2PML_EXPORT(getSegment) void getSegment(double now, const char* id, std::size_t length, double token) {
  if (Loader* loader = at(now)) loader->getSegment({id, length}, static_cast<Token>(token));
}
P2PML_EXPORT(getSettings) std::uint32_t getSettings() {
  return module().loader ? leave(module().loader->getSettings()) : 0;
}
P2PML_EXPORT(getDetails) std::uint32_t getDetails() {
  return module().loader ? leave(module().loader->getDetails()) : 0;
}
P2PML_EXPORT(getStats) std::uint32_t getStats() { return module().loader ? leave(module().loader->getStats()) : 0; }

// -------------------------------------------------------------------------------------------------------------- the
// loop

P2PML_EXPORT(effects) std::uint32_t effects() { return module().loader ? leave(module().loader->effects().take()) : 0; }
P2PML_EXPORT(deadline) double deadline() {
  return module().loader ? module().loader->deadline() : std::numeric_limits<double>::infinity();
}
P2PML_EXPORT(tick) void tick(double now) {
  if (Loader* loader = at(now)) loader->tick();
}

// --------------------------------------------------------------------------------------------------------- what
// happened

P2PML_EXPORT(httpHead)
void httpHead(double now, double request, std::int32_t status, double contentLength, double rangeStart,
              double rangeTotal, std::uint32_t acceptsRanges, const char* requestUrl, std::size_t requestUrlLength,
              const char* responseUrl, std::size_t responseUrlLength) {
  put(now, engine::input::HttpHead{idOf<base::RequestId>(request), status, countOf(contentLength), countOf(rangeStart),
                                   countOf(rangeTotal), acceptsRanges != 0, std::string(requestUrl, requestUrlLength),
                                   std::string(responseUrl, responseUrlLength)});
}
P2PML_EXPORT(httpData)
void httpData(double now, double request, std::uint32_t handle, std::uint32_t offset, std::uint32_t length) {
  // Made in any case: it is ours to free.
  base::Bytes data = module().payloads.view(handle, offset, length);
  put(now, engine::input::HttpData{idOf<base::RequestId>(request), std::move(data)});
}
P2PML_EXPORT(httpDone) void httpDone(double now, double request) {
  put(now, engine::input::HttpDone{idOf<base::RequestId>(request)});
}
P2PML_EXPORT(httpFailed)
void httpFailed(double now, double request, std::uint32_t code, const char* detail, std::size_t length) {
  put(now, engine::input::HttpFailed{idOf<base::RequestId>(request), errorOf(code, detail, length)});
}
P2PML_EXPORT(socketOpened) void socketOpened(double now, double socket) {
  put(now, engine::input::SocketOpened{idOf<base::SocketId>(socket)});
}
P2PML_EXPORT(socketMessage) void socketMessage(double now, double socket, const char* message, std::size_t length) {
  put(now, engine::input::SocketMessage{idOf<base::SocketId>(socket), std::string(message, length)});
}
P2PML_EXPORT(socketClosed)
void socketClosed(double now, double socket, std::uint32_t code, const char* detail, std::size_t length) {
  put(now, engine::input::SocketClosed{idOf<base::SocketId>(socket), errorOf(code, detail, length)});
}
P2PML_EXPORT(offerCreated) void offerCreated(double now, double connection, const char* sdp, std::size_t length) {
  put(now, engine::input::OfferCreated{idOf<base::ConnectionId>(connection), std::string(sdp, length)});
}
P2PML_EXPORT(answerCreated) void answerCreated(double now, double connection, const char* sdp, std::size_t length) {
  put(now, engine::input::AnswerCreated{idOf<base::ConnectionId>(connection), std::string(sdp, length)});
}
P2PML_EXPORT(peerOpened) void peerOpened(double now, double connection, const char* address, std::size_t length) {
  put(now, engine::input::PeerOpened{idOf<base::ConnectionId>(connection), std::string(address, length)});
}
P2PML_EXPORT(peerMessage)
void peerMessage(double now, double connection, std::uint32_t handle, std::uint32_t length) {
  base::Bytes message = module().payloads.view(handle, 0, length);
  put(now, engine::input::PeerMessage{idOf<base::ConnectionId>(connection), std::move(message)});
}
P2PML_EXPORT(peerDrained) void peerDrained(double now, double connection, double total) {
  put(now, engine::input::PeerDrained{idOf<base::ConnectionId>(connection), countOf(total).value_or(0)});
}
P2PML_EXPORT(peerClosed)
void peerClosed(double now, double connection, std::uint32_t code, const char* detail, std::size_t length) {
  put(now, engine::input::PeerClosed{idOf<base::ConnectionId>(connection), errorOf(code, detail, length)});
}

// ------------------------------------------------------------------------------------------------------ answers of
// hooks

P2PML_EXPORT(hookDone) void hookDone(double now, double token) {
  if (Loader* loader = at(now)) loader->hookDone(static_cast<Token>(token));
}
P2PML_EXPORT(hookFailed) void hookFailed(double now, double token, const char* detail, std::size_t length) {
  if (Loader* loader = at(now)) loader->hookFailed(static_cast<Token>(token), {detail, length});
}
P2PML_EXPORT(hookSegments) void hookSegments(double now, double token, const char* segments, std::size_t length) {
  if (Loader* loader = at(now)) loader->hookSegments(static_cast<Token>(token), {segments, length});
}
P2PML_EXPORT(hookSegment)
void hookSegment(double now, double token, const char* segment, std::size_t length, std::uint32_t handle,
                 std::uint32_t dataLength) {
  const base::Bytes data = module().payloads.view(handle, 0, dataLength);
  if (Loader* loader = at(now)) loader->hookSegment(static_cast<Token>(token), {segment, length}, handle, dataLength);
}
P2PML_EXPORT(hookCleaned) void hookCleaned(double now, double token, std::uint32_t removed) {
  if (Loader* loader = at(now)) loader->hookCleaned(static_cast<Token>(token), removed != 0);
}

}  // namespace p2pml::web
