// A seeder or leecher made of the real p2p-media-loader-core 2.2.2 or 2.3.1, whichever the import map names: generations "22" and
// "23" of docs/measurement-peer.md.

import { Core } from 'p2p-media-loader-core'

import { reportError, reportPeer, reportSegment, reportUploaded, segmentUrl } from './stream.mjs'

const everything = 1_000_000
const roles = {
  seed: { highDemandTimeWindow: everything, simultaneousHttpDownloads: 4 },
  leech: { simultaneousHttpDownloads: 0, highDemandTimeWindow: 0, p2pDownloadTimeWindow: everything }
}

async function start (config) {
  const { tracker, swarm, count, role, dur } = config
  const core = new Core({
    announceTrackers: [tracker],
    rtcConfig: { iceServers: [] },
    swarmId: swarm,
    ...roles[role],
    ...config.settings
  })
  core.setManifestResponseUrl(`${config.origin}/master.m3u8`)
  // In 2.2 the index is a number, in 2.3 a text, made of the stream's properties by integrations with players: here the text "0".
  // Both are put into the swarm's name as they are: v2-{swarm}-main-0.
  core.addStreamIfNoneExists({ runtimeId: 'stream', type: 'main', index: config.gen === '22' ? 0 : '0' })
  const urls = Array.from({ length: count }, (_, n) => segmentUrl(config, n))
  core.updateStream('stream', urls.map((url, n) => ({
    runtimeId: url, externalId: n, url, startTime: n * dur, endTime: (n + 1) * dur
  })))

  const peerOf = new Map()
  core.addEventListener('onSegmentLoaded', ({ segmentUrl: url, downloadSource, peerId }) => {
    peerOf.set(url, downloadSource === 'p2p' ? peerId : undefined)
  })
  core.addEventListener('onSegmentError', ({ error, segment, downloadSource, peerId }) => {
    reportError(`segment ${segment.externalId} from ${peerId ?? downloadSource}: ${error.type ?? error}`)
  })
  core.addEventListener('onPeerError', ({ error, peerId }) => reportError(`peer ${peerId}: ${error}`))
  core.addEventListener('onTrackerError', ({ error }) => reportError(`tracker: ${error}`))
  core.addEventListener('onTrackerWarning', ({ warning }) => reportError(`tracker warns: ${warning}`))
  core.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
  core.addEventListener('onPeerConnect', () => reportPeer(1))
  core.addEventListener('onPeerClose', () => reportPeer(-1))

  for (const [n, url] of urls.entries()) {
    const data = await new Promise((resolve, reject) => core.loadSegment(url, {
      onSuccess: response => resolve(response.data),
      onError: reject
    }).catch(reject))
    await reportSegment(n, data, peerOf.get(url))
  }
  // 2.2 loses announcements: one that is asked for while another is under way is dropped, and that other one was made before
  // the last segment was stored. A seeder that is through would never say what it has. Turning uploads off and on says it again.
  if (role === 'seed') {
    core.applyDynamicConfig({ isP2PUploadDisabled: true })
    await Promise.resolve()
    core.applyDynamicConfig({ isP2PUploadDisabled: false })
  }
}

Object.assign(window, {
  start: config => { start(config).catch(error => reportError(`gave up: ${error.stack ?? error}`)) }
})
window.report({ ready: true })
