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
  loader.on(Events.SegmentLoaded, (segment, peer) => reportSegment(numbers.get(segment.id), segment.data, peer))
  loader.on(Events.SegmentError, (segment, error, peer) => reportError(`segment ${segment.id} from ${peer ?? 'HTTP'}: ${error}`))
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  const load = () => loader.load(segments, streamSwarmId)
  loader.on(Events.PeerConnect, () => {
    reportPeer(1)
    // A map that came before this event is stored, but nothing acts on it until the queue is worked off for another reason.
    load()
  })
  loader.on(Events.PeerClose, () => reportPeer(-1))
  load()
}

Object.assign(window, { start })
window.report({ ready: true })
