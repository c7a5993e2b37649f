// What a page needs to play a stream whose viewers share it: copy this.
//
// The stream and the tracker may be given in the address: ?manifest=URL&tracker=ws://HOST:PORT

const query = new URLSearchParams(location.search)
const manifest = query.get('manifest') || 'stream/master.m3u8'
const settings = { rtcConfig: { iceServers: [{ urls: 'stun:stun.l.google.com:19302' }] } }
// Viewers meet at trackers. Without this setting at those that everybody uses.
if (query.has('tracker')) settings.trackerAnnounce = query.getAll('tracker')

const video = document.getElementById('video')
let engine

if (Hls.isSupported() && p2pml.hlsjs.Engine.isSupported()) {
  engine = new p2pml.hlsjs.Engine({ loader: settings })
  const hls = new Hls({ liveSyncDurationCount: 7, loader: engine.createLoaderClass() })
  p2pml.hlsjs.initHlsJsPlayer(hls)
  hls.on(Hls.Events.MANIFEST_PARSED, () => { video.play().catch(() => {}) }) // a browser may want a click first
  hls.loadSource(manifest)
  hls.attachMedia(video)
} else {
  // Without WebRTC or Media Source Extensions the browser plays by itself, if it can.
  video.src = manifest
}
