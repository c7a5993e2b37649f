#include "platform/sim/sim_socket_port.hpp"

#include <utility>
#include <vector>

namespace p2pml::sim {

namespace {
enum Tag : std::uint32_t { kOpen, kText, kClose, kRefused };
}  // namespace

/// One WebSocket; both ends hold it while it is theirs.
struct SimSocket {
  SimSocketPort* client = nullptr;  ///< null once the client has closed it
  base::SocketId clientId;
  SimSocketServer* server = nullptr;  ///< null once the server has closed it or is gone
  base::SocketId serverId;            ///< none until it is open there
  NodeId clientNode;
  std::shared_ptr<Pipe> toServer;
  std::shared_ptr<Pipe> toClient;
  base::Error closeReason;  ///< of the server
  EventQueue::Handle timer;

  ~SimSocket() {
    if (toServer) toServer->close();
    if (toClient) toClient->close();
  }
};

// -------------------------------------------------------------------------------------------------------
// SimSocketServer

SimSocketServer::~SimSocketServer() {
  for (const auto& [id, socket] : sockets_) socket->server = nullptr;
}

void SimSocketServer::fromClient(const std::shared_ptr<SimSocket>& socket, Pipe::Message message) {
  switch (message.tag) {
    case kOpen: {
      if (silent) return;
      const base::SocketId id(++lastId_.value);
      if (!up || (handlers.onOpen && !handlers.onOpen(id, socket->clientNode))) {
        socket->closeReason = {base::ErrorCode::unavailable, up ? "handshake refused" : "connection refused"};
        socket->server = nullptr;
        socket->toClient->send({kRefused, {}});
        return;
      }
      socket->serverId = id;
      sockets_.emplace(id, socket);
      socket->toClient->send({kOpen, {}});
      return;
    }
    case kText:
      if (socket->serverId && handlers.onMessage) {
        handlers.onMessage(socket->serverId, std::string(message.data.text()));
      }
      return;
    default: {
      const base::SocketId id = socket->serverId;
      socket->server = nullptr;
      if (!id) return;
      sockets_.erase(id);
      if (handlers.onClose) handlers.onClose(id);
    }
  }
}

void SimSocketServer::send(base::SocketId socket, std::string text) {
  const auto found = sockets_.find(socket);
  if (found != sockets_.end()) found->second->toClient->send({kText, base::Bytes::adopt(std::move(text))});
}

void SimSocketServer::close(base::SocketId socket, base::Error reason) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  const auto ended = found->second;
  sockets_.erase(found);
  ended->server = nullptr;
  ended->closeReason = std::move(reason);
  ended->toClient->send({kClose, {}});
}

void SimSocketServer::closeAll(const base::Error& reason) {
  std::vector<base::SocketId> ids;
  for (const auto& [id, socket] : sockets_) ids.push_back(id);
  for (const auto id : ids) close(id, reason);
}

// ---------------------------------------------------------------------------------------------------------
// SimSocketPort

SimSocketPort::SimSocketPort(Network& network, Web& web, NodeId node, driver::EventSink sink)
    : network_(network), web_(web), node_(node), sink_(std::make_shared<driver::EventSink>(std::move(sink))) {}

SimSocketPort::~SimSocketPort() {
  while (!sockets_.empty()) close(sockets_.begin()->first);
}

void SimSocketPort::open(base::SocketId id, std::string url) {
  auto socket = std::make_shared<SimSocket>();
  socket->client = this;
  socket->clientId = id;
  socket->clientNode = node_;
  sockets_[id] = socket;
  const auto parts = splitUrl(url, "ws");
  const auto secure = splitUrl(url, "wss");
  SimSocketServer* server = nullptr;
  if (parts || secure) server = web_.socketServer(parts ? parts->host : secure->host);
  if (server == nullptr) {
    const char* why = parts || secure ? "': no such host" : "': not a ws or wss URL";
    socket->timer = network_.events().after(base::Duration(0), [this, id, reason = "'" + url + why] {
      lose(id, {base::ErrorCode::unavailable, reason});
    });
    return;
  }
  socket->server = server;
  // The pipes are the socket's, so they know it weakly.
  const std::weak_ptr<SimSocket> weak = socket;
  socket->toServer = network_.openPipe(node_, server->node(),
                                       {[weak](Pipe::Message message) {
                                          const auto at = weak.lock();
                                          if (at && at->server) at->server->fromClient(at, std::move(message));
                                        },
                                        {}});
  socket->toClient = network_.openPipe(server->node(), node_,
                                       {[weak](Pipe::Message message) {
                                          const auto at = weak.lock();
                                          if (at && at->client) at->client->fromServer(at, std::move(message));
                                        },
                                        {}});
  socket->toServer->send({kOpen, {}});
}

void SimSocketPort::send(base::SocketId id, std::string text) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end() || !found->second->toServer) return;
  found->second->toServer->send({kText, base::Bytes::adopt(std::move(text))});
}

void SimSocketPort::close(base::SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  const auto socket = found->second;
  sockets_.erase(found);
  network_.events().cancel(socket->timer);
  socket->client = nullptr;
  // What was sent still reaches a server that has the socket; it holds it until then.
  if (socket->toServer) socket->toServer->send({kClose, {}});
}

void SimSocketPort::fromServer(const std::shared_ptr<SimSocket>& socket, Pipe::Message message) {
  switch (message.tag) {
    case kOpen: deliver(engine::input::SocketOpened{socket->clientId}); return;
    case kText: deliver(engine::input::SocketMessage{socket->clientId, std::string(message.data.text())}); return;
    default: lose(socket->clientId, socket->closeReason);
  }
}

void SimSocketPort::lose(base::SocketId id, base::Error reason) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  const auto socket = found->second;
  sockets_.erase(found);
  socket->client = nullptr;
  deliver(engine::input::SocketClosed{id, std::move(reason)});
}

}  // namespace p2pml::sim
