// A fake peer that speaks binary commands, beside LoaderHarness's FakePeer that speaks JSON; and binary commands in
// short, for tests to compare.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/encoding.hpp"
#include "engine/testing/loader_harness.hpp"
#include "wire/peer_binary.hpp"

namespace p2pml::engine {

inline std::string describeNumbers(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

/// "announce 1,2 loading 3", "request 5 r=1 b=7" (b where it is not 0), "data 5 r=1 s=10", "completed 5 r=1",
/// "absent 5 r=1", "cancel 5 r=1".
inline std::string describe(const wire::BinaryCommand& command) {
  const auto named = [](const char* what, const auto& c) {
    return std::string(what) + " " + std::to_string(c.segment) +
           (c.request ? " r=" + std::to_string(*c.request) : std::string());
  };
  if (const auto* c = std::get_if<wire::SegmentsAnnouncement>(&command)) {
    std::string text = "announce";
    if (!c->loaded.empty()) text += " " + describeNumbers(c->loaded);
    if (!c->loading.empty()) text += " loading " + describeNumbers(c->loading);
    return text;
  }
  if (const auto* c = std::get_if<wire::BinarySegmentRequest>(&command)) {
    return named("request", *c) + (c->from == 0 ? std::string() : " b=" + std::to_string(c->from));
  }
  if (const auto* c = std::get_if<wire::BinarySegmentData>(&command)) {
    return named("data", *c) + " s=" + std::to_string(c->size);
  }
  if (const auto* c = std::get_if<wire::BinarySendingCompleted>(&command)) return named("completed", *c);
  if (const auto* c = std::get_if<wire::BinarySegmentAbsent>(&command)) return named("absent", *c);
  return named("cancel", std::get<wire::BinaryCancelRequest>(command));
}

/// Reads one channel's messages: commands as describe() tells them, everything else as "[n bytes]"; nothing for the
/// parts of a command before its last.
class BinaryReader {
 public:
  std::optional<std::string> read(const base::Bytes& message) {
    if (!wire::isCommandPart(message.span())) return "[" + std::to_string(message.size()) + " bytes]";
    const auto command = assembler_.add(message.span());
    if (!command) return "broken: " + command.error().detail;
    if (!*command) return std::nullopt;
    return describe(**command);
  }
  std::vector<std::string> read(const std::vector<base::Bytes>& messages) {
    std::vector<std::string> texts;
    for (const base::Bytes& message : messages) {
      if (auto text = read(message)) texts.push_back(std::move(*text));
    }
    return texts;
  }

 private:
  wire::CommandAssembler assembler_;
};

class BinaryPeer {
 public:
  /// Offers a connection in the swarm of that generation until the channel is open.
  static BinaryPeer connect(LoaderHarness& world, const std::string& name, Generation generation = Generation::g3,
                            std::string_view node = {}) {
    const auto connection = world.relayOffer(name, "offer of " + name, generation, node);
    EXPECT_TRUE(connection.has_value()) << "the offer of " << name << " was not answered";
    if (connection) world.opened(*connection);
    return {world, connection.value_or(base::ConnectionId())};
  }
  BinaryPeer(LoaderHarness& world, base::ConnectionId connection) : world_(&world), connection_(connection) {}

  [[nodiscard]] base::ConnectionId connection() const { return connection_; }
  [[nodiscard]] bool isOpen() const { return world_->open().isOpen(connection_); }
  void close() { world_->closed(connection_); }

  void sends(const wire::BinaryCommand& command) {
    for (const base::Bytes& message : wire::encodeMessages(command)) {
      world_->input(input::PeerMessage{connection_, message});
    }
  }
  void sendsBytes(std::string_view bytes) {
    world_->input(input::PeerMessage{connection_, base::Bytes::copyOf(bytes)});
  }
  void has(std::vector<std::int64_t> loaded, std::vector<std::int64_t> loading = {}) {
    sends(wire::SegmentsAnnouncement{std::move(loaded), std::move(loading)});
  }
  void requests(std::int64_t number, std::uint64_t request, std::uint64_t from = 0) {
    sends(wire::BinarySegmentRequest{number, request, from});
  }
  void cancels(std::int64_t number, std::uint64_t request) { sends(wire::BinaryCancelRequest{number, request}); }
  void header(std::int64_t number, std::uint64_t request, std::uint64_t size) {
    sends(wire::BinarySegmentData{number, size, request});
  }
  void completes(std::int64_t number, std::uint64_t request) { sends(wire::BinarySendingCompleted{number, request}); }
  void lacks(std::int64_t number, std::uint64_t request) { sends(wire::BinarySegmentAbsent{number, request}); }
  void delivers(std::int64_t number, std::uint64_t request, std::string_view body) {
    header(number, request, body.size());
    sendsBytes(body);
    completes(number, request);
  }

  /// What it got since the last call, as BinaryReader tells it.
  std::vector<std::string> received() { return reader_.read(takeMessages()); }
  std::vector<std::string> receivedNoAnnouncements() {
    std::vector<std::string> texts = received();
    std::erase_if(texts, [](const std::string& text) { return text.starts_with("announce"); });
    return texts;
  }
  std::vector<base::Bytes> takeMessages() { return world_->peerAt(connection_).takeMessages(); }

 private:
  LoaderHarness* world_;
  base::ConnectionId connection_;
  BinaryReader reader_;
};

}  // namespace p2pml::engine
