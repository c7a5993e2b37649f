#include "gateway/segment_answer.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/sha1.hpp"

namespace p2pml::gateway {

void SegmentAnswer::plain(Outputs& out, int status, Headers headers) {
  out.push_back(output::RespondHead{question_.exchange, status, std::move(headers),
                                    status == 304 ? std::nullopt : std::optional<std::uint64_t>(0)});
  out.push_back(output::RespondEnd{question_.exchange});
  done_ = true;
}

/// False if the size must be known first.
bool SegmentAnswer::begin(Outputs& out, std::uint64_t size, const std::string& name) {
  Headers headers{{"Content-Type", question_.contentType}, {"Accept-Ranges", "bytes"}};
  if (size == 0 && (question_.range || question_.headOnly)) return false;
  if (size > 0) {
    // Of the name and size, not of the content: weak (RFC 9110 section 8.8.1).
    const std::string tag = "W/\"" + base::toHex(base::sha1(name)).substr(0, 16) + "-" + std::to_string(size) + "\"";
    headers.push_back({"ETag", tag});
    if (!question_.ifNoneMatch.empty() && matchesEntityTag(question_.ifNoneMatch, tag)) {
      plain(out, 304, std::move(headers));
      return true;
    }
  }
  int status = 200;
  if (question_.part) {
    const Span& span = question_.part->span;
    headers.push_back({"Content-Range", contentRange(span, question_.part->total)});
    status = 206;
    end_ = span.end - span.first;
  } else if (question_.range) {
    const auto span = spanOf(*question_.range, size);
    if (!span) {
      headers.push_back({"Content-Range", "bytes */" + std::to_string(size)});
      plain(out, 416, std::move(headers));
      return true;
    }
    headers.push_back({"Content-Range", contentRange(*span, size)});
    status = 206;
    from_ = span->first;
    end_ = span->end;
  } else if (size > 0) {
    end_ = size;
  }
  begun_ = true;
  std::optional<std::uint64_t> length;
  if (end_) length = *end_ - from_;
  out.push_back(output::RespondHead{question_.exchange, status, std::move(headers), length});
  if (question_.headOnly) {
    out.push_back(output::RespondEnd{question_.exchange});
    done_ = true;
  }
  return true;
}

void SegmentAnswer::tell(Outputs& out, const base::Bytes& known, std::uint64_t total, bool whole,
                         const std::string& name) {
  if (done_) return;
  const std::uint64_t size = whole ? known.size() : total;
  if (!begun_ && !begin(out, size, name)) return;
  if (done_) return;
  const std::uint64_t next = from_ + sent_;
  const std::uint64_t end = std::min<std::uint64_t>(end_.value_or(known.size()), known.size());
  if (next < end) {
    out.push_back(output::RespondBody{
        question_.exchange, known.slice(static_cast<std::size_t>(next), static_cast<std::size_t>(end - next))});
    sent_ += end - next;
  }
  if (whole && end_ && from_ + sent_ < *end_) return cut(out);
  if (whole || (end_ && from_ + sent_ == *end_)) {
    out.push_back(output::RespondEnd{question_.exchange});
    done_ = true;
  }
}

void SegmentAnswer::cut(Outputs& out) {
  if (done_) return;
  out.push_back(output::RespondCut{question_.exchange});
  done_ = true;
}

}  // namespace p2pml::gateway
