// The real p2p-media-loader-core 0.6.2 as one end of a soak. The seeder makes each segment when it is asked for; the leecher checks
// each and forgets it, and begins anew when it has had all, `rounds` times.

import { makeBody, Receiver } from './soak-body.mjs'
import { reportError, reportPeer, reportUploaded, segmentUrl } from './stream.mjs'

const { Events, HybridLoader } = window.p2pml.core

const everything = 1_000_000_000

/** What this page says it holds; `body` makes what is asked for. */
class Storage {
  constructor (body) { this.body = body }
  /** Id -> {segment}. */
  held = new Map()
  hold (segment) { this.held.set(segment.id, { segment }) }

  async storeSegment (segment) { this.hold({ ...segment, data: undefined }) }
  async getSegmentsMap () { return this.held }
  async hasSegment (id) { return this.held.has(id) }
  async getSegment (id) {
    const item = this.held.get(id)
    return item && { ...item.segment, data: this.body(Number(item.segment.sequence)) }
  }
  async clean () { return false }
  async destroy () { this.held.clear() }
}

function start (config) {
  const { tracker, swarm, count, rounds, role } = config
  const streamSwarmId = `${swarm}+V0`
  const segment = n => ({
    id: `${streamSwarmId}+${n}`,
    url: segmentUrl(config, n),
    masterSwarmId: swarm,
    masterManifestUri: config.origin,
    streamId: 'V0',
    sequence: String(n),
    range: undefined,
    priority: n
  })
  const storage = new Storage(n => makeBody(config, n))
  const loader = new HybridLoader({
    trackerAnnounce: [tracker],
    rtcConfig: { iceServers: [] },
    requiredSegmentsPriority: -1,
    httpDownloadProbability: 0,
    p2pDownloadMaxPriority: everything,
    consumeOnly: role === 'leech',
    segmentsStorage: storage
  })
  loader.on(Events.SegmentError, ({ id }, error, peer) => reportError(`segment ${id} from ${peer ?? 'HTTP'}: ${error}`))
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  loader.on(Events.PeerConnect, () => reportPeer(1))
  loader.on(Events.PeerClose, () => reportPeer(-1))

  if (role === 'seed') {
    for (let n = 0; n < count; ++n) storage.hold(segment(n))
    loader.load([segment(0)], streamSwarmId)
    return
  }
  const receiver = new Receiver(config)
  let round = 0
  let segments = []
  const load = () => loader.load(segments, streamSwarmId)
  const begin = () => {
    storage.held.clear()
    segments = Array.from({ length: count }, (_, n) => segment(n))
    load()
  }
  loader.on(Events.PieceBytesDownloaded, () => receiver.flow())
  loader.on(Events.SegmentLoaded, (loaded, peer) => {
    receiver.segment(Number(loaded.sequence), loaded.data, peer === undefined ? 'http' : 'p2p')
    loaded.data = undefined
    if (storage.held.size === count && ++round < rounds) begin()
  })
  begin()
  // A map that comes before this side's own 'connect' is stored, but nothing acts on it until load() is called again, as players
  // do all the time.
  setInterval(() => { if (receiver.silence > 250 && round < rounds) load() }, 250)
}

Object.assign(window, { start })
window.report({ ready: true })
