// What bench/web.mjs has a page do with whatever loader is behind window.p2pml.core: the same work for both.

import { reportError, segmentUrl } from '/pages/stream.mjs'

const { Events, HybridLoader } = window.p2pml.core

const everything = 1_000_000_000
const roles = {
  seed: { requiredSegmentsPriority: everything, simultaneousHttpDownloads: 4 },
  leech: { requiredSegmentsPriority: -1, httpDownloadProbability: 0, p2pDownloadMaxPriority: everything }
}
const bytes = { http: 0, p2p: 0, up: 0 }
let loader
let firstP2P
let lastData

function make ({ tracker }, settings) {
  loader = new HybridLoader({ trackerAnnounce: [tracker], rtcConfig: { iceServers: [] }, ...settings })
  loader.on(Events.SegmentError, ({ id }, error, peer) => reportError(`segment ${id} from ${peer ?? 'HTTP'}: ${error}`))
  loader.on(Events.PieceBytesDownloaded, (method, count) => {
    bytes[method] += count
    if (method === 'p2p') firstP2P ??= performance.now()
  })
  loader.on(Events.PieceBytesUploaded, (_method, count) => { bytes.up += count })
}

const segmentOf = (config, n, priority) => ({
  id: `${config.swarm}+V0+${n}`,
  url: segmentUrl(config, n),
  masterSwarmId: config.swarm,
  masterManifestUri: config.origin,
  streamId: 'V0',
  sequence: String(n),
  range: undefined,
  priority
})

/** One end of a transfer: reports {got, bytes, ms, firstP2P, sha256 of the last segment} when it has all. */
window.transfer = config => {
  const started = performance.now()
  make(config, { cachedSegmentsCount: config.count, ...roles[config.role] })
  const queue = Array.from({ length: config.count }, (_, n) => segmentOf(config, n, n))
  let got = 0
  let whole = 0
  loader.on(Events.SegmentLoaded, async ({ sequence, data }) => {
    whole += data.byteLength
    if (Number(sequence) === config.count - 1) lastData = data
    if (++got < config.count) return
    const ms = performance.now() - started
    const digest = await crypto.subtle.digest('SHA-256', lastData)
    const sha256 = Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
    window.report({ whole: { bytes: whole, p2p: bytes.p2p, ms, firstP2P: firstP2P - started, sha256 } })
  })
  const load = () => loader.load(queue, `${config.swarm}+V0`)
  loader.on(Events.PeerConnect, load) // a map that came before this event is not acted on by 0.6.2
  load()
}

/** A player's walk: from one segment to the next over HTTP, through a store of the default 30. */
window.walk = async (config, from, to) => {
  if (!loader) make(config, {})
  for (let n = from; n < to; ++n) {
    await new Promise(resolve => {
      const heard = segment => {
        if (segment.sequence !== String(n)) return
        loader.removeListener(Events.SegmentLoaded, heard)
        resolve()
      }
      loader.on(Events.SegmentLoaded, heard)
      loader.load([segmentOf(config, n, 0)], `${config.swarm}+V0`)
    })
  }
}

window.end = async () => {
  await loader.destroy()
  loader = undefined
}

window.report({ ready: true })
