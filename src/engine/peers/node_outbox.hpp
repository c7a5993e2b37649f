// What is to be sent to one p2pml node, at the speed at which its channel drains (docs/protocol/node.md).
//
// Frames go out at once, also between the payload of one upload and the next; uploads take turns. Payload is cut only
// as fast as the channel drains: a slow peer costs references to segments and at most ChannelRoom::kMost bytes of
// queued messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "engine/peers/channel_room.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

class NodeOutbox {
 public:
  /// Frames that wait: more means the peer makes us answer faster than it reads.
  static constexpr std::size_t kMaxFrames = 64;
  /// Requests of the peer that are open.
  static constexpr std::size_t kMaxUploads = 16;
  /// Payload of one upload before the next one's turn; half of what the channel has room for, if that is less.
  static constexpr std::uint64_t kTurn = 128 * 1024;

  explicit NodeOutbox(std::size_t maxMessageSize) : maxMessageSize_(maxMessageSize) {}

  /// False if there are too many already.
  [[nodiscard]] bool addFrame(base::Bytes frame);

  struct Upload {
    std::uint64_t request = 0;
    std::uint64_t next = 0;   ///< offset of the next byte to send
    std::uint64_t to = 0;     ///< after the last byte that is wanted; 0: the end of the segment
    std::uint64_t total = 0;  ///< of the segment; 0: not known yet
    std::uint64_t given = 0;  ///< after the last byte in `ready`
    std::deque<base::Bytes> ready;
    std::optional<wire::NodeEnd::Status> end;  ///< once all in `ready` is sent

    /// All that is wanted has been given. Where the end is not known it never has.
    [[nodiscard]] bool full() const {
      const std::uint64_t last = to == 0 ? total : total == 0 ? to : std::min(to, total);
      return last != 0 && given >= last;
    }
  };
  /// An answer to that request begins. Precondition: no upload of that number; uploads() < kMaxUploads.
  void open(std::uint64_t request, std::uint64_t from, std::uint64_t to);
  [[nodiscard]] Upload* find(std::uint64_t request);
  [[nodiscard]] const Upload* find(std::uint64_t request) const;
  /// The next bytes of the upload: from upload.given on. What is not wanted is left out; it ends when it is full().
  static void give(Upload& upload, base::Bytes bytes);
  /// No more comes. Without a byte sent or given that is all the peer gets.
  static void finish(Upload& upload, wire::NodeEnd::Status status) { upload.end = status; }
  /// What is wanted ends at `at`, or where it has got to already. 0: nothing is wanted any more, and nobody is told.
  void cancel(std::uint64_t request, std::uint64_t at);

  /// Of everything handed out by take(), how much the channel has passed on so far. The answer: how much more than told
  /// before.
  std::uint64_t onDrained(base::TimePoint now, std::uint64_t total);

  struct Message {
    base::Bytes data;
    std::uint64_t segmentBytes = 0;  ///< payload; 0: frames
  };
  /// The next message to send now, if there is one and the channel has room for it. Without `payload` no further turn
  /// of an upload begins.
  std::optional<Message> take(bool payload = true);
  /// Goes out before the frames that wait, however many messages it has.
  void setAnnouncement(std::vector<base::Bytes> messages) {
    announcement_.assign(std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end()));
  }
  /// Nothing waits and take() would hand out whatever came.
  [[nodiscard]] bool idle() const {
    return announcement_.empty() && frames_.empty() && turnLeft_ == 0 && handedOver_ - drained_ < room_.bytes();
  }
  [[nodiscard]] std::size_t uploads() const { return uploads_.size(); }

 private:
  Message handOver(base::Bytes data, std::uint64_t segmentBytes);
  Message takePayload();

  const std::size_t maxMessageSize_;
  std::deque<base::Bytes> announcement_;
  std::deque<base::Bytes> frames_;
  std::vector<Upload> uploads_;  // in the order of their turns
  /// What `data` announced and was not handed out yet. It goes out whatever becomes of the upload.
  std::deque<base::Bytes> turn_;
  std::uint64_t turnLeft_ = 0;
  std::uint64_t handedOver_ = 0;
  std::uint64_t drained_ = 0;
  ChannelRoom room_;
};

}  // namespace p2pml::engine
