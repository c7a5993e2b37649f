// A viewer of the generation "06" that a test steers: see steered.mjs.

import { steer } from './steered.mjs'
import { reportError, reportPeer, reportSegment, reportUploaded, segmentUrl } from './stream.mjs'

const { Events, HybridLoader } = window.p2pml.core

function create (config) {
  const { tracker, swarm, count, refuse = [] } = config
  const streamSwarmId = `${swarm}+V0`
  const segments = Array.from({ length: count }, (_, n) => ({
    id: `${streamSwarmId}+${n}`,
    url: segmentUrl(config, n),
    masterSwarmId: swarm,
    masterManifestUri: config.origin,
    streamId: 'V0',
    sequence: String(n),
    range: undefined,
    priority: 0
  }))
  const loader = new HybridLoader({
    trackerAnnounce: [tracker],
    rtcConfig: { iceServers: [] },
    cachedSegmentsCount: count,
    requiredSegmentsPriority: -1,
    httpDownloadProbability: 0,
    async segmentValidator ({ sequence }) {
      if (refuse.includes(Number(sequence))) throw new Error('refused')
    },
    ...config.settings
  })
  loader.on(Events.SegmentLoaded, ({ sequence, data }, peer) => reportSegment(Number(sequence), data, peer))
  loader.on(Events.SegmentError, ({ id }, error, peer) => reportError(`segment ${id} from ${peer ?? 'HTTP'}: ${error}`))
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  let wanted = []
  const load = () => loader.load(wanted, streamSwarmId)
  loader.on(Events.PeerConnect, () => {
    reportPeer(1)
    load() // as in core-06.mjs: what the peer said before this event has been overlooked
  })
  loader.on(Events.PeerClose, () => reportPeer(-1))
  const want = n => {
    wanted = n === undefined ? [] : [segments[n]]
    load()
  }
  // Without a segment it does not know its master swarm, and goes to no tracker: join by one that it gives up at once.
  want(0)
  want(undefined)
  return want
}

steer(true, create)
