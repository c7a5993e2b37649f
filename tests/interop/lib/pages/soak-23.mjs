// The real p2p-media-loader-core 2.3.1 as one end of a soak: see soak-06.mjs.

import { Core } from 'p2p-media-loader-core'

import { makeBody, Receiver } from './soak-body.mjs'
import { reportError, reportPeer, reportUploaded, segmentUrl } from './stream.mjs'

/** Segments to load beyond the one that is waited for: they are all that the storage ever holds. */
const ahead = 8

/** What this page says it holds. The seeder's bodies are made when asked for; the leecher's are kept until they are taken. */
class Storage {
  held = new Set()
  bodies = new Map()

  constructor (make) { this.make = make }
  async initialize () {}
  onPlaybackUpdated () {}
  onSegmentRequested () {}
  async storeSegment (_swarm, stream, n, data) {
    this.held.add(n)
    this.bodies.set(n, data)
    this.changed?.(stream)
  }
  async getSegmentData (_swarm, _stream, n) { return this.held.has(n) ? this.bodies.get(n) ?? this.make?.(n) : undefined }
  getUsage () { return { totalCapacity: 1, usedCapacity: 0 } }
  hasSegment (_swarm, _stream, n) { return this.held.has(n) }
  getStoredSegmentIds () { return [...this.held] }
  setSegmentChangeCallback (changed) { this.changed = changed }
  destroy () {}
}

async function start (config) {
  const { tracker, swarm, count, rounds, role, dur } = config
  const isSeed = role === 'seed'
  const storage = new Storage(isSeed ? n => makeBody(config, n) : undefined)
  const core = new Core({
    announceTrackers: [tracker],
    rtcConfig: { iceServers: [] },
    swarmId: swarm,
    simultaneousHttpDownloads: 0,
    highDemandTimeWindow: 0,
    p2pDownloadTimeWindow: ahead * dur,
    isP2PUploadDisabled: !isSeed,
    customSegmentStorageFactory: () => storage
  })
  core.setManifestResponseUrl(`${config.origin}/master.m3u8`)
  core.addStreamIfNoneExists({ runtimeId: 'stream', type: 'main', index: '0' })
  const urls = Array.from({ length: count }, (_, n) => segmentUrl(config, n))
  core.updateStream('stream', urls.map((url, n) => ({
    runtimeId: url, externalId: n, url, startTime: n * dur, endTime: (n + 1) * dur
  })))

  core.addEventListener('onSegmentError', ({ error, segment, downloadSource, peerId }) => {
    reportError(`segment ${segment.externalId} from ${peerId ?? downloadSource}: ${error.type ?? error}`)
  })
  core.addEventListener('onPeerError', ({ error, peerId }) => reportError(`peer ${peerId}: ${error}`))
  core.addEventListener('onTrackerError', ({ error }) => reportError(`tracker: ${error}`))
  core.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
  core.addEventListener('onPeerConnect', () => reportPeer(1))
  core.addEventListener('onPeerClose', () => reportPeer(-1))

  const load = n => new Promise((resolve, reject) => core.loadSegment(urls[n], {
    onSuccess: response => resolve(response.data),
    onError: reject
  }).catch(reject))

  if (isSeed) {
    for (let n = 0; n < count; ++n) storage.held.add(n)
    await load(0)
    return
  }
  const receiver = new Receiver(config)
  let source = 'p2p'
  core.addEventListener('onChunkDownloaded', (_bytes, from) => {
    receiver.flow()
    if (from !== 'p2p') source = from
  })
  for (let round = 0; round < rounds; ++round) {
    storage.held.clear()
    for (let n = 0; n < count; ++n) {
      core.updatePlayback(n * dur, 1)
      const data = await load(n)
      storage.bodies.delete(n)
      await receiver.segment(n, data, source)
    }
  }
}

Object.assign(window, {
  start: config => { start(config).catch(error => reportError(`gave up: ${error.stack ?? error}`)) }
})
window.report({ ready: true })
