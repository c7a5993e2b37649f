#include "platform/native/ws/name_lookup.hpp"

#include <netdb.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace p2pml::native {

/// Where a thread leaves its answer; outlives both sides.
struct NameLookup::Mailbox {
  std::mutex mutex;
  NameLookup* owner = nullptr;  // null: nobody waits any more, and the loop may be gone
};

namespace {

base::Result<Endpoints> lookUp(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == EAI_NONAME || error == EAI_ADDRFAMILY || error == EAI_NODATA) {
    // A machine with loopback only has no "configured" address, but its own names shall work.
    hints.ai_flags = 0;
    error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (error != 0) {
    return base::fail(base::ErrorCode::unavailable,
                      "the name " + host + " was not found (" + gai_strerror(error) + ")");
  }
  Endpoints endpoints;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    boost::asio::ip::tcp::endpoint endpoint;
    if (one->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(one->ai_addrlen);
    std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
    endpoint.port(port);
    endpoints.push_back(endpoint);
  }
  ::freeaddrinfo(found);
  if (endpoints.empty()) return base::fail(base::ErrorCode::unavailable, "the name " + host + " has no address");
  return interleaved(endpoints, NameLookup::kMaxAddresses);
}

}  // namespace

Endpoints interleaved(const Endpoints& endpoints, std::size_t limit) {
  Endpoints first;
  Endpoints second;
  for (const auto& endpoint : endpoints) {
    (endpoint.protocol() == endpoints.front().protocol() ? first : second).push_back(endpoint);
  }
  Endpoints result;
  for (std::size_t i = 0; result.size() < limit && (i < first.size() || i < second.size()); ++i) {
    if (i < first.size()) result.push_back(first[i]);
    if (i < second.size() && result.size() < limit) result.push_back(second[i]);
  }
  return result;
}

NameLookup::NameLookup(boost::asio::io_context& loop) : loop_(loop), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->owner = this;
}

NameLookup::~NameLookup() {
  const std::scoped_lock lock(mailbox_->mutex);
  mailbox_->owner = nullptr;
}

void NameLookup::resolve(const std::string& host, std::uint16_t port, Handler handler) {
  const std::uint64_t number = ++lastNumber_;
  wanted_.emplace(number, Wanted{host, port, std::move(handler), boost::asio::make_work_guard(loop_)});
  const auto answerLater = [&](base::Result<Endpoints> result) {
    boost::asio::post(loop_, [mailbox = std::weak_ptr(mailbox_), number, result = std::move(result)] {
      // Destruction happens on this loop too, so the owner cannot go away meanwhile.
      if (const auto open = mailbox.lock(); open && open->owner != nullptr) open->owner->answer(number, result, false);
    });
  };
  boost::system::error_code notAnAddress;
  const auto address = boost::asio::ip::make_address(host, notAnAddress);
  if (!notAnAddress) {
    answerLater(Endpoints{{address, port}});
  } else if (waiting_.size() >= kMaxWaiting) {
    answerLater(base::fail(base::ErrorCode::limitExceeded,
                           "more than " + std::to_string(kMaxWaiting) + " name look-ups wait for the name server"));
  } else {
    waiting_.push_back(number);
    startWaiting();
  }
}

void NameLookup::startWaiting() {
  while (threads_ < kMaxThreads && !waiting_.empty()) {
    const std::uint64_t number = waiting_.front();
    waiting_.pop_front();
    const Wanted& wanted = wanted_.at(number);
    const auto run = [mailbox = mailbox_, number, host = wanted.host, port = wanted.port] {
      const base::Result<Endpoints> result = lookUp(host, port);
      const std::scoped_lock lock(mailbox->mutex);
      if (mailbox->owner == nullptr) return;
      boost::asio::post(mailbox->owner->loop_, [weak = std::weak_ptr(mailbox), number, result] {
        if (const auto open = weak.lock(); open && open->owner != nullptr) open->owner->answer(number, result, true);
      });
    };
    ++threads_;
    try {
      std::thread(run).detach();
    } catch (const std::system_error&) {
      boost::asio::post(loop_, [weak = std::weak_ptr(mailbox_), number] {
        if (const auto open = weak.lock(); open && open->owner != nullptr) {
          open->owner->answer(number, base::fail(base::ErrorCode::unavailable, "no thread for the name look-up"), true);
        }
      });
    }
  }
}

void NameLookup::answer(std::uint64_t number, base::Result<Endpoints> result, bool fromThread) {
  if (fromThread) {
    --threads_;
    startWaiting();
  }
  const auto found = wanted_.find(number);
  // The handler may destroy us.
  const Wanted wanted = std::move(found->second);
  wanted_.erase(found);
  wanted.handler(std::move(result));
}

}  // namespace p2pml::native
