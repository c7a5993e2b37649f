// Compiled by `npm run types`, never run: what the declarations must accept, and with @ts-expect-error what they must not.

import { Events, HybridLoader, Segment, version } from 'p2pml-core'
import type { SegmentLike, SegmentsStorage } from 'p2pml-core'

class Storage implements SegmentsStorage {
  private readonly segments = new Map<string, { segment: SegmentLike }>()
  async storeSegment (segment: SegmentLike): Promise<void> { this.segments.set(segment.id, { segment }) }
  async getSegmentsMap (_masterSwarmId: string): Promise<Map<string, { segment: SegmentLike }>> { return this.segments }
  async getSegment (id: string, _masterSwarmId: string): Promise<SegmentLike | undefined> { return this.segments.get(id)?.segment }
  async clean (lockedSegmentsFilter: (id: string) => boolean): Promise<boolean> { return lockedSegmentsFilter('x') }
  async destroy (): Promise<void> { this.segments.clear() }
}

const loader = new HybridLoader({
  cachedSegmentsCount: 5,
  rtcConfig: { iceServers: [{ urls: 'stun:stun.example.org' }] },
  peerProtocols: ['G0', 'G3'],
  segmentsStorage: new Storage(),
  segmentValidator: async (segment, method, peerId) => { if (method === 'p2p') throw new Error(`${segment.id} ${peerId ?? ''}`) },
  xhrSetup: (xhr, url) => { xhr.setRequestHeader('x-url', url) },
  segmentUrlBuilder: segment => segment.url
})
new HybridLoader({ segmentsStorage: { ...new Storage(), storeSegment: async () => {}, getSegmentsMap: async () => new Map(), getSegment: async () => undefined, clean: async (id, filter) => filter(id), destroy: async () => {} } })

loader.on(Events.SegmentLoaded, (segment, peerId) => { console.log(segment.data.byteLength, peerId?.length) })
  .once('segment_error', (segment, error) => { console.log(segment.id, error) })
  .on(Events.PeerConnect, peer => { console.log(peer.id, peer.remoteAddress, peer.protocol) })
  .on(Events.PieceBytesUploaded, (method, bytes) => { console.log(method === 'http', bytes + 1) })
  .on(Events.TrackerUpdate, ({ url, complete }) => { console.log(url, complete) })

async function use (): Promise<void> {
  const segment = new Segment('id', '//url', undefined, 0)
  segment.masterSwarmId = 'swarm'
  await loader.load([segment, { id: 'b', url: 'u', priority: 1 }], 'swarm', { type: 'main', index: 0 })
  const found = await loader.getSegment('id')
  const data: ArrayBuffer | undefined = found?.data
  console.log(data, loader.getSettings().maxPeers, loader.getDetails().peers[0]?.generation, loader.getStats().p2pBytes, version)
  await loader.destroy()
}
void use()

const p: typeof HybridLoader = window.p2pml.core.HybridLoader
console.log(p.isSupported())

// @ts-expect-error there is no such setting
new HybridLoader({ nonsense: 1 })
// @ts-expect-error a number
new HybridLoader({ maxPeers: 'many' })
// @ts-expect-error there is no such event
loader.on('nonsense', () => {})
// @ts-expect-error no url
void loader.load([{ id: 'a' }], 's')
// @ts-expect-error bytes are a number
loader.on(Events.PieceBytesDownloaded, (_method, bytes: string) => { console.log(bytes) })
