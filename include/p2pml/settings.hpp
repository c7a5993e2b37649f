// The seed's settings for C++ applications: the plain values (engine/settings.hpp) and the callbacks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "driver/ports.hpp"
#include "engine/generation.hpp"
#include "engine/io.hpp"
#include "engine/segment.hpp"
#include "engine/settings.hpp"
#include "media/stream_properties.hpp"

namespace p2pml {

using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;
using driver::HttpHeader;
using driver::HttpRequest;
using engine::Generation;
using engine::IceServer;
using engine::IceTransportPolicy;
using engine::Method;
using engine::RtcConfig;
using engine::Segment;
/// What a manifest says of one stream. media/stream_properties.hpp reads it off an HLS multivariant playlist.
using media::StreamProperties;
using media::StreamType;

/// The seed's SegmentsStorage: where downloaded segments are kept. Every method answers through `done`, once, from any
/// thread, at once or later. Calls come on the runtime's thread, never two at a time for one loader. An error is told
/// by Events::StorageError; playback goes on.
class SegmentsStorage {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;

  virtual ~SegmentsStorage() = default;
  virtual void storeSegment(Segment segment, Done<void> done) = 0;
  /// By segment id. `data` may be left out.
  virtual void getSegmentsMap(std::string masterSwarmId, Done<std::map<std::string, Segment>> done) = 0;
  virtual void getSegment(std::string id, std::string masterSwarmId, Done<std::optional<Segment>> done) = 0;
  /// Removes what is too old or too much, but nothing of this master swarm for which the filter says true. Answers
  /// whether anything was removed.
  virtual void clean(std::string masterSwarmId, std::function<bool(const std::string& id)> lockedSegmentsFilter,
                     Done<bool> done) = 0;
  virtual void destroy() = 0;
};

/// Called on the runtime's thread; `done` may be called from any thread, once: no error means the segment is valid.
using SegmentValidator =
    std::function<void(const Segment& segment, Method method, const std::optional<std::string>& peerId,
                       std::function<void(Result<void>)> done)>;

/// The seed's table of settings, with its names and defaults.
struct Settings : engine::Settings {
  SegmentValidator segmentValidator;
  /// The native meaning of xhrSetup(xhr, url): may change headers, credentials and the timeout of a request before it
  /// is sent.
  std::function<void(HttpRequest& request, const std::string& url)> xhrSetup;
  std::function<std::string(const Segment& segment)> segmentUrlBuilder;
  /// None: segments are kept in memory.
  std::shared_ptr<SegmentsStorage> segmentsStorage;

  Settings() = default;
  Settings(engine::Settings values) : engine::Settings(std::move(values)) {}

  /// Settings from a JSON object, on top of the defaults. Error: invalidArgument, naming the setting and what is
  /// accepted.
  static Result<Settings> fromJson(std::string_view text);
};

}  // namespace p2pml
