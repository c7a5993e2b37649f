// How two p2pml nodes that meet in the swarms of several generations recognise each other.
//
// Our peer ids differ from swarm to swarm (tracker-websocket.md 5c.4, peer-id policy), so two bridges would connect
// once per generation and count each other as often; and nodes that elect who fetches a segment must know each other's
// names. A loader that joins more than one swarm, or takes part in elections, therefore writes one
// random name of its own into every offer and answer, as an attribute line of the session description, which everybody
// else skips (RFC 8866 section 5: unknown attributes are ignored). It is known before a connection is made and costs
// old peers nothing. The name lives as long as the loader and says nothing about it. A stranger may copy it, just as it
// may copy a peer id: all it wins is that we take it for the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2pml::engine {

/// Characters of [A-Za-z0-9] in a node's name.
inline constexpr std::size_t kNodeNameLength = 20;

/// The description with the mark as its last line.
std::string withNodeMark(std::string sdp, std::string_view node);

/// The description with a line that says up to which version we speak the nodes' own protocol (docs/protocol/node.md).
std::string withExtension(std::string sdp, std::uint32_t version);

/// The version in a description; 0 if there is none, or none of the right form.
std::uint32_t extensionOf(std::string_view sdp);

/// The name in a description; nothing if there is none, or none of the right form.
std::optional<std::string> nodeMarkOf(std::string_view sdp);

}  // namespace p2pml::engine
