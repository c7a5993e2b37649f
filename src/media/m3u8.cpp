#include "media/m3u8.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "media/m3u8_context.hpp"
#include "media/m3u8_media.hpp"
#include "media/m3u8_multivariant.hpp"

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Decides which of the two kinds a playlist is, hands each line to that kind's reader, and reads the tags both kinds
/// have.
class PlaylistReader {
 public:
  explicit PlaylistReader(M3u8Context context)
      : context_(std::move(context)), media_(context_), multivariant_(context_) {}
  PlaylistReader(const PlaylistReader&) = delete;
  PlaylistReader& operator=(const PlaylistReader&) = delete;

  M3u8Status feed(std::string_view piece);
  Result<Playlist> finish();

 private:
  enum class Kind : std::uint8_t { unknown, media, multivariant };
  using Rule = M3u8TagRule<PlaylistReader>;
  struct Rules;

  M3u8Status onRawLine(std::string_view text);
  M3u8Status onLine(const M3u8Line& line);
  void keepUnknown(const M3u8Tag& tag);
  M3u8Status onTag(const M3u8Tag& tag);
  M3u8Status onUri(std::string_view uri);
  M3u8Status becomes(Kind kind, std::string_view tagName);

  M3u8Status onVersion(std::string_view value);
  M3u8Status onIndependentSegments(std::string_view value);
  M3u8Status onStart(std::string_view value);
  M3u8Status onDefine(std::string_view value);

  M3u8Context context_;
  std::string begun_;  // of a line whose end has not come yet
  std::size_t bytes_ = 0;
  std::size_t line_ = 0;
  PlaylistHeader header_;
  bool versionSeen_ = false;
  Kind kind_ = Kind::unknown;
  std::string_view kindTag_;  // the tag that decided it, as its rule has it, and its line
  std::size_t kindLine_ = 0;
  MediaPlaylistReader media_;
  MultivariantPlaylistReader multivariant_;
};

struct PlaylistReader::Rules {
  using R = PlaylistReader;
  static constexpr std::array kTable = std::to_array<Rule>({
      {"EXT-X-DEFINE", &R::onDefine},
      {"EXT-X-INDEPENDENT-SEGMENTS", &R::onIndependentSegments},
      {"EXT-X-START", &R::onStart},
      {"EXT-X-VERSION", &R::onVersion},
  });
  static_assert(std::ranges::is_sorted(kTable, {}, &Rule::name));
};

M3u8Status PlaylistReader::feed(std::string_view piece) {
  bytes_ += piece.size();
  if (bytes_ > kMaxPlaylistBytes) return fail(ErrorCode::limitExceeded, "playlist: longer than 8388608 bytes");
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    if (end == std::string_view::npos) {
      begun_ += piece;
      // With room for a byte order mark and a CR, which are not counted. Longer: the end will not mend it.
      if (begun_.size() > kMaxPlaylistLineBytes + 4) return onRawLine(begun_);
      return {};
    }
    M3u8Status status;
    if (begun_.empty()) {
      status = onRawLine(piece.substr(0, end));
    } else {
      begun_ += piece.substr(0, end);
      status = onRawLine(begun_);
      begun_.clear();
    }
    if (!status) return status;
    piece.remove_prefix(end + 1);
  }
  return {};
}

M3u8Status PlaylistReader::onRawLine(std::string_view text) {
  ++line_;
  if (line_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > kMaxPlaylistLineBytes) {
    context_.enter(line_, "text");
    return context_.limitExceeded("longer than 65536 bytes");
  }
  const M3u8Line line{line_, trimLine(text)};
  if (line_ > 1) return onLine(line);
  // "It MUST be the first line of every Media Playlist and every Master Playlist" (section 4.3.1.1).
  if (line.text != "#EXTM3U") {
    return fail(ErrorCode::malformed, "line 1: expected #EXTM3U, so this is no HLS playlist");
  }
  return {};
}

Result<Playlist> PlaylistReader::finish() {
  if (!begun_.empty() || line_ == 0) {
    if (const auto status = onRawLine(begun_); !status) return std::unexpected(status.error());
  }
  context_.enter(context_.line(), "end of playlist");
  header_.variables = context_.takeVariables();
  if (kind_ == Kind::media) {
    auto playlist = media_.finish(std::move(header_));
    if (!playlist) return std::unexpected(playlist.error());
    return Playlist(std::move(*playlist));
  }
  if (kind_ == Kind::multivariant) {
    auto playlist = multivariant_.finish(std::move(header_));
    if (!playlist) return std::unexpected(playlist.error());
    return Playlist(std::move(*playlist));
  }
  return context_.malformed(
      "expected segments (EXT-X-TARGETDURATION, EXTINF) or variants (EXT-X-STREAM-INF), found neither");
}

M3u8Status PlaylistReader::onLine(const M3u8Line& line) {
  context_.count(line.text.size() + 1);
  context_.enter(line.number, "text");
  const M3u8LineKind kind = classify(line.text);
  if (kind == M3u8LineKind::blank) return {};
  // "Playlist files MUST be encoded in UTF-8 ... MUST NOT contain UTF-8 control characters" (section 4.1), tabs aside.
  if (!base::isUtf8(line.text)) return context_.malformed("expected UTF-8");
  for (const char c : line.text) {
    if ((static_cast<std::uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f) {
      return context_.malformed("contains a control character, expected text");
    }
  }
  if (kind == M3u8LineKind::tag) return onTag(splitTag(line.text));
  if (kind == M3u8LineKind::uri) return onUri(line.text);
  return {};
}

M3u8Status PlaylistReader::onTag(const M3u8Tag& tag) {
  context_.enter(context_.line(), tag.name);
  if (const auto* rule = findTagRule(Rules::kTable, tag.name)) return (this->*rule->handle)(tag.value);
  if (const auto* rule = MediaPlaylistReader::ruleOf(tag.name)) {
    if (const auto status = becomes(Kind::media, rule->name); !status) return status;
    return (media_.*rule->handle)(tag.value);
  }
  if (const auto* rule = MultivariantPlaylistReader::ruleOf(tag.name)) {
    if (const auto status = becomes(Kind::multivariant, rule->name); !status) return status;
    return (multivariant_.*rule->handle)(tag.value);
  }
  // The tag that opens the playlist may come again where two were put together; it says nothing.
  if (tag.name != "EXTM3U") keepUnknown(tag);
  return {};
}

void PlaylistReader::keepUnknown(const M3u8Tag& tag) {
  if (header_.unknownTags.size() == kMaxUnknownTags) return;
  header_.unknownTags.push_back({context_.line(), std::string(tag.name), std::string(tag.value)});
}

M3u8Status PlaylistReader::onUri(std::string_view uri) {
  context_.enter(context_.line(), "URI");
  switch (kind_) {
    case Kind::media: return media_.onUri(uri);
    case Kind::multivariant: return multivariant_.onUri(uri);
    case Kind::unknown: break;
  }
  return context_.malformed("expected an EXTINF or EXT-X-STREAM-INF before the first URI line");
}

M3u8Status PlaylistReader::becomes(Kind kind, std::string_view tagName) {
  if (kind_ == Kind::unknown) {
    kind_ = kind;
    kindTag_ = tagName;
    kindLine_ = context_.line();
  }
  if (kind_ == kind) return {};
  // "A Playlist MUST be either a Master or a Media Playlist; clients MUST fail to parse one that is both"
  // (section 4.1).
  return context_.malformed(std::string("expected no tag of a ") + (kind == Kind::media ? "media" : "multivariant") +
                            " playlist, as " + std::string(kindTag_) + " in line " + std::to_string(kindLine_) +
                            " makes this one a " + (kind == Kind::media ? "multivariant" : "media") + " playlist");
}

M3u8Status PlaylistReader::onVersion(std::string_view value) {
  // "clients MUST fail to parse a Playlist that has more than one" (section 4.3.1.2).
  if (versionSeen_) return context_.malformed("appears twice, expected once");
  versionSeen_ = true;
  const auto version = parseDecimalInteger(value);
  if (!version)
    return context_.malformed("expected a whole number, found \"" + std::string(value.substr(0, 60)) + "\"");
  header_.version = *version;
  return {};
}

M3u8Status PlaylistReader::onIndependentSegments(std::string_view) {
  header_.independentSegments = true;
  return {};
}

M3u8Status PlaylistReader::onStart(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  const auto offset = attributes.signedDecimal("TIME-OFFSET", 6);
  if (!offset) attributes.refuse("TIME-OFFSET", "a decimal number of seconds");
  const bool precise = attributes.yes("PRECISE");
  if (!attributes.status()) return attributes.status();
  header_.start = StartPoint{base::Duration(*offset), precise};
  return {};
}

M3u8Status PlaylistReader::onDefine(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  if (!attributes.status()) return attributes.status();
  return context_.define(attributes.list());
}

}  // namespace

class M3u8Reader::Impl {
 public:
  static Result<std::unique_ptr<Impl>> make(std::string baseUrl, M3u8Options options) {
    auto impl = std::unique_ptr<Impl>(new Impl(std::move(baseUrl), std::move(options)));
    auto context = M3u8Context::make(impl->baseUrl_, impl->options_);
    if (!context) return std::unexpected(context.error());
    impl->reader_.emplace(std::move(*context));
    return impl;
  }
  PlaylistReader& reader() { return *reader_; }

 private:
  Impl(std::string baseUrl, M3u8Options options) : baseUrl_(std::move(baseUrl)), options_(std::move(options)) {}

  std::string baseUrl_;
  M3u8Options options_;
  std::optional<PlaylistReader> reader_;
};

M3u8Reader::M3u8Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
M3u8Reader::M3u8Reader(M3u8Reader&&) noexcept = default;
M3u8Reader& M3u8Reader::operator=(M3u8Reader&&) noexcept = default;
M3u8Reader::~M3u8Reader() = default;

Result<M3u8Reader> M3u8Reader::make(std::string baseUrl, M3u8Options options) {
  auto impl = Impl::make(std::move(baseUrl), std::move(options));
  if (!impl) return std::unexpected(impl.error());
  return M3u8Reader(std::move(*impl));
}

Result<void> M3u8Reader::feed(std::string_view piece) { return impl_->reader().feed(piece); }

Result<Playlist> M3u8Reader::finish() { return impl_->reader().finish(); }

Result<Playlist> parseM3u8(std::string_view text, std::string_view baseUrl, const M3u8Options& options) {
  auto context = M3u8Context::make(baseUrl, options);
  if (!context) return std::unexpected(context.error());
  PlaylistReader reader(std::move(*context));
  if (const auto status = reader.feed(text); !status) return std::unexpected(status.error());
  return reader.finish();
}

}  // namespace p2pml::media
