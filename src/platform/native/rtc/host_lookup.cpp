#include "platform/native/rtc/host_lookup.hpp"

#include <gio/gio.h>

#include <utility>
#include <vector>

namespace p2pml::native {
namespace {

// Names come from settings, so there are few; a bound all the same.
constexpr std::size_t kMaxHosts = 64;

}  // namespace

struct HostLookup::Host {
  struct Waiter {
    const void* owner;
    Answer answer;
  };

  Host(GMainContext* main, std::function<void()> impatient) : patience(main, std::move(impatient)) {}

  std::vector<Waiter> waiters;
  RtcTimer patience;
  bool asking = false;  // a look-up is under way
  bool known = false;
  std::optional<std::string> address;
  std::int64_t expires = 0;  // g_get_monotonic_time()
};

/// What travels with one look-up; outlives the HostLookup if that ends first.
struct HostLookup::Query {
  HostLookup* lookup;
  std::shared_ptr<bool> alive;
  std::string name;
};

HostLookup::HostLookup(GMainContext* main) : main_(main) {}

HostLookup::~HostLookup() { *alive_ = false; }

void HostLookup::find(const std::string& name, const void* owner, Answer answer) {
  if (g_hostname_is_ip_address(name.c_str())) return answer(name);
  auto& slot = hosts_[name];
  if (!slot) {
    if (hosts_.size() > kMaxHosts) {
      hosts_.erase(name);
      return answer(std::nullopt);
    }
    slot = std::make_unique<Host>(main_, [this, name] { settle(*hosts_.at(name), std::nullopt, false); });
  }
  Host& host = *slot;
  if (host.known && g_get_monotonic_time() < host.expires) return answer(host.address);
  host.waiters.push_back({owner, std::move(answer)});
  if (!host.patience.running()) host.patience.start(kPatience);
  if (host.asking) return;
  host.asking = true;
  GResolver* resolver = g_resolver_get_default();
  g_resolver_lookup_by_name_async(
      resolver, name.c_str(), nullptr,
      [](GObject* source, GAsyncResult* result, gpointer data) {
        const std::unique_ptr<Query> query(static_cast<Query*>(data));
        GList* found = g_resolver_lookup_by_name_finish(G_RESOLVER(source), result, nullptr);
        std::optional<std::string> address;
        for (GList* item = found; item != nullptr; item = item->next) {
          auto* inet = static_cast<GInetAddress*>(item->data);
          const bool v4 = g_inet_address_get_family(inet) == G_SOCKET_FAMILY_IPV4;
          if (address && !v4) continue;
          gchar* text = g_inet_address_to_string(inet);
          address = text;
          g_free(text);
          if (v4) break;  // most of the other end's networks have it
        }
        if (found != nullptr) g_resolver_free_addresses(found);
        if (!*query->alive) return;
        query->lookup->settle(*query->lookup->hosts_.at(query->name), std::move(address), true);
      },
      new Query{this, alive_, name});
  g_object_unref(resolver);
}

void HostLookup::settle(Host& host, std::optional<std::string> address, bool final) {
  host.patience.stop();
  if (final) host.asking = false;
  host.known = true;
  host.expires = g_get_monotonic_time() + (address ? kKeepFound : kKeepMissing).count();
  host.address = std::move(address);
  const auto waiters = std::exchange(host.waiters, {});
  for (const auto& waiter : waiters) waiter.answer(host.address);
}

void HostLookup::cancel(const void* owner) {
  for (auto& [name, host] : hosts_) {
    std::erase_if(host->waiters, [owner](const Host::Waiter& waiter) { return waiter.owner == owner; });
  }
}

}  // namespace p2pml::native
