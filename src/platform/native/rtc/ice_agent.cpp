#include "platform/native/rtc/ice_agent.hpp"

#include <nice/agent.h>
#include <nice/interfaces.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "platform/native/rtc/host_lookup.hpp"
#include "platform/native/rtc/rtc_context.hpp"

namespace p2pml::native {
namespace {

constexpr guint kComponent = 1;
/// Interfaces used at most: each is a socket per connection.
constexpr std::size_t kMaxLocalAddresses = 8;
/// Room for a burst of a whole SCTP window while the thread does something else; the kernel may grant less
/// (net.core.rmem_max).
constexpr int kSocketBuffer = 2 << 20;
/// Ta of RFC 8445 section 14.2; 5 ms is the least it allows.
constexpr guint kPacingMilliseconds = 5;

int agentsClosing = 0;  // on the RtcThread only

NiceAddress numericAddress(const std::string& text, guint port) {
  NiceAddress address;
  nice_address_init(&address);
  if (nice_address_set_from_string(&address, text.c_str()) == FALSE) nice_address_init(&address);
  nice_address_set_port(&address, port);
  return address;
}

std::string textOf(const NiceAddress& address) {
  std::array<gchar, NICE_ADDRESS_STRING_LEN> text{};
  nice_address_to_string(&address, text.data());
  return text.data();
}

/// Only digits and separators: keeps libnice from asking a name server.
bool isNumeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string::npos &&
         g_hostname_is_ip_address(text.c_str()) != FALSE;
}

bool isLinkLocal(const std::string& address) {
  // fe80::/10 needs a scope that an SDP cannot carry.
  return address.size() > 3 && (address.starts_with("fe8") || address.starts_with("fe9") ||
                                address.starts_with("fea") || address.starts_with("feb"));
}

NiceCandidateType niceType(wire::CandidateType type) {
  switch (type) {
    case wire::CandidateType::srflx: return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
    case wire::CandidateType::prflx: return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
    case wire::CandidateType::relay: return NICE_CANDIDATE_TYPE_RELAYED;
    case wire::CandidateType::host:
    case wire::CandidateType::other: break;
  }
  return NICE_CANDIDATE_TYPE_HOST;
}

wire::CandidateType wireType(NiceCandidateType type) {
  switch (type) {
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE: return wire::CandidateType::srflx;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE: return wire::CandidateType::prflx;
    case NICE_CANDIDATE_TYPE_RELAYED: return wire::CandidateType::relay;
    case NICE_CANDIDATE_TYPE_HOST: break;
  }
  return wire::CandidateType::host;
}

void freeCandidates(GSList* list) {
  g_slist_free_full(list, [](gpointer candidate) { nice_candidate_free(static_cast<NiceCandidate*>(candidate)); });
}

}  // namespace

struct IceAgent::Glue {
  static IceAgent* self(gpointer data) { return static_cast<IceAgent*>(data); }
  static void gatheringDone(NiceAgent*, guint, gpointer data) { self(data)->gathered(); }
  static void stateChanged(NiceAgent*, guint, guint, guint state, gpointer data) { self(data)->stateChanged(state); }
  static void newSelectedPair(NiceAgent*, guint, guint, gchar*, gchar*, gpointer data) {
    self(data)->connectedIfPaired();
  }
  static void received(NiceAgent*, guint, guint, guint length, gchar* data, gpointer user) {
    IceAgent* agent = self(user);
    if (agent->failed_) return;
    agent->owner_.onIceDatagram(std::as_bytes(std::span(data, length)));
  }
};

IceAgent::IceAgent(RtcContext& context, Owner& owner, std::shared_ptr<const IceConfig> config, bool controlling)
    : context_(context),
      owner_(owner),
      config_(std::move(config)),
      gatheringTimer_(context.main(), [this] { gathered(); }) {
  agent_ = nice_agent_new_full(context.main(), NICE_COMPATIBILITY_RFC5245, NICE_AGENT_OPTION_REGULAR_NOMINATION);
  g_object_set(agent_, "controlling-mode", static_cast<gboolean>(controlling), "upnp", FALSE, "ice-tcp", FALSE,
               "stun-pacing-timer", kPacingMilliseconds, "force-relay", static_cast<gboolean>(config_->relayOnly),
               nullptr);
  g_signal_connect(agent_, "candidate-gathering-done", G_CALLBACK(&Glue::gatheringDone), this);
  g_signal_connect(agent_, "component-state-changed", G_CALLBACK(&Glue::stateChanged), this);
  g_signal_connect(agent_, "new-selected-pair", G_CALLBACK(&Glue::newSelectedPair), this);
}

IceAgent::~IceAgent() {
  context_.lookup().cancel(this);
  context_.batch().forget(*this);
  g_signal_handlers_disconnect_by_data(agent_, this);
  if (stream_ != 0) nice_agent_attach_recv(agent_, stream_, kComponent, context_.main(), nullptr, nullptr);
  if (usesRelays_) {
    // Gives the allocations back to the TURN servers; without it they stay for ten minutes.
    ++agentsClosing;
    nice_agent_close_async(
        agent_, [](GObject*, GAsyncResult*, gpointer) { --agentsClosing; }, nullptr);
  } else if (stream_ != 0) {
    nice_agent_remove_stream(agent_, stream_);
  }
  g_object_unref(agent_);
}

int IceAgent::closing() { return agentsClosing; }

bool IceAgent::gather() {
  addLocalAddresses();
  stream_ = nice_agent_add_stream(agent_, 1);
  if (stream_ == 0) return false;
  nice_agent_attach_recv(agent_, stream_, kComponent, context_.main(), &Glue::received, this);
  gatheringTimer_.start(config_->gatheringTimeout);
  lookUpServers();
  return true;
}

void IceAgent::addLocalAddresses() {
  std::vector<std::string> addresses = config_->localAddresses;
  if (addresses.empty()) {
    GList* found = nice_interfaces_get_local_ips(FALSE);
    for (GList* item = found; item != nullptr; item = item->next) {
      const std::string address = static_cast<const gchar*>(item->data);
      if (!isLinkLocal(address)) addresses.push_back(address);
    }
    g_list_free_full(found, g_free);
    if (addresses.empty() || config_->includeLoopback) addresses.insert(addresses.end(), {"127.0.0.1", "::1"});
  }
  if (addresses.size() > kMaxLocalAddresses) addresses.resize(kMaxLocalAddresses);
  for (const std::string& text : addresses) {
    NiceAddress address = numericAddress(text, 0);
    if (nice_address_is_valid(&address)) nice_agent_add_local_address(agent_, &address);
  }
}

void IceAgent::lookUpServers() {
  serverAddresses_.resize(config_->servers.size());
  lookUpsLeft_ = static_cast<int>(config_->servers.size()) + 1;
  const auto oneLess = [this] {
    if (--lookUpsLeft_ == 0) gatherNow();
  };
  for (std::size_t i = 0; i < config_->servers.size(); ++i) {
    context_.lookup().find(config_->servers[i].host, this, [this, i, oneLess](std::optional<std::string> address) {
      serverAddresses_[i] = std::move(address);
      oneLess();
    });
  }
  oneLess();
}

void IceAgent::gatherNow() {
  if (gathered_) return;
  bool haveStun = false;
  for (std::size_t i = 0; i < config_->servers.size(); ++i) {
    const IceServerAddress& server = config_->servers[i];
    const auto& address = serverAddresses_[i];
    if (!address) continue;
    if (server.kind == IceServerKind::stun) {
      // libnice asks one STUN server; the list's order decides.
      if (haveStun || config_->relayOnly) continue;
      haveStun = true;
      g_object_set(agent_, "stun-server", address->c_str(), "stun-server-port", static_cast<guint>(server.port),
                   nullptr);
    } else {
      usesRelays_ = true;
      nice_agent_set_relay_info(
          agent_, stream_, kComponent, address->c_str(), server.port, server.username.c_str(),
          server.credential.c_str(),
          server.kind == IceServerKind::turnTcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
    }
  }
  gatheringStarted_ = true;
  // False: no socket at all. The description then has no candidates and the remote's view decides; usually it ends in a
  // timeout.
  if (nice_agent_gather_candidates(agent_, stream_) == FALSE) gathered();
}

void IceAgent::gathered() {
  if (gathered_) return;
  gathered_ = true;
  gatheringTimer_.stop();
  enlargeSocketBuffers();
  owner_.onIceGathered();
}

void IceAgent::enlargeSocketBuffers() {
  if (!gatheringStarted_) return;
  GPtrArray* sockets = nice_agent_get_sockets(agent_, stream_, kComponent);
  if (sockets == nullptr) return;
  for (guint i = 0; i < sockets->len; ++i) {
    const int descriptor = g_socket_get_fd(static_cast<GSocket*>(g_ptr_array_index(sockets, i)));
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  }
  g_ptr_array_unref(sockets);
}

IceAgent::Credentials IceAgent::localCredentials() const {
  gchar* ufrag = nullptr;
  gchar* pwd = nullptr;
  Credentials out;
  if (nice_agent_get_local_credentials(agent_, stream_, &ufrag, &pwd) != FALSE) out = {ufrag, pwd};
  g_free(ufrag);
  g_free(pwd);
  return out;
}

std::vector<std::string> IceAgent::localCandidates() const {
  std::vector<std::string> out;
  GSList* candidates = nice_agent_get_local_candidates(agent_, stream_, kComponent);
  for (GSList* item = candidates; item != nullptr; item = item->next) {
    const auto& local = *static_cast<const NiceCandidate*>(item->data);
    if (local.transport != NICE_CANDIDATE_TRANSPORT_UDP) continue;
    if (config_->relayOnly && local.type != NICE_CANDIDATE_TYPE_RELAYED) continue;
    wire::IceCandidate candidate;
    candidate.foundation = local.foundation;
    candidate.component = kComponent;
    candidate.priority = local.priority;
    candidate.address = textOf(local.addr);
    candidate.port = static_cast<std::uint16_t>(nice_address_get_port(&local.addr));
    candidate.type = wireType(local.type);
    if (candidate.type != wire::CandidateType::host) {
      // A relay-only policy hides the own address (RFC 8828); the remote has no use for it anyway.
      candidate.relatedAddress = config_->relayOnly ? "0.0.0.0" : textOf(local.base_addr);
      candidate.relatedPort =
          config_->relayOnly ? std::uint16_t{9} : static_cast<std::uint16_t>(nice_address_get_port(&local.base_addr));
    }
    out.push_back(wire::writeCandidate(candidate));
  }
  freeCandidates(candidates);
  return out;
}

base::Result<void> IceAgent::setRemote(const Credentials& credentials, const std::vector<std::string>& lines) {
  if (nice_agent_set_remote_credentials(agent_, stream_, credentials.ufrag.c_str(), credentials.pwd.c_str()) == FALSE) {
    return base::fail(base::ErrorCode::malformed, "ICE: the remote's credentials were refused");
  }
  std::vector<wire::IceCandidate> usable;
  for (const std::string& line : lines) {
    auto candidate = wire::parseCandidate(line);
    if (!candidate || candidate->transport != wire::CandidateTransport::udp || candidate->component != kComponent ||
        candidate->type == wire::CandidateType::other || candidate->port == 0 || !isNumeric(candidate->address)) {
      continue;
    }
    usable.push_back(std::move(*candidate));
  }
  std::sort(usable.begin(), usable.end(), [](const auto& a, const auto& b) { return a.priority > b.priority; });
  if (usable.size() > NICE_AGENT_MAX_REMOTE_CANDIDATES) usable.resize(NICE_AGENT_MAX_REMOTE_CANDIDATES);
  if (usable.empty()) return {};
  GSList* list = nullptr;
  for (const wire::IceCandidate& candidate : usable) {
    NiceCandidate* remote = nice_candidate_new(niceType(candidate.type));
    remote->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    remote->stream_id = stream_;
    remote->component_id = kComponent;
    remote->priority = candidate.priority;
    remote->addr = numericAddress(candidate.address, candidate.port);
    remote->base_addr = remote->addr;
    static_assert(NICE_CANDIDATE_MAX_FOUNDATION > 32);
    std::memcpy(remote->foundation, candidate.foundation.c_str(), candidate.foundation.size() + 1);
    list = g_slist_append(list, remote);
  }
  nice_agent_set_remote_candidates(agent_, stream_, kComponent, list);
  freeCandidates(list);
  return {};
}

void IceAgent::stateChanged(unsigned state) {
  if (failed_) return;
  if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY) connectedIfPaired();
  if (state != NICE_COMPONENT_STATE_FAILED) return;
  failed_ = true;
  owner_.onIceFailed({base::ErrorCode::unavailable,
                      connected_ ? "ICE: the path to the remote is broken" : "ICE: no path to the remote was found"});
}

void IceAgent::connectedIfPaired() {
  if (connected_ || failed_) return;
  NiceCandidate* local = nullptr;
  NiceCandidate* remote = nullptr;
  if (nice_agent_get_selected_pair(agent_, stream_, kComponent, &local, &remote) == FALSE) return;
  connected_ = true;
  owner_.onIceConnected();
}

void IceAgent::send(std::span<const std::span<const std::byte>> datagrams) {
  constexpr std::size_t kMost = 32;
  std::array<GOutputVector, kMost> vectors;
  std::array<NiceOutputMessage, kMost> messages;
  P2PML_ASSERT(datagrams.size() <= kMost);
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    vectors[i] = {datagrams[i].data(), datagrams[i].size()};
    messages[i] = {&vectors[i], 1};
  }
  nice_agent_send_messages_nonblocking(agent_, stream_, kComponent, messages.data(),
                                       static_cast<guint>(datagrams.size()), nullptr, nullptr);
}

std::string IceAgent::remoteAddress() const {
  NiceCandidate* local = nullptr;
  NiceCandidate* remote = nullptr;
  if (nice_agent_get_selected_pair(agent_, stream_, kComponent, &local, &remote) == FALSE) return {};
  return textOf(remote->addr);
}

}  // namespace p2pml::native
