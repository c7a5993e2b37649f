#include "platform/web/effects.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "platform/web/records.hpp"

namespace p2pml::web {

void Effects::begin(EffectKind kind) {
  text_ += text_.empty() ? "[[" : ",[";
  putNumber(static_cast<double>(kind));
}

std::string Effects::take() {
  taken_ = std::exchange(payloads_, {});
  if (!text_.empty()) text_.push_back(']');
  return std::exchange(text_, {});
}

void Effects::put(const base::PeerId& peer) { putText(base::toHex(peer.view())); }

void Effects::put(const base::Error& error) {
  text_.push_back('[');
  putText(toString(error.code));
  next(error.detail);
  text_.push_back(']');
}

void Effects::put(const engine::Segment& segment) {
  if (segment.data) payloads_.push_back(*segment.data);
  appendSegment(text_, segment);
}

void Effects::put(const base::Bytes& bytes) {
  payloads_.push_back(bytes);
  appendPart(text_, Payloads::partOf(bytes));
}

void Effects::put(const std::set<std::string>& texts) {
  text_.push_back('[');
  for (const std::string& text : texts) {
    if (text_.back() != '[') text_.push_back(',');
    putText(text);
  }
  text_.push_back(']');
}

void Effects::putNumber(double number) { base::appendJsonNumber(text_, number); }
void Effects::putText(std::string_view text) { base::appendJsonString(text_, text); }

}  // namespace p2pml::web
