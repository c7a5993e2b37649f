// A viewer of the made-up stream of docs/measurement-peer.md that speaks several generations of peers at once (`peerProtocols`), and
// never uses HTTP: what it passes on it has from peers.

import { reportError, reportPeer, reportSegment, reportUploaded, segmentUrl } from '/pages/stream.mjs'

const { Events, HybridLoader } = window.p2pml.core

function start (config) {
  const { tracker, swarm, count, peerProtocols } = config
  const loader = new HybridLoader({
    trackerAnnounce: [tracker],
    rtcConfig: { iceServers: [] },
    cachedSegmentsCount: count,
    requiredSegmentsPriority: -1,
    httpDownloadProbability: 0,
    p2pDownloadMaxPriority: Infinity,
    peerProtocols
  })
  const streamSwarmId = `${swarm}+V0`
  const segments = Array.from({ length: count }, (_, n) => ({
    id: `${streamSwarmId}+${n}`, url: segmentUrl(config, n), masterSwarmId: swarm, streamId: 'V0', sequence: String(n), externalId: n, priority: n
  }))
  const numbers = new Map(segments.map(({ id }, n) => [id, n]))
  const protocols = new Map()
  loader.on(Events.SegmentLoaded, (segment, peer) => reportSegment(numbers.get(segment.id), segment.data, protocols.get(peer)))
  loader.on(Events.SegmentError, (segment, error) => reportError(`segment ${segment.id}: ${error}`))
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  loader.on(Events.PeerConnect, ({ id, protocol }) => {
    protocols.set(id, protocol)
    reportPeer(1)
  })
  loader.on(Events.PeerClose, () => reportPeer(-1))
  // The name that core-2.mjs gives its stream: docs/protocol/peer-binary.md 5b.1.
  loader.load(segments, streamSwarmId, { type: 'main', key: '0' })
}

Object.assign(window, { start })
window.report({ ready: true })
