// The seed's API, one test per setting, method, event and field, through the real module. The world around it is in memory.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { Events } from '../src/events.mjs'
import { makeHybridLoader } from '../src/hybrid_loader.mjs'
import { Segment } from '../src/segment.mjs'
import { FakePeerConnection, FakeSocket, FakeXhr } from './support/fake_browser.mjs'
import { aWhile, answer, bodyOf, installNet, net, until } from './support/net.mjs'
import { instantiate } from './support/real_module.mjs'

const HybridLoader = makeHybridLoader(instantiate)

let browser
let loaders
beforeEach(() => {
  browser = installNet()
  loaders = []
})
afterEach(async () => {
  await Promise.all(loaders.map(loader => loader.destroy()))
  browser.remove()
})

/** A loader that hears all its events as [name, ...arguments]. */
function make (settings = {}) {
  const loader = new HybridLoader({ trackerAnnounce: ['ws://tracker.test'], ...settings })
  loaders.push(loader)
  loader.heard = []
  for (const name of Object.values(Events)) loader.on(name, (...args) => loader.heard.push([name, ...args]))
  loader.of = name => loader.heard.filter(([heard]) => heard === name).map(([, ...args]) => args)
  loader.loaded = () => loader.of('segment_loaded').map(([segment]) => segment.id)
  return loader
}

const url = n => `http://origin.test/${n}`
const segmentsOf = (numbers, first = 0) => numbers.map((n, place) => ({
  id: `swarm+V0+${n}`, url: url(n), masterSwarmId: 'swarm', masterManifestUri: 'http://origin.test/m', streamId: 'V0', sequence: String(n), range: undefined, priority: first + place
}))
const load = (loader, numbers, first) => {
  const segments = segmentsOf(numbers, first)
  return loader.load(segments, 'swarm+V0').then(() => segments)
}
const id = n => `swarm+V0+${n}`
const requested = () => net.requests.map(xhr => Number(xhr.url.split('/').at(-1)))

const mayUseHttp = { requiredSegmentsPriority: 1, httpDownloadProbability: 0 }
const onlyP2P = { requiredSegmentsPriority: -1, httpDownloadProbability: 0 }
const range = (count, from = 0) => Array.from({ length: count }, (_, n) => n + from)

/** A loader that has these segments, and one that is connected to it and may use HTTP only by its own settings. */
async function pair (numbers, settings = {}, seederSettings = {}) {
  const seeder = make({ requiredSegmentsPriority: 1000, simultaneousHttpDownloads: 10, cachedSegmentsCount: 1000, ...seederSettings })
  await load(seeder, numbers)
  await until(() => seeder.loaded().length === numbers.length, 'the seeder has all')
  const leecher = make({ ...onlyP2P, ...settings })
  return { seeder, leecher }
}
const connected = loader => until(() => loader.of('peer_connect').length > 0, 'a peer is connected')

// Settings.

test('cachedSegmentExpiration: what was last used before that is gone at the next load()', async () => {
  const loader = make({ cachedSegmentExpiration: 30 })
  await load(loader, [0])
  await until(() => loader.loaded().length)
  assert.ok(await loader.getSegment(id(0)))
  await aWhile(60)
  await load(loader, [1])
  await until(() => loader.loaded().length === 2)
  assert.equal(await loader.getSegment(id(0)), undefined)
})

test('cachedSegmentsCount: no more than that are kept', async () => {
  const loader = make({ cachedSegmentsCount: 1 })
  for (const n of [0, 1, 2]) {
    await load(loader, [n])
    await until(() => loader.loaded().length === n + 1)
  }
  await load(loader, [2])
  assert.equal(await loader.getSegment(id(0)), undefined)
  assert.equal(await loader.getSegment(id(1)), undefined)
  assert.ok(await loader.getSegment(id(2)))
})

test('requiredSegmentsPriority: up to that at once over HTTP', async () => {
  const loader = make({ requiredSegmentsPriority: 2, simultaneousHttpDownloads: 10, httpDownloadProbability: 0 })
  await load(loader, range(5))
  await until(() => loader.loaded().length === 3)
  assert.deepEqual(requested(), [0, 1, 2])
})

test('useP2P: false announces nothing', async () => {
  const loader = make({ useP2P: false })
  await load(loader, [0])
  await until(() => loader.loaded().length)
  await aWhile()
  assert.equal(FakeSocket.all.length + FakePeerConnection.all.length, 0)
})

test('consumeOnly: loads from peers, gives them nothing', async () => {
  const { seeder, leecher } = await pair([0, 1], { consumeOnly: true })
  await load(leecher, [0, 1])
  await until(() => leecher.loaded().length === 2)
  const third = make(onlyP2P)
  seeder.destroy()
  await until(() => leecher.of('peer_close').length)
  await load(third, [0, 1])
  await connected(third)
  await aWhile()
  assert.deepEqual(third.loaded(), [])
  assert.deepEqual(leecher.of('piece_bytes_uploaded'), [])
})

for (const most of [1, 3]) {
  test(`simultaneousHttpDownloads: ${most}`, async () => {
    net.isHeld = true
    const loader = make({ simultaneousHttpDownloads: most, requiredSegmentsPriority: 10 })
    await load(loader, range(6))
    assert.deepEqual(requested(), range(most))
    answer(net.requests[0])
    assert.deepEqual(requested(), range(most + 1))
  })
}

test('httpDownloadProbability, httpDownloadProbabilityInterval: how often segments nobody has are loaded by HTTP', async () => {
  const always = make({ requiredSegmentsPriority: -1, httpDownloadProbability: 1, httpDownloadProbabilityInterval: 10 })
  await load(always, range(3))
  await until(() => always.loaded().length === 3)
  const before = net.requests.length
  const never = make({ requiredSegmentsPriority: -1, httpDownloadProbability: 0, httpDownloadProbabilityInterval: 10 })
  const seldom = make({ requiredSegmentsPriority: -1, httpDownloadProbability: 1, httpDownloadProbabilityInterval: 60000 })
  await load(never, range(3, 10))
  await load(seldom, range(3, 20))
  await aWhile()
  assert.equal(net.requests.length, before)
})

test('httpDownloadProbabilitySkipIfNoPeers', async () => {
  const loader = make({ requiredSegmentsPriority: -1, httpDownloadProbability: 1, httpDownloadProbabilityInterval: 10, httpDownloadProbabilitySkipIfNoPeers: true })
  await load(loader, [0])
  await aWhile()
  assert.equal(net.requests.length, 0)
  const peer = make()
  await load(peer, [7])
  await until(() => loader.loaded().length === 1)
})

test('httpFailedSegmentTimeout: again after that', async () => {
  net.origin.set(url(0), 500)
  const loader = make({ httpFailedSegmentTimeout: 100, httpDownloadProbability: 1, httpDownloadProbabilityInterval: 10 })
  let failed
  let loaded
  loader.on(Events.SegmentError, () => { failed = performance.now() })
  loader.on(Events.SegmentLoaded, () => { loaded = performance.now() })
  await load(loader, [0])
  await until(() => failed)
  net.origin.delete(url(0))
  await until(() => loaded)
  assert.ok(loaded - failed >= 99, `after ${loaded - failed} ms`)
})

test('httpDownloadMaxPriority: above that not over HTTP', async () => {
  const loader = make({ requiredSegmentsPriority: -1, httpDownloadMaxPriority: 1, httpDownloadProbability: 1, httpDownloadProbabilityInterval: 10 })
  await load(loader, range(4))
  await until(() => loader.loaded().length === 2)
  await aWhile()
  assert.deepEqual(requested().sort(), [0, 1])
})

test('httpDownloadInitialTimeout: only peers at first', async () => {
  const peer = make({ useP2P: true })
  await load(peer, [9]) // so that the tracker knows someone
  await until(() => peer.of('tracker_update').length)
  const before = net.requests.length
  const loader = make({ httpDownloadInitialTimeout: 250, httpDownloadInitialTimeoutPerSegment: 60 })
  const began = performance.now()
  await load(loader, [0], 1) // the timeout per segment is for the one of priority 0
  await until(() => net.requests.length > before)
  assert.ok(performance.now() - began >= 240, `after ${performance.now() - began} ms`)
})

test('httpDownloadInitialTimeoutPerSegment: given up when the first segment takes longer', async () => {
  const peer = make()
  await load(peer, [9])
  await until(() => peer.of('tracker_update').length)
  const before = net.requests.length
  const loader = make({ httpDownloadInitialTimeout: 60000, httpDownloadInitialTimeoutPerSegment: 150 })
  const began = performance.now()
  await load(loader, [0])
  await until(() => net.requests.length > before)
  assert.ok(performance.now() - began >= 140, `after ${performance.now() - began} ms`)
})

for (const isOn of [true, false]) {
  test(`httpUseRanges: ${isOn}: an aborted P2P download ${isOn ? 'goes on' : 'starts over'} over HTTP`, async () => {
    const body = new Uint8Array(300000).map((_, place) => place % 251)
    net.origin.set(url(0), body.buffer)
    const { leecher } = await pair([0], { ...mayUseHttp, httpUseRanges: isOn })
    let pieces = 0
    net.isSilent = bytes => bytes.length > 1000 && ++pieces > 2
    await load(leecher, [0], 5)
    await until(() => leecher.of('piece_bytes_downloaded').length === 2)
    const [segment] = await load(leecher, [0], 0) // now it is urgent
    await until(() => leecher.loaded().length)
    assert.equal(FakeXhr.last.requestHeaders.Range, isOn ? `bytes=${2 * 65535}-` : undefined)
    assert.deepEqual(new Uint8Array(segment.data), body)
  })
}

test('simultaneousP2PDownloads: 1', async () => {
  const { leecher } = await pair(range(4), { simultaneousP2PDownloads: 1 })
  let open = 0
  let most = 0
  leecher.on(Events.SegmentStart, () => { most = Math.max(most, ++open) })
  leecher.on(Events.SegmentLoaded, () => { --open })
  await load(leecher, range(4))
  await until(() => leecher.loaded().length === 4)
  assert.equal(most, 1)
})

test('p2pDownloadMaxPriority: above that not from peers', async () => {
  const { leecher } = await pair(range(4), { p2pDownloadMaxPriority: 1 })
  await load(leecher, range(4))
  await until(() => leecher.loaded().length === 2)
  await aWhile()
  assert.deepEqual(leecher.loaded().sort(), [id(0), id(1)])
})

test('p2pSegmentDownloadTimeout: a peer that does not begin is given up, as 0.6.2 does', async () => {
  const rtcConfig = { iceServers: [] }
  const { seeder, leecher } = await pair([0], { p2pSegmentDownloadTimeout: 50, rtcConfig })
  net.isSilent = (_bytes, channel) => channel.pc.config === rtcConfig // its requests go astray
  await load(leecher, [0])
  const [peerId, error] = await until(() => leecher.of('peer_error')[0])
  assert.deepEqual([peerId, error.code], [seeder.getDetails().peerId, 'timeout'])
  await until(() => leecher.of('peer_close').length)
})

test('webRtcMaxMessageSize: no message is larger', async () => {
  net.origin.set(url(0), bodyOf(url(0), 10000))
  let largest = 0
  net.onMessage = size => { largest = Math.max(largest, size) }
  const { leecher } = await pair([0], {}, { webRtcMaxMessageSize: 1024 })
  await load(leecher, [0])
  await until(() => leecher.loaded().length)
  assert.equal(largest, 1024)
})

test('trackerAnnounce: each of them is asked', async () => {
  await load(make({ trackerAnnounce: ['ws://a.test/x', 'ws://b.test'] }), [0])
  const asked = () => new Set(net.announces.map(({ url }) => url))
  await until(() => asked().size === 2)
  assert.deepEqual([...asked()].sort(), ['ws://a.test/x', 'ws://b.test'])
})

test('peerRequestsPerAnnounce: so many offers', async () => {
  await load(make({ peerRequestsPerAnnounce: 3 }), [0])
  await until(() => net.announces.length)
  assert.deepEqual([net.announces[0].numwant, net.announces[0].offers.length], [3, 3])
})

test('rtcConfig: each connection gets it', async () => {
  const rtcConfig = { iceServers: [{ urls: 'stun:stun.test' }], bundlePolicy: 'balanced' }
  await load(make({ rtcConfig }), [0])
  await until(() => FakePeerConnection.all.length)
  assert.equal(FakePeerConnection.last.config, rtcConfig)
})

test('segmentValidator: asked for HTTP and P2P; what it rejects with goes to SegmentError', async () => {
  const asked = []
  const fault = new Error('not what it should be')
  const { seeder, leecher } = await pair([0, 1], {
    segmentValidator (segment, method, peerId) {
      asked.push([segment.id, segment.data.byteLength, method, peerId])
      return segment.id === id(1) ? Promise.reject(fault) : Promise.resolve()
    }
  })
  await load(leecher, [0, 1])
  const [segment, error] = await until(() => leecher.of('segment_error')[0])
  assert.equal(error, fault)
  assert.equal(segment.id, id(1))
  await until(() => leecher.loaded().length)
  assert.deepEqual(leecher.loaded(), [id(0)])
  assert.deepEqual(asked.find(([asked]) => asked === id(0)), [id(0), 1000, 'p2p', seeder.getDetails().peerId])
  const overHttp = make({ segmentValidator: async (segment, method, peerId) => { asked.push([segment.url, method, peerId]) } })
  await load(overHttp, [5])
  await until(() => overHttp.loaded().length)
  assert.deepEqual(asked.at(-1), [url(5), 'http', undefined])
})

test('xhrSetup and segmentUrlBuilder', async () => {
  const seen = []
  const loader = make({
    xhrSetup: (xhr, url) => { xhr.setRequestHeader('x-token', '1'); seen.push(url) },
    segmentUrlBuilder: segment => `${segment.url}?signed`
  })
  const [segment] = await load(loader, [0])
  await until(() => loader.loaded().length)
  assert.deepEqual([FakeXhr.last.url, FakeXhr.last.requestHeaders['x-token'], seen[0], segment.requestUrl],
    [`${url(0)}?signed`, '1', `${url(0)}?signed`, `${url(0)}?signed`])
})

test('segmentsStorage: segments are kept there, come from there, and peers get them from there', async () => {
  const calls = []
  const kept = new Map()
  const storage = {
    async storeSegment (segment) { calls.push('store'); kept.set(segment.id, { segment }) },
    async getSegmentsMap () { return kept },
    async getSegment (id) { calls.push('get'); return kept.get(id)?.segment },
    async clean () { calls.push('clean'); return false },
    async destroy () { calls.push('destroy') }
  }
  const { seeder, leecher } = await pair([0, 1], {}, { segmentsStorage: storage })
  assert.deepEqual([...kept.keys()].sort(), [id(0), id(1)])
  assert.equal(await seeder.getSegment(id(0)), kept.get(id(0)).segment)
  await load(leecher, [0, 1])
  await until(() => leecher.loaded().length === 2)
  assert.deepEqual(leecher.of('segment_loaded').map(([segment]) => new Uint8Array(segment.data)[0]).length, 2)
  await seeder.destroy()
  assert.deepEqual([calls.includes('clean'), calls.at(-1)], [true, 'destroy'])
  assert.equal(kept.size, 2, 'the storage is its own')
})

test('segmentsStorage: a full quota is told of, and playback goes on', async () => {
  const storage = {
    storeSegment: () => Promise.reject(new DOMException('The quota has been exceeded.', 'QuotaExceededError')),
    getSegmentsMap: async () => new Map(), getSegment: async () => undefined, clean: async () => false, destroy: async () => {}
  }
  const loader = make({ segmentsStorage: storage })
  const [segment] = await load(loader, [0])
  await until(() => loader.loaded().length)
  assert.equal(segment.data.byteLength, 1000)
  assert.match(loader.of('storage_error')[0][0].message, /quota/)
})

// Methods.

test('HybridLoader.isSupported()', () => assert.equal(HybridLoader.isSupported(), true))

test('new HybridLoader() without settings; with one that is out of range', () => {
  const loader = new HybridLoader()
  loaders.push(loader)
  assert.equal(loader.getSettings().cachedSegmentsCount, 30)
  assert.throws(() => make({ maxPeers: -1 }), /maxPeers/)
  assert.throws(() => make({ useP2P: 'yes' }), /useP2P/)
})

test('every setting that the module has is one that a page can give', () => {
  make(make().getSettings())
  assert.deepEqual(browser.warnings, [])
})

test('load(): what is not in the new queue is aborted, what is goes on', async () => {
  net.isHeld = true
  const loader = make()
  const first = await load(loader, [0, 1])
  await load(loader, [1, 2])
  assert.deepEqual(loader.of('segment_abort').map(([segment]) => segment), [first[0]])
  assert.deepEqual(net.requests.map(xhr => xhr.isAborted), [true, false, false])
  await assert.rejects(loader.load([{ url: 'x' }], 's'), /id/)
})

test('load() of Segments with neither masterSwarmId nor sequence, as in the Usage Example', async () => {
  const loader = make()
  const segments = [new Segment('segment-1', '//url/to/segment/1', undefined, 0), new Segment('segment-2', '//url/to/segment/2', undefined, 1)]
  loader.load(segments, 'swarm-1')
  await until(() => loader.loaded().length === 2)
  assert.deepEqual(loader.of('segment_loaded').map(([segment]) => segment), segments)
})

test('getSegment(): undefined or the segment with its data; a detached one is none', async () => {
  const loader = make()
  assert.equal(await loader.getSegment('x'), undefined)
  const [segment] = await load(loader, [0])
  await until(() => loader.loaded().length)
  assert.equal(await loader.getSegment(id(0)), segment)
  structuredClone(segment.data, { transfer: [segment.data] })
  assert.equal(await loader.getSegment(id(0)), undefined)
})

test('a detached segment is not given to peers, and is loaded anew if it is in the queue', async () => {
  const { seeder, leecher } = await pair([0, 1])
  const segment = await seeder.getSegment(id(0))
  structuredClone(segment.data, { transfer: [segment.data] })
  await load(leecher, [0, 1])
  await until(() => leecher.loaded().length === 1)
  await aWhile()
  assert.deepEqual(leecher.loaded(), [id(1)])
  const [again] = await load(seeder, [0, 1])
  assert.equal(await seeder.getSegment(id(0)), undefined)
  await until(() => again.data?.byteLength === 1000)
  await until(() => leecher.loaded().length === 2)
})

test('getSettings() has all settings; getDetails() the peer id and the peers; getStats() counters', async () => {
  const { seeder, leecher } = await pair([0])
  const { peerId: before } = leecher.getDetails()
  await load(leecher, [0])
  await until(() => leecher.loaded().length)
  assert.equal(leecher.getDetails().peerId, before)
  const names = Object.keys(leecher.getSettings())
  for (const name of ['cachedSegmentExpiration', 'rtcConfig', 'trackerAnnounce', 'peerProtocols']) assert.ok(names.includes(name), name)
  const { peerId, peers } = leecher.getDetails()
  assert.match(peerId, /^[0-9a-f]{40}$/)
  assert.deepEqual(peers.map(({ id, generation, remoteAddress, bytesDownloaded }) => ({ id, generation, remoteAddress, bytesDownloaded })),
    [{ id: seeder.getDetails().peerId, generation: 'G0', remoteAddress: '192.0.2.7', bytesDownloaded: 1000 }])
  assert.equal(leecher.getStats().p2pBytes, 1000)
  assert.equal(seeder.getStats().uploadedBytes, 1000)
})

test('destroy(): everything is closed, the tracker is told, nothing comes any more', async () => {
  net.isHeld = true
  const loader = make()
  await load(loader, [0, 1])
  await until(() => net.announces.length)
  await loader.destroy()
  const { length } = loader.heard
  assert.ok(net.requests.every(xhr => xhr.isAborted))
  assert.ok(FakeSocket.all.every(socket => socket.isClosed) && FakePeerConnection.all.every(pc => pc.isClosed))
  assert.equal(net.announces.at(-1).event, 'stopped')
  await aWhile(30)
  assert.equal(loader.heard.length, length)
})

test('load() after destroy() begins anew, with the settings and listeners that were given, as the Shaka integration needs it', async () => {
  const { seeder, leecher } = await pair([0, 1], { httpDownloadProbabilityInterval: 300 })
  await load(leecher, [0])
  await until(() => leecher.loaded().length)
  const { peerId } = leecher.getDetails()
  await leecher.destroy()
  assert.equal(await leecher.getSegment(id(0)), undefined)
  assert.equal(leecher.getSettings().httpDownloadProbabilityInterval, 300)
  assert.deepEqual(leecher.getDetails(), { peerId, peers: [], swarms: [] })
  await until(() => seeder.of('peer_close').length)
  await load(leecher, [0, 1])
  await until(() => leecher.loaded().length === 3)
  assert.deepEqual(leecher.loaded().slice(1).sort(), [id(0), id(1)])
  assert.equal((await leecher.getSegment(id(1))).data.byteLength, 1000)
  assert.equal(leecher.of('peer_connect').length, 2)
  assert.deepEqual(leecher.of('segment_error'), [])
})

// Events.

test('SegmentLoaded, PieceBytesDownloaded, PieceBytesUploaded, PeerConnect, PeerClose: of a transfer between peers', async () => {
  const { seeder, leecher } = await pair([0])
  const [segment] = await load(leecher, [0])
  await until(() => leecher.loaded().length)
  const from = seeder.getDetails().peerId
  const to = leecher.getDetails().peerId
  assert.deepEqual(leecher.of('segment_loaded'), [[segment, from]])
  assert.ok(segment.data instanceof ArrayBuffer)
  assert.deepEqual(new Uint8Array(segment.data), new Uint8Array(bodyOf(url(0))))
  const sum = (loader, name, method, peer) => loader.of(name).reduce((total, [by, bytes, id]) => by === method && id === peer ? total + bytes : total, 0)
  assert.equal(sum(leecher, 'piece_bytes_downloaded', 'p2p', from), 1000)
  assert.equal(sum(seeder, 'piece_bytes_downloaded', 'http', undefined), 1000)
  assert.equal(sum(seeder, 'piece_bytes_uploaded', 'p2p', to), 1000)
  assert.deepEqual(leecher.of('peer_connect'), [[{ id: from, remoteAddress: '192.0.2.7', protocol: 'G0' }]])
  await seeder.destroy()
  await until(() => leecher.of('peer_close').length)
  assert.deepEqual(leecher.of('peer_close'), [[from]])
})

test('SegmentLoaded, SegmentError, SegmentAbort, SegmentStart over HTTP: with the object given', async () => {
  net.origin.set(url(1), 404)
  const loader = make()
  const segments = await load(loader, [0, 1])
  await until(() => loader.of('segment_error').length && loader.loaded().length)
  assert.deepEqual(loader.of('segment_loaded'), [[segments[0], undefined]])
  const [[segment, error, peerId]] = loader.of('segment_error')
  assert.deepEqual([segment === segments[1], error instanceof Error, error.code, peerId], [true, true, 'notFound', undefined])
  assert.deepEqual(loader.of('segment_start').map(([segment, method]) => [segment, method]), [[segments[0], 'http'], [segments[1], 'http']])
})

test('PeerError is in p2pSegmentDownloadTimeout, StorageError in segmentsStorage; TrackerUpdate, TrackerWarning, TrackerError', async () => {
  const loader = make()
  await load(loader, [0])
  const [status] = await until(() => loader.of('tracker_update')[0])
  assert.deepEqual(status, { url: 'ws://tracker.test', complete: 0, incomplete: 1, intervalMs: 120000 })
  FakeSocket.last.fire('message', { data: JSON.stringify({ action: 'announce', info_hash: net.announces[0].info_hash, 'warning message': 'soon' }) })
  assert.deepEqual(loader.of('tracker_warning'), [['ws://tracker.test', 'soon']])
  FakeSocket.last.fire('close', { code: 1006 })
  assert.equal(loader.of('tracker_error')[0][0], 'ws://tracker.test')
})

// Fields of segments.

test('the fields of a loaded segment: those given stay as they are, the others are filled in', async () => {
  const loader = make()
  const given = { ...segmentsOf([0])[0], mine: 1 }
  const before = { ...given }
  loader.load([given], 'swarm+V0')
  await until(() => loader.loaded().length)
  const { data, downloadBandwidth, downloadSpeed, requestUrl, responseUrl, ...rest } = given
  assert.deepEqual(rest, before)
  assert.deepEqual([data.byteLength, requestUrl, responseUrl], [1000, url(0), url(0)])
  for (const speed of [downloadBandwidth, downloadSpeed]) assert.ok(speed === undefined || Number.isInteger(speed) && speed >= 0, String(speed))
})

test('range: is the request\'s Range header, and stays in the segment', async () => {
  const loader = make()
  const given = { id: 'r', url: url(3), range: 'bytes=10-19', priority: 0 }
  loader.load([given], 's')
  assert.equal(FakeXhr.last.requestHeaders.Range, 'bytes=10-19')
  FakeXhr.last.headers = { 'content-range': 'bytes 10-19/1000' }
  FakeXhr.last.finish(new ArrayBuffer(10), 206)
  assert.equal(loader.loaded().length, 1)
  assert.deepEqual([given.range, given.data.byteLength], ['bytes=10-19', 10])
})

test('new Segment(id, url, range, priority)', () => {
  const segment = new Segment('i', 'u', 'r', 3)
  assert.deepEqual([segment.id, segment.url, segment.range, segment.priority, segment.data], ['i', 'u', 'r', 3, undefined])
  assert.equal(new Segment('i', 'u').priority, 0)
})
