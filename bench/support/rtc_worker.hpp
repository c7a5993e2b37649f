// A WebRTC peer driven by JSON lines on standard input, answering by JSON lines on standard output: the native end of
// interop tests and of the data channel benchmark. tests/interop/datachannel_worker.mjs speaks the same with other
// implementations.
//
// Commands (`id` is a number the caller chooses for a connection):
//   {"cmd":"offer","id"} {"cmd":"answer","id","sdp"}           -> {"ev":"description","id","sdp"}
//   {"cmd":"accept","id","sdp"}                                   (the answer to our offer)
//   {"cmd":"send","id","bytes","message","hash"}               -> {"ev":"sent","id","sha256"} when all has left the
//   queue
//   {"cmd":"receive","id","bytes","hash"}                      -> {"ev":"receiving","id"}: send only after it; then
//                                                                 {"ev":"received","id","bytes","messages","sha256"}
//   {"cmd":"usage"}                                            -> {"ev":"usage","cpu","rss","fds","threads"}  (s,
//   bytes)
//   {"cmd":"close","id"} {"cmd":"quit"}
//   {"cmd":"relay","delay","loss","rate","queue","seed"}          (UdpRelay: ms, 0..1, bit/s, bytes)
//   {"cmd":"rewrite","id","sdp"}                               -> {"ev":"rewritten","id","sdp"}
// Unasked: {"ev":"open","id","remoteAddress"} {"ev":"closed","id","reason"}
//
// What is sent is message after message of a fixed pattern; `sha256` is over the payload of all of them.
#pragma once

namespace p2pml::bench {

/// Runs until standard input ends or "quit". Returns the exit code.
int runRtcWorker();

}  // namespace p2pml::bench
