// A viewer of the generation "22" or "23" that a test steers: see steered.mjs.

import './wire.mjs'
import { Core } from 'p2p-media-loader-core'

import { steer } from './steered.mjs'
import { reportError, reportPeer, reportSegment, reportUploaded, segmentUrl } from './stream.mjs'

function create (config) {
  const { tracker, swarm, count, dur, refuse = [] } = config
  const urls = Array.from({ length: count }, (_, n) => segmentUrl(config, n))
  const core = new Core({
    announceTrackers: [tracker],
    rtcConfig: { iceServers: [] },
    swarmId: swarm,
    simultaneousHttpDownloads: 0,
    highDemandTimeWindow: 0,
    p2pDownloadTimeWindow: dur / 2, // only the one that is asked for
    validateP2PSegment: async url => !refuse.includes(urls.indexOf(url)),
    ...config.settings
  })
  core.setManifestResponseUrl(`${config.origin}/master.m3u8`)
  core.addStreamIfNoneExists({ runtimeId: 'stream', type: 'main', index: config.gen === '22' ? 0 : '0' })
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
  core.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
  core.addEventListener('onPeerConnect', () => reportPeer(1))
  core.addEventListener('onPeerClose', () => reportPeer(-1))
  let wanted
  const want = async n => {
    if (wanted !== undefined) core.abortSegmentLoading(urls[wanted])
    wanted = n
    if (n === undefined) return
    await core.loadSegment(urls[n], {
      onSuccess ({ data }) {
        wanted = undefined
        reportSegment(n, data, peerOf.get(urls[n]))
      },
      onError () {} // onSegmentError tells, and what is given up here is no error
    })
    core.updatePlayback(n * dur, 1)
  }
  // Without asking for a segment it goes to no tracker. The position is left where nothing is to be loaded: not at the end of the
  // last segment, which still counts as that segment.
  want(0).then(() => {
    core.updatePlayback((count + 1) * dur, 1)
    return want(undefined)
  }).catch(error => reportError(`gave up: ${error.stack ?? error}`))
  return n => { want(n).catch(error => reportError(`gave up: ${error.stack ?? error}`)) }
}

steer(false, create)
