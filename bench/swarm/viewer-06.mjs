// A viewer made of the real p2p-media-loader-core 0.6.2 with its default settings.

import { Counters, Player, reportResult, segmentUrl } from './player.mjs'

const { Events, HybridLoader } = window.p2pml.core

function start (config) {
  const { tracker, swarm, count, forward } = config
  const streamSwarmId = `${swarm}+V0`
  const counters = new Counters()
  const loader = new HybridLoader({ trackerAnnounce: [tracker], rtcConfig: { iceServers: [] } })
  const idOf = n => `${streamSwarmId}+${n}`
  const load = (n, playhead) => loader.load(Array.from({ length: Math.min(forward, count - n) }, (_, i) => ({
    id: idOf(n + i),
    url: segmentUrl(config, n + i),
    masterSwarmId: swarm,
    masterManifestUri: config.origin,
    streamId: 'V0',
    sequence: String(n + i),
    range: undefined,
    priority: Math.max(0, n + i - playhead)
  })), streamSwarmId)
  const player = new Player(config, {
    async request (n, playhead) {
      load(n, playhead)
      const segment = await loader.getSegment(idOf(n))
      if (segment?.data) player.onDelivered(n, segment.data.byteLength)
    },
    reload: load
  })
  loader.on(Events.SegmentLoaded, ({ sequence, data }) => player.onDelivered(Number(sequence), data.byteLength))
  loader.on(Events.SegmentError, ({ sequence }) => {
    ++counters.errors
    player.onFailed(Number(sequence))
  })
  loader.on(Events.SegmentAbort, ({ sequence }) => player.onAborted(Number(sequence)))
  loader.on(Events.PieceBytesDownloaded, (method, bytes) => { counters.bytes[method] += bytes })
  loader.on(Events.PieceBytesUploaded, (_method, bytes) => { counters.bytes.up += bytes })
  loader.on(Events.PeerConnect, () => counters.connected())
  loader.on(Events.PeerClose, () => { --counters.peers })
  reportResult(player, counters)
  player.start()
}

Object.assign(window, { start })
window.report({ ready: true })
