// The contract between the WebAssembly module p2pml.wasm and the JavaScript around it: every export, import and record.
//
// One module instance is one loader. The module never calls out while it works, but for the imports below,
// which answer at once, never throw and never call an export. What is to be done in the world, events for the page
// included, is recorded; JavaScript takes the record with effects() after the outermost export has returned, and
// carries it out in its order. Exports may be called from inside that: what they record is taken and carried out after
// the rest.
//
//
// clang-format off
//
// TYPES
//   ptr, len    u32: text as UTF-8 in the module's memory, at the place that scratch(size) gave for it. Several texts
//               of one call lie one after the other in one scratch area. Growth moves the memory: make views anew.
//   now         f64: performance.now(), in milliseconds. Times before the last one count as the last one.
//   id          f64: a whole number from 1 that the module gave (request, socket, connection), never used twice.
//   token       f64: a whole number that names an open question; the module's for hooks, JavaScript's for getSegment.
//   handle      u32, not 0: a payload in JavaScript, an ArrayBuffer or a part of one. JavaScript counts handles up and
//               never uses one twice. See PAYLOADS.
//   code        u32: what the one who hears of an error should do about it, as base::ErrorCode: 0 invalidArgument,
//               1 malformed, 2 limitExceeded, 3 notFound, 4 unavailable, 5 timeout, 6 aborted, 7 internal.
//   peer id     40 hex digits.
//   method      "http" or "p2p".
//
//
// EXPORTS
// Memory and text:
//   memory
//   _initialize()               once, before all others
//   scratch(size) -> ptr        place for `size` bytes of arguments, until scratch() is called again
//   text() -> ptr               where the text is that the last export left whose answer is a length
//   interfaceVersion() -> u32   kInterfaceVersion
//   generations() -> u32        bit n: this build speaks generation n of 0 (G0), 1 (G2), 2 (G3), 3 (G4)
//
// The loader. Before create() has succeeded, and after destroy(), every other export does nothing; texts are empty.
//   create(now, settings ptr, len, flags, seedLow, seedHigh) -> u32
//       settings: JSON object by the seed's names, without its callbacks (may be "{}"). flags: sum of kWebRtc,
//       kSegmentValidator, kCustomStorage. seed: 64 random bits in two u32. 0: all is well. Else the length of the text
//       that names the setting and what was expected; create() may be called again then. Called once with success.
//   destroy(now)
//       the seed's destroy(). Its effects end all that is open; nothing comes after them.
//   load(now, segments ptr, len, streamSwarmId ptr, len, stream ptr, len) -> u32
//       the seed's load(). segments: JSON array of segment objects (see RECORDS), at least id, url, priority. stream:
//       JSON object as RECORDS says, or no text at all. 0, or the length of the text that says what is wrong; then
//       nothing was changed.
//   getSegment(now, id ptr, len, token)
//       answered by one effect segmentResult, unless destroy() comes first
//   getSettings() -> u32
//       length of the text: JSON object, all settings with their present values
//   getDetails() -> u32
//       length of the text: JSON object {peerId, peers: [{id, generation, remoteAddress, bytesDownloaded,
//       bytesUploaded, segments}], swarms: [{generation, streamSwarmId, infoHash, peerId, peers}]}
//   getStats() -> u32
//       length of the text: JSON object of numbers by the names of engine::Stats
//
// The loop:
//   effects() -> u32
//       length of the text: JSON array of what was recorded since the last call, 0 if that is nothing. Payloads in it
//       (see PAYLOADS) are there until the next export with a `now` or effects() is called: look up all of them before
//       anything is carried out.
//   deadline() -> f64
//       when tick() is due at the latest, on the clock of `now`; Infinity: no time; it may be past. Ask after every
//       outermost export.
//   tick(now)
//
// What happened. Answers to ids that are not open (any more) are dropped.
//   httpHead(now, request, status, contentLength, rangeStart, rangeTotal, acceptsRanges, requestUrl ptr, len,
//            responseUrl ptr, len)
//       contentLength: f64 of this body, -1: unknown or content-encoded. rangeStart, rangeTotal: f64 of Content-Range
//       in a 206, -1: none or hidden by CORS. acceptsRanges: 1 if the header Accept-Ranges: bytes can be seen.
//   httpData(now, request, handle, offset, len)
//       bytes of the body, in order. Pieces that continue each other in one handle are never copied: with
//       XMLHttpRequest report progress as pieces of one handle whose bytes come with `load` (payloadIntact answers 0
//       until then).
//   httpDone(now, request)
//       the body is complete: also of a status like 404
//   httpFailed(now, request, code, detail ptr, len)
//   socketOpened(now, socket)
//   socketMessage(now, socket, text ptr, len)
//   socketClosed(now, socket, code, detail ptr, len)
//       final; also of one that never opened
//   offerCreated(now, connection, sdp ptr, len)
//   answerCreated(now, connection, sdp ptr, len)
//       with all candidates
//   peerOpened(now, connection, remoteAddress ptr, len)
//       remoteAddress: of the selected pair, without port; may be empty
//   peerMessage(now, connection, handle, len)
//       one message: the whole payload
//   peerDrained(now, connection, total)
//       bytes sent minus bufferedAmount, since the channel opened. After every send it must come within 64 KiB of all
//       that was sent.
//   peerClosed(now, connection, code, detail ptr, len)
//       final; also of one that never opened
//
// Answers of hooks, one for each effect that carries a token:
//   hookDone(now, token)
//       validate: the segment is valid. storageStore: it is stored.
//   hookFailed(now, token, detail ptr, len)
//       any of them threw or rejected
//   hookSegments(now, token, segments ptr, len)
//       storageMap: JSON array of segment objects
//   hookSegment(now, token, segment ptr, len, handle, len)
//       storageGet: JSON of the segment object and its data; no text: there is none; handle 0: it has no living data
//   hookCleaned(now, token, removed)
//       storageClean: 1 if anything was removed
//
//
// IMPORTS, module "env"
//   payloadPeek(handle, offset, ptr, len)
//       copies bytes of the payload into the memory (zeros if it is not intact)
//   payloadJoin(ptr, count) -> handle
//       makes one new payload of `count` pieces, in one go. At ptr: for each piece three u32, little-endian: handle,
//       offset, length; handle 0: of the memory, and the offset is an address. Pieces that are not intact: zeros.
//   payloadFree(handle)
//       the module will not name the handle again
//   payloadIntact(handle) -> u32
//       1 if the bytes can be read: they have come and are not detached
//   numberOf(ptr, len) -> f64
//       Number(text) of digits, a point and an exponent
//   numberText(value, ptr) -> u32
//       String(value) of a finite number, as at most 32 bytes to the place, and their number
//
//
// PAYLOADS
// The bytes of segments stay in JavaScript. The module knows them by a handle and their length. By httpData,
// peerMessage and hookSegment a handle becomes the module's, which gives it back by payloadFree: at once if nobody
// wants the bytes, later if they are stored or being sent. JavaScript keeps what is behind a handle until then. In a
// record a payload is [handle, offset, length]; with handle 0 the offset is an address in the module's memory
// (commands to peers).
//
// A player may detach the buffer that it was given (postMessage). The module asks payloadIntact before it uploads or
// announces a stored segment. One that is not intact is not shared any more; getSegment of it answers that there is
// none, and if it is in the queue it is loaded anew: then, and not already by load(), for whoever has detached it has
// it, and integrations ask by getSegment for what they want again (0.6.2 hands them the empty buffer). A buffer that is detached in the middle of an upload: JavaScript
// cannot send what peerSend asks for, closes the connection and reports peerClosed.
//
//
// RECORDS
// A segment is an object by the seed's names: {id, url, range, priority, masterSwarmId, masterManifestUri, streamId,
// sequence, externalId, duration, neededIn, data, downloadBandwidth, downloadSpeed, requestUrl, responseUrl}. Members
// that are not set are left out: range, streamId, externalId, duration, neededIn, requestUrl, responseUrl, data, and
// downloadBandwidth and downloadSpeed of 0. duration and neededIn: whole milliseconds.
// data: a payload. To load() and hooks the same, without data; members that are not known are ignored, null counts as
// left out.
// A stream, as media::StreamProperties: {type: "main" or "secondary", index, bitrate, codecs, width, height, language,
// channels, name, frameRate, videoRange, key, bitrateDistinguishes, codecsOfG4, redirectedSwarmId}; all may be left
// out.
// An error is [code name, detail], for example ["timeout", "..."]. `?`: may be null.
//
// An effect is an array: its number (EffectKind) and what the enumeration says.
//
// clang-format on
#pragma once

#include <cstdint>

namespace p2pml::web {

/// Changes with every change of exports, imports or records that an older JavaScript would not understand.
inline constexpr std::uint32_t kInterfaceVersion = 2;

/// Flags of create().
inline constexpr std::uint32_t kWebRtc = 1;            ///< there are data channels here (the seed's isSupported())
inline constexpr std::uint32_t kSegmentValidator = 2;  ///< kValidate will be answered
inline constexpr std::uint32_t kCustomStorage = 4;     ///< kStorage... will be answered

enum class EffectKind : std::uint8_t {
  // Orders.
  httpStart = 1,        ///< request, segment, range?: GET by segmentUrlBuilder and xhrSetup, with that Range header
  httpCancel = 2,       ///< request
  socketOpen = 3,       ///< socket, url
  socketSend = 4,       ///< socket, text
  socketClose = 5,      ///< socket: what was sent is still flushed; nothing of it is delivered any more
  peerOffer = 6,        ///< connection, label: of the one data channel, ordered and reliable; answer offerCreated
  peerAnswer = 7,       ///< connection, sdp of the offer; answer answerCreated
  peerSetAnswer = 8,    ///< connection, sdp of the answer
  peerSend = 9,         ///< connection, payload: one binary message
  peerClose = 10,       ///< connection: nothing of it is delivered any more
  validate = 11,        ///< token, segment with data, method, peer id?; answer hookDone or hookFailed
  storageStore = 12,    ///< token, segment with data; answer hookDone or hookFailed
  storageMap = 13,      ///< token, masterSwarmId; answer hookSegments or hookFailed
  storageGet = 14,      ///< token, id, masterSwarmId; answer hookSegment or hookFailed
  storageClean = 15,    ///< token, masterSwarmId, array of the ids that must stay; answer hookCleaned or hookFailed
  storageDestroy = 16,  ///< nothing
  segmentResult = 17,   ///< the token of getSegment(), segment?

  // The seed's events.
  segmentLoaded = 32,         ///< segment with data, peer id?
  segmentError = 33,          ///< segment, error, peer id?
  segmentAbort = 34,          ///< segment
  peerConnect = 35,           ///< peer id, remote address, generation ("G0" ...)
  peerClosed = 36,            ///< peer id
  pieceBytesDownloaded = 37,  ///< method, bytes, peer id?
  pieceBytesUploaded = 38,    ///< method, bytes, peer id?
  // Beyond the seed.
  segmentStart = 39,    ///< segment, method, peer id?
  trackerUpdate = 40,   ///< url, complete?, incomplete?, interval in milliseconds
  trackerWarning = 41,  ///< url, message
  trackerError = 42,    ///< url, error
  peerError = 43,       ///< peer id?, error
  storageError = 44,    ///< error
};

}  // namespace p2pml::web
