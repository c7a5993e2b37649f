// What the module wants done, recorded as the JSON of interface.hpp until JavaScript takes it.
//
// Owned by Loader. What always holds: the payloads named in a record live until release() after it was taken.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/io.hpp"
#include "platform/web/interface.hpp"

namespace p2pml::web {

/// A hook's or a getSegment's token.
using Token = std::uint64_t;

class Effects {
 public:
  template <class... Fields>
  void add(EffectKind kind, const Fields&... fields) {
    begin(kind);
    (next(fields), ...);
    text_.push_back(']');
  }
  /// All since the last take as a JSON array; "" if there is nothing.
  std::string take();
  /// JavaScript has looked up the payloads of what was taken.
  void release() { taken_.clear(); }

 private:
  void begin(EffectKind kind);
  template <class Field>
  void next(const Field& field) {
    text_.push_back(',');
    put(field);
  }
  template <class Field>
  void put(const std::optional<Field>& field) {
    if (field) {
      put(*field);
    } else {
      text_ += "null";
    }
  }
  template <class Tag>
  void put(base::StrongId<Tag> id) {
    putNumber(static_cast<double>(id.value));
  }
  void put(std::uint64_t number) { putNumber(static_cast<double>(number)); }
  void put(std::int64_t number) { putNumber(static_cast<double>(number)); }
  void put(const std::string& text) { putText(text); }
  void put(engine::Method method) { putText(toString(method)); }
  void put(base::Duration duration) { putNumber(static_cast<double>(base::toMilliseconds(duration))); }
  void put(engine::Generation generation) { putText(infoOf(generation).name); }
  void put(const base::PeerId& peer);
  void put(const base::Error& error);
  void put(const engine::Segment& segment);
  void put(const base::Bytes& bytes);
  void put(const std::set<std::string>& texts);
  void putNumber(double number);
  void putText(std::string_view text);

  std::string text_;
  std::vector<base::Bytes> payloads_;  // of text_
  std::vector<base::Bytes> taken_;
};

}  // namespace p2pml::web
