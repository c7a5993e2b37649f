#include "platform/sim/digest.hpp"

#include <optional>
#include <variant>

namespace p2pml::sim {

namespace {

/// Adds whatever of the usual fields an input or output has.
template <class T>
void addFields(Digest& digest, const T& value) {
  if constexpr (requires { value.request; }) digest.add(value.request.value);
  if constexpr (requires { value.socket; }) digest.add(value.socket.value);
  if constexpr (requires { value.connection; }) digest.add(value.connection.value);
  if constexpr (requires { value.token; }) digest.add(value.token);
  if constexpr (requires { value.data.size(); }) digest.add(value.data.size());
  if constexpr (requires { std::string_view(value.sdp); }) digest.add(std::string_view(value.sdp));
  if constexpr (requires { std::string_view(value.text); }) digest.add(std::string_view(value.text));
  if constexpr (requires { std::string_view(value.url); }) digest.add(std::string_view(value.url));
  if constexpr (requires { value.drained; }) digest.add(value.drained);
  if constexpr (requires { value.bytes; }) digest.add(value.bytes);
  if constexpr (requires { value.status; }) digest.add(static_cast<std::uint64_t>(value.status));
  if constexpr (requires { value.method; }) digest.add(static_cast<std::uint64_t>(value.method));
  if constexpr (requires { std::string_view(value.segment.id); }) digest.add(std::string_view(value.segment.id));
  if constexpr (requires { value.segments.size(); }) digest.add(value.segments.size());
  if constexpr (requires { value.id.view(); }) digest.add(value.id.view());
  if constexpr (requires { value.peerId->view(); }) {
    if (value.peerId) digest.add(value.peerId->view());
  }
  if constexpr (requires { value.range->size(); }) {
    if (value.range) digest.add(std::string_view(*value.range));
  }
}

template <class Variant>
void addVariant(Digest& digest, base::TimePoint now, const Variant& variant) {
  digest.add(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  digest.add(variant.index());
  std::visit([&](const auto& value) { addFields(digest, value); }, variant);
}

}  // namespace

void Digest::add(base::TimePoint now, const engine::Input& input) { addVariant(*this, now, input); }
void Digest::add(base::TimePoint now, const engine::Output& output) { addVariant(*this, now, output); }

std::string Digest::text() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  for (int shift = 60; shift >= 0; shift -= 4) result.push_back(kDigits[hash_ >> shift & 15]);
  return result;
}

}  // namespace p2pml::sim
