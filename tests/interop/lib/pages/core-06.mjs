// A seeder or leecher made of the real p2p-media-loader-core 0.6.2: generation "06" of docs/measurement-peer.md.

import { reportError, reportPeer, reportSegment, reportUploaded, segmentUrl } from './stream.mjs'

const { Events, HybridLoader } = window.p2pml.core

const everything = 1_000_000_000
const roles = {
  seed: { requiredSegmentsPriority: everything, simultaneousHttpDownloads: 4 },
  leech: { requiredSegmentsPriority: -1, httpDownloadProbability: 0, p2pDownloadMaxPriority: everything }
}

function start (config) {
  const { tracker, swarm, count, role } = config
  const loader = new HybridLoader({
    trackerAnnounce: [tracker],
    rtcConfig: { iceServers: [] },
    cachedSegmentsCount: count,
    ...roles[role],
    ...config.settings
  })
  const streamSwarmId = `${swarm}+V0`
  const numbers = new Map()
  const segments = Array.from({ length: count }, (_, n) => {
    const id = `${streamSwarmId}+${n}`
    numbers.set(id, n)
    return {
      id,
      url: segmentUrl(config, n),
      masterSwarmId: swarm,
      masterManifestUri: config.origin,
      streamId: 'V0',
      sequence: String(n),
      range: undefined,
      priority: n
    }
  })
  let isFlowing = false
  loader.on(Events.SegmentLoaded, (segment, peer) => reportSegment(numbers.get(segment.id), segment.data, peer))
  loader.on(Events.SegmentError, (segment, error, peer) => reportError(`segment ${segment.id} from ${peer ?? 'HTTP'}: ${error}`))
  loader.on(Events.PieceBytesDownloaded, method => { if (method === 'p2p') isFlowing = true })
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  loader.on(Events.PeerConnect, () => reportPeer(1))
  loader.on(Events.PeerClose, () => reportPeer(-1))

  const load = () => loader.load(segments, streamSwarmId)
  load()
  if (role === 'leech') {
    // A map that comes before this side's own 'connect' is stored, but nothing acts on it until the queue is worked off for another
    // reason: players call load() all the time, so does this one until something comes.
    const again = setInterval(() => isFlowing ? clearInterval(again) : load(), 250)
  }
}

Object.assign(window, { start })
window.report({ ready: true })
