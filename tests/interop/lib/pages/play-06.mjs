// Real playback in the generation "06": hls.js 0.14.17 over p2p-media-loader-hlsjs 0.6.2.

import { playHls, reportFragment } from './playback.mjs'
import { reportError, reportPeer, reportUploaded } from './stream.mjs'

const { Hls } = window
const { Events } = window.p2pml.core
const { Engine, initHlsJsPlayer } = window.p2pml.hlsjs

const everything = 1_000_000_000
const roles = {
  seed: { requiredSegmentsPriority: everything },
  leech: { requiredSegmentsPriority: -1, httpDownloadProbability: 0 }
}

function start (config) {
  const { tracker, role, level, settings } = config
  const engine = new Engine({
    loader: { trackerAnnounce: [tracker], rtcConfig: { iceServers: [] }, ...roles[role], ...settings }
  })
  engine.on(Events.SegmentLoaded, (segment, peer) => reportFragment(segment.url, segment.data.byteLength, peer))
  engine.on(Events.SegmentError, (segment, error) => reportError(`segment ${segment.id}: ${error}`))
  engine.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  engine.on(Events.PeerConnect, () => {
    reportPeer(1)
    // As in core-06.mjs: what the peer said before this event has been overlooked. Players that may use HTTP come by anyway.
    engine.segmentManager.updateSegments()
  })
  engine.on(Events.PeerClose, () => reportPeer(-1))

  const hls = new Hls({ loader: engine.createLoaderClass(), startLevel: level })
  initHlsJsPlayer(hls)
  playHls(Hls, hls, config)
}

Object.assign(window, { start })
window.report({ ready: true })
