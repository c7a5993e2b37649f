// Real playback in the generations "22" and "23": hls.js 1.6.16 over p2p-media-loader-hlsjs 2.2.2 or 2.3.1, as the page says.

import Hls from 'hls.js'
import { HlsJsP2PEngine } from 'p2p-media-loader-hlsjs'

import { playHls, reportFragment } from './playback.mjs'
import { reportError, reportPeer, reportUploaded } from './stream.mjs'

const everything = 1_000_000
const roles = {
  seed: { highDemandTimeWindow: everything },
  leech: { simultaneousHttpDownloads: 0, highDemandTimeWindow: 0 }
}

function start (config) {
  const { tracker, role, level, worker, settings } = config
  const HlsWithP2P = HlsJsP2PEngine.injectMixin(Hls)
  const hls = new HlsWithP2P({
    // With its worker on, hls.js takes the engine's stored segments away: it hands the buffers over to the worker, and peers
    // then get empty segments.
    enableWorker: worker,
    startLevel: level,
    p2p: {
      core: { announceTrackers: [tracker], rtcConfig: { iceServers: [] }, ...roles[role], ...settings },
      onHlsJsCreated ({ p2pEngine }) {
        p2pEngine.addEventListener('onSegmentLoaded', ({ segmentUrl, bytesLength, downloadSource, peerId }) => {
          reportFragment(segmentUrl, bytesLength, downloadSource === 'p2p' ? peerId : undefined)
        })
        p2pEngine.addEventListener('onSegmentError', ({ error, segment }) => reportError(`segment ${segment.url}: ${error.type}`))
        p2pEngine.addEventListener('onTrackerError', ({ error }) => reportError(`tracker: ${error}`))
        p2pEngine.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
        p2pEngine.addEventListener('onPeerConnect', () => reportPeer(1))
        p2pEngine.addEventListener('onPeerClose', () => reportPeer(-1))
      }
    }
  })
  playHls(Hls, hls, config)
}

Object.assign(window, { start })
window.report({ ready: true })
