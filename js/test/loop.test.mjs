// The JavaScript around the module, against a module that is not there: what is told, what is carried out, and in which order.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { Events } from '../src/events.mjs'
import { makeHybridLoader } from '../src/hybrid_loader.mjs'
import { Segment } from '../src/segment.mjs'
import { FakePeerConnection, FakeSocket, FakeXhr, installBrowser, settled } from './support/fake_browser.mjs'
import { FakeModule } from './support/fake_module.mjs'

let browser
let module
let loader

beforeEach(() => {
  browser = installBrowser()
  module = new FakeModule()
})
afterEach(async () => {
  await loader?.destroy()
  loader = undefined
  browser.remove()
})

function make (settings) {
  loader = new (makeHybridLoader(module.instantiate))(settings)
  return loader
}

/** Has the module record effects at a tick, and carries them out. */
function carryOut (...effects) {
  module.on.tick = () => {
    module.on.tick = undefined
    for (const effect of effects) module.record(...effect)
  }
  loader._session.tell('tick')
}

const bytes = (size, fill = 7) => new Uint8Array(size).fill(fill).buffer

const segmentRecord = (id, more = {}) => ({ id, url: `http://o/${id}`, priority: 0, ...more })

/** What listeners of all events heard. */
function heard () {
  const events = []
  for (const name of Object.values(Events)) loader.on(name, (...args) => events.push([name, ...args]))
  return events
}

test('create() gets the settings that are values, flags for what is there, and 64 random bits', () => {
  make({ cachedSegmentsCount: 5, segmentValidator () {}, segmentsStorage: {}, xhrSetup () {}, rtcConfig: { iceServers: [], x: 1 }, useP2P: undefined })
  const [settings, flags, low, high] = module.lastOf('create')
  assert.deepEqual(JSON.parse(settings), { cachedSegmentsCount: 5 })
  assert.equal(flags, 1 + 2 + 4)
  assert.notDeepEqual([low, high], [0, 0])
  loader._session.callbacks = {} // the storage has no destroy()
})

test('no WebRTC: isSupported() is false and the module is told', () => {
  browser.remove()
  browser = installBrowser({ webRtc: false })
  assert.equal(make().constructor.isSupported(), false)
  assert.equal(module.lastOf('create')[1], 0)
})

test('what create() has against a setting is thrown', () => {
  module.on.create = () => 'maxPeers: -1, expected 0 .. 10000'
  assert.throws(() => make({ maxPeers: -1 }), { name: 'TypeError', message: 'maxPeers: -1, expected 0 .. 10000' })
})

test('unknown settings are named once on the console and not passed on', () => {
  make({ nonsense: 1, maxPeers: 3 })
  assert.deepEqual(JSON.parse(module.lastOf('create')[0]), { maxPeers: 3 })
  assert.deepEqual(browser.warnings, ['p2pml: there is no setting "nonsense"'])
})

test('settings of 0.6.2 pages: Infinity, fractions, more than 10 peers, trackers that are no WebSockets', () => {
  make({ cachedSegmentsCount: Infinity, httpFailedSegmentTimeout: 10.7, httpDownloadProbability: 0.25, peerRequestsPerAnnounce: 50, trackerAnnounce: ['udp://t', 'ws://t'] })
  assert.deepEqual(JSON.parse(module.lastOf('create')[0]), {
    cachedSegmentsCount: 2147483647, httpFailedSegmentTimeout: 10, httpDownloadProbability: 0.25, peerRequestsPerAnnounce: 10, trackerAnnounce: ['ws://t']
  })
  assert.equal(browser.warnings.length, 1)
})

test('a callback of the wrong kind is refused by name', () => {
  assert.throws(() => make({ xhrSetup: 'x' }), /xhrSetup: string, expected function/)
})

test('getSettings() has the callbacks and the rtcConfig that were given', () => {
  const xhrSetup = () => {}
  const rtcConfig = { iceServers: [], certificates: [{}] }
  module.settings = { maxPeers: 3, rtcConfig: { iceServers: [1] } }
  assert.deepEqual(make({ xhrSetup, rtcConfig }).getSettings(), { maxPeers: 3, rtcConfig, xhrSetup })
  assert.equal(loader.getSettings().rtcConfig, rtcConfig)
})

test('load() tells the module of the segments without their data, and takes Segments and plain objects', async () => {
  make()
  const segment = Object.assign(new Segment('a', 'u'), { masterSwarmId: 'm', data: bytes(3) })
  await loader.load([segment, { id: 'b', url: 'v', range: 'bytes=0-1', priority: 3, streamId: undefined, sequence: 7, other: 1 }], 'swarm')
  const [segments, swarm, stream] = module.lastOf('load')
  assert.deepEqual(JSON.parse(segments), [{ id: 'a', url: 'u', priority: 0, masterSwarmId: 'm' }, { id: 'b', url: 'v', range: 'bytes=0-1', priority: 3, sequence: '7' }])
  assert.equal(swarm, 'swarm')
  assert.equal(stream, '')
  await loader.load([], 'swarm', { type: 'main', index: 2 })
  assert.equal(module.lastOf('load')[2], '{"type":"main","index":2}')
})

test('numbers of JavaScript: fractions, Infinity, texts', async () => {
  make()
  await loader.load([{ id: 'a', url: 'u', priority: Infinity, downloadBandwidth: 12.7 }, { id: 'b', url: 'v', priority: '2', downloadSpeed: 0.4 }], 's')
  assert.deepEqual(JSON.parse(module.lastOf('load')[0]), [
    { id: 'a', url: 'u', priority: Number.MAX_SAFE_INTEGER, downloadBandwidth: 12 }, { id: 'b', url: 'v', priority: 2, downloadSpeed: 0 }
  ])
})

test('load() rejects with what the module has against it, and the queue stays', async () => {
  make()
  const given = { id: 'a', url: 'u', priority: 0 }
  await loader.load([given], 's')
  module.on.load = () => 'segment 0: no id'
  await assert.rejects(loader.load([{}], 's'), { message: 'segment 0: no id' })
  await assert.rejects(loader.load(undefined, 's'), TypeError)
  const events = heard()
  carryOut([34, segmentRecord('a')])
  assert.equal(events[0][1], given)
})

test('texts cross the border whole: beyond ASCII, lone surrogates, larger than the memory', async () => {
  make()
  const id = `é😀\u0000${'x'.repeat(200000)}\u{1F600}`
  await loader.load([{ id, url: 'u\uD800' }], id)
  const [segments, swarm] = module.lastOf('load')
  assert.equal(JSON.parse(segments)[0].id, id)
  assert.equal(JSON.parse(segments)[0].url, 'u\uD800') // JSON writes it as \ud800
  assert.equal(swarm, id)
})

test('HTTP: one request, head and pieces of one handle, the bytes at the end, and SegmentLoaded fills the object given', async () => {
  make({ xhrSetup: (xhr, url) => { xhr.wasSetUp = url } })
  const given = { id: 'a', url: 'http://o/a', range: undefined, priority: 0 }
  const events = heard()
  module.on.load = () => module.record(1, 11, segmentRecord('a'), null)
  await loader.load([given], 's')
  const xhr = FakeXhr.last
  assert.deepEqual([xhr.method, xhr.url, xhr.responseType, xhr.wasSetUp, xhr.requestHeaders, xhr.isSent], ['GET', 'http://o/a', 'arraybuffer', 'http://o/a', {}, true])
  xhr.headers = { 'Accept-Ranges': 'bytes' }
  xhr.progress(4, 10)
  assert.deepEqual(module.lastOf('httpHead'), [11, 200, 10, -1, -1, 1, 'http://o/a', 'http://o/a'])
  assert.deepEqual(module.lastOf('httpData'), [11, 1, 0, 4])
  assert.equal(module.env.payloadIntact(1), 0)
  const body = bytes(10)
  module.on.httpDone = () => module.record(32, segmentRecord('a', { data: [1, 0, 10], downloadSpeed: 5, requestUrl: 'q', responseUrl: 'r' }), null)
  xhr.finish(body)
  assert.deepEqual(module.callsOf('httpData'), [[11, 1, 0, 4], [11, 1, 4, 6]])
  assert.equal(module.env.payloadIntact(1), 1)
  const [name, segment, peerId] = events.at(-1)
  assert.deepEqual([name, peerId], ['segment_loaded', undefined])
  assert.equal(segment, given)
  assert.equal(given.data, body, 'not a copy')
  assert.deepEqual([given.downloadSpeed, given.requestUrl, given.responseUrl, 'range' in given, given.range], [5, 'q', 'r', true, undefined])
})

test('HTTP: range, Content-Range, status, segmentUrlBuilder gets the object given', async () => {
  let asked
  make({ segmentUrlBuilder: segment => { asked = segment; return 'http://cdn/x' } })
  const given = { id: 'a', url: 'http://o/a', priority: 0 }
  module.on.load = () => module.record(1, 5, segmentRecord('a'), 'bytes=3-')
  await loader.load([given], 's')
  assert.equal(asked, given)
  const xhr = FakeXhr.last
  assert.deepEqual([xhr.url, xhr.requestHeaders, given.requestUrl], ['http://cdn/x', { Range: 'bytes=3-' }, 'http://cdn/x'])
  xhr.headers = { 'content-range': 'bytes 3-9/10' }
  xhr.finish(bytes(7), 206)
  assert.deepEqual(module.lastOf('httpHead').slice(0, 6), [5, 206, 7, 3, 10, 0])
  assert.deepEqual(module.lastOf('httpDone'), [5])
})

test('HTTP: an encoded body has no length before its end', async () => {
  make()
  carryOut([1, 1, segmentRecord('a'), null])
  FakeXhr.last.progress(4)
  assert.equal(module.lastOf('httpHead')[2], -1)
})

test('HTTP: an empty body, a failure, a cancel; answers after that are dropped', async () => {
  make()
  carryOut([1, 1, segmentRecord('a'), null], [1, 2, segmentRecord('b'), null], [1, 3, segmentRecord('c'), null])
  const [empty, fails, cancelled] = FakeXhr.all
  empty.finish(new ArrayBuffer(0), 404)
  assert.deepEqual(module.lastOf('httpDone'), [1])
  assert.equal(module.callsOf('httpData').length, 0)
  fails.fire('error')
  assert.deepEqual(module.lastOf('httpFailed'), [2, 4, 'no answer for http://o/b'])
  carryOut([2, 3])
  assert.ok(cancelled.isAborted)
  const before = module.calls.length
  cancelled.fire('error')
  cancelled.finish(bytes(3))
  fails.finish(bytes(3))
  assert.equal(module.calls.length, before)
})

test('HTTP: a page that aborts the request itself', () => {
  make()
  carryOut([1, 1, segmentRecord('a'), null])
  FakeXhr.last.abort()
  assert.deepEqual(module.lastOf('httpFailed'), [1, 4, 'xhr.abort() for http://o/a'])
})

test('HTTP: the module lets go of the handle in the middle; the rest comes by the same one', () => {
  make()
  carryOut([1, 1, segmentRecord('a'), null])
  module.on.httpData = (_request, handle) => module.env.payloadFree(handle)
  FakeXhr.last.progress(4, 10)
  FakeXhr.last.finish(bytes(10))
  assert.deepEqual(module.callsOf('httpData'), [[1, 1, 0, 4], [1, 1, 4, 6]])
  assert.equal(loader._session.payloads.count, 0)
})

test('HTTP: the module lets go of the handle and gets it again before the bytes are there', () => {
  make()
  carryOut([1, 1, segmentRecord('a'), null])
  module.on.httpData = (_request, handle) => {
    module.on.httpData = undefined
    module.env.payloadFree(handle)
  }
  FakeXhr.last.progress(4, 10)
  FakeXhr.last.progress(10, 10)
  FakeXhr.last.finish(bytes(10))
  assert.equal(module.env.payloadIntact(1), 1)
})

test('HTTP: a throwing xhrSetup or segmentUrlBuilder fails that request, is reported, and the loop goes on', async () => {
  const fault = new Error('mine')
  make({ xhrSetup: () => { throw fault } })
  carryOut([1, 1, segmentRecord('a'), null], [34, segmentRecord('a')])
  assert.deepEqual(module.lastOf('httpFailed'), [1, 0, 'mine'])
  await settled()
  assert.deepEqual(browser.errors, [fault])
})

test('listeners that throw are reported and disturb neither others nor the loop', async () => {
  make()
  const fault = new Error('listener')
  let count = 0
  loader.on(Events.PeerClose, () => { throw fault })
  loader.on(Events.PeerClose, () => ++count)
  carryOut([36, 'p'], [36, 'q'])
  assert.equal(count, 2)
  await settled()
  assert.deepEqual(browser.errors, [fault, fault])
})

test('a listener may call anything: what that records comes after the rest', async () => {
  make()
  const events = []
  loader.on(Events.PeerClose, id => {
    events.push(id)
    if (id === 'first') {
      module.on.load = () => module.record(36, 'of load')
      loader.load([], 's')
      events.push('load returned')
    }
  })
  carryOut([36, 'first'], [36, 'second'])
  assert.deepEqual(events, ['first', 'load returned', 'second', 'of load'])
})

test('destroy() within a listener: nothing more is delivered, all is closed, the promise waits for the storage', async () => {
  let finish
  const storage = { destroy: () => new Promise(resolve => { finish = resolve }) }
  make({ segmentsStorage: storage })
  const events = heard()
  let ended
  loader.on(Events.PeerClose, () => { ended = loader.destroy() })
  module.on.destroy = () => module.record(16)
  loader._session.payloads.add(bytes(5))
  carryOut([1, 1, segmentRecord('a'), null], [3, 2, 'ws://t'], [6, 3, 'label'], [36, 'p'], [36, 'q'])
  assert.equal(events.length, 1)
  assert.ok(FakeXhr.last.isAborted && FakeSocket.last.isClosed && FakePeerConnection.last.isClosed)
  let isOver = false
  ended.then(() => { isOver = true })
  await settled()
  assert.equal(isOver, false)
  finish()
  await ended
  assert.equal(loader._session.payloads.count, 0)
  const calls = module.calls.length
  assert.equal(await loader.getSegment('a'), undefined)
  await loader.destroy()
  assert.equal(module.calls.length, calls)
})

test('destroy() rejects with what the storage rejects with, and answers whoever waits', async () => {
  make({ segmentsStorage: { destroy: () => Promise.reject(new Error('disk')) } })
  const waiting = loader.getSegment('a')
  module.on.destroy = () => module.record(16)
  await assert.rejects(loader.destroy(), /disk/)
  assert.equal(await waiting, undefined)
  loader = undefined
})

test('the timer is set for the deadline, and ticks', async () => {
  make()
  module.due = performance.now() + 20
  carryOut()
  const before = module.callsOf('tick').length
  module.on.tick = () => { module.due = Infinity }
  await new Promise(resolve => setTimeout(resolve, 60))
  assert.equal(module.callsOf('tick').length, before + 1)
})

test('whatever comes ticks when the deadline is past, once: a deadline that stays past does not spin', async () => {
  make()
  carryOut([3, 1, 'ws://t'])
  module.due = performance.now() - 5
  const before = module.callsOf('tick').length
  FakeSocket.last.open()
  assert.equal(module.callsOf('tick').length, before + 1)
  module.due = Infinity
})

test('sockets: messages both ways, a close that the module asked for is not reported', () => {
  make()
  carryOut([3, 1, 'wss://t/'])
  const socket = FakeSocket.last
  assert.equal(socket.url, 'wss://t/')
  socket.open()
  assert.deepEqual(module.lastOf('socketOpened'), [1])
  carryOut([4, 1, 'hello \u00e9'])
  assert.deepEqual(socket.sent, ['hello \u00e9'])
  socket.fire('message', { data: '{"a":"\u00ff"}' })
  assert.deepEqual(module.lastOf('socketMessage'), [1, '{"a":"\u00ff"}'])
  socket.fire('message', { data: new TextEncoder().encode('binary').buffer })
  assert.deepEqual(module.lastOf('socketMessage'), [1, 'binary'])
  socket.fire('close', { code: 1006, reason: '' })
  assert.deepEqual(module.lastOf('socketClosed'), [1, 4, 'closed with 1006'])
  carryOut([3, 2, 'wss://t/'], [5, 2])
  FakeSocket.last.fire('close', { code: 1000 })
  assert.equal(module.callsOf('socketClosed').length, 1)
  FakeSocket.refuse = 'An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.'
  carryOut([3, 3, 'ws://t/'])
  assert.deepEqual(module.lastOf('socketClosed'), [3, 4, FakeSocket.refuse])
})

test('peers: the offer has all candidates and no trickle; then the answer, the address, early messages, and sending', async () => {
  const rtcConfig = { iceServers: [] }
  make({ rtcConfig })
  carryOut([6, 9, 'label'])
  const pc = FakePeerConnection.last
  assert.equal(pc.config, rtcConfig)
  assert.deepEqual([pc.channel.label, pc.channel.binaryType, pc.channel.bufferedAmountLowThreshold], ['label', 'arraybuffer', 65536])
  await settled()
  assert.equal(module.callsOf('offerCreated').length, 0, 'still gathering')
  pc.gathered()
  await settled()
  assert.deepEqual(module.lastOf('offerCreated'), [9, 'v=0\r\na=group:BUNDLE 0\r\na=mid:0\r\n'])
  carryOut([8, 9, 'their answer'])
  assert.deepEqual(pc.remoteDescription, { type: 'answer', sdp: 'their answer' })
  pc.channel.open()
  pc.channel.fire('message', { data: bytes(4) })
  assert.equal(module.callsOf('peerMessage').length, 0)
  await settled()
  assert.deepEqual(module.calls.slice(-2), [['peerOpened', 9, '192.0.2.7'], ['peerMessage', 9, 1, 4]])
  pc.channel.fire('message', { data: 'text' })
  assert.deepEqual(module.lastOf('peerMessage'), [9, 2, 4])
  const target = module.memory.buffer
  module.env.payloadPeek(2, 1, 100, 3)
  assert.equal(new TextDecoder().decode(new Uint8Array(target, 100, 3)), 'ext')
  new Uint8Array(module.memory.buffer).set([1, 2, 3], 64)
  carryOut([9, 9, [0, 64, 3]], [9, 9, [2, 1, 2]])
  assert.deepEqual(pc.channel.sent, [new Uint8Array([1, 2, 3]), new TextEncoder().encode('ex')])
  assert.deepEqual(module.lastOf('peerDrained'), [9, 5])
})

test('peers: an answer; a candidate that is never followed by the last ends the gathering after 5 s', async t => {
  make()
  t.mock.timers.enable({ apis: ['setTimeout'] })
  carryOut([7, 4, 'their offer'])
  const pc = FakePeerConnection.last
  for (let i = 0; i < 10; ++i) await null
  assert.deepEqual(pc.remoteDescription, { type: 'offer', sdp: 'their offer' })
  pc.fire('icecandidate', { candidate: { candidate: 'c' } })
  t.mock.timers.tick(4999)
  for (let i = 0; i < 10; ++i) await null
  assert.equal(module.callsOf('answerCreated').length, 0)
  t.mock.timers.tick(1)
  for (let i = 0; i < 10; ++i) await null
  assert.deepEqual(module.lastOf('answerCreated'), [4, 'v=0\r\na=group:BUNDLE 0\r\na=mid:0\r\n'])
})

test('peers: above the threshold the browser says when the buffer has fallen', async () => {
  make()
  carryOut([7, 4, 'their offer'])
  const pc = FakePeerConnection.last
  const channel = pc.createDataChannel('x')
  channel.readyState = 'open'
  pc.fire('datachannel', { channel })
  await settled()
  channel.holds = true
  const handle = loader._session.payloads.add(bytes(200000))
  carryOut([9, 4, [handle, 0, 65000]])
  assert.deepEqual(module.lastOf('peerDrained'), [4, 0])
  carryOut([9, 4, [handle, 65000, 65000]])
  assert.equal(module.callsOf('peerDrained').length, 1)
  channel.bufferedAmount = 60000
  channel.fire('bufferedamountlow')
  assert.deepEqual(module.lastOf('peerDrained'), [4, 70000])
})

test('peers: what is bad ends the connection: their SDP, a lost path, a closed channel, no more connections', async () => {
  make()
  carryOut([7, 1, 'nonsense'], [6, 2, 'l'], [6, 3, 'l'])
  const [, lost, closed] = FakePeerConnection.all
  await settled()
  assert.deepEqual(module.callsOf('peerClosed'), [[1, 1, 'Failed to parse SessionDescription']])
  lost.connectionState = 'failed'
  lost.fire('connectionstatechange')
  lost.fire('connectionstatechange')
  closed.channel.fire('closing')
  closed.channel.fire('close')
  assert.deepEqual(module.callsOf('peerClosed').slice(1), [[2, 4, 'the connection is lost'], [3, 4, 'the channel was closed']])
  assert.ok(lost.isClosed && closed.isClosed)
  FakePeerConnection.refuse = 'Cannot create so many PeerConnections'
  carryOut([6, 4, 'l'])
  assert.deepEqual(module.lastOf('peerClosed'), [4, 7, FakePeerConnection.refuse])
  carryOut([6, 5, 'l'], [9, 77, [0, 0, 1]], [10, 5], [10, 77], [8, 77, 'x'])
})

test('peers: too much before the connection is reported', async () => {
  make()
  carryOut([6, 9, 'label'])
  const { channel } = FakePeerConnection.last
  channel.open()
  for (let i = 0; i < 4; ++i) channel.fire('message', { data: bytes(1 << 20) })
  assert.equal(module.callsOf('peerClosed').length, 0)
  channel.fire('message', { data: bytes(1) })
  assert.deepEqual(module.lastOf('peerClosed').slice(0, 2), [9, 2])
  await settled()
  assert.equal(module.callsOf('peerOpened').length + module.callsOf('peerMessage').length, 0)
})

test('peers: a buffer that a player has detached cannot be sent: the connection is closed', async () => {
  make()
  carryOut([6, 1, 'l'])
  FakePeerConnection.last.channel.open()
  await settled()
  const buffer = bytes(100)
  const handle = loader._session.payloads.add(buffer)
  assert.equal(module.env.payloadIntact(handle), 1)
  structuredClone(buffer, { transfer: [buffer] })
  assert.equal(module.env.payloadIntact(handle), 0)
  carryOut([9, 1, [handle, 0, 100]])
  assert.deepEqual(module.lastOf('peerClosed'), [1, 4, 'the data that was to be sent has been detached'])
})

test('payloads are joined in one go, of several and of the memory; looked up before anything is carried out', () => {
  make()
  const { payloads } = loader._session
  const a = payloads.add(new Uint8Array([1, 2, 3, 4]).buffer)
  const b = payloads.add(new Uint8Array([5, 6]).buffer)
  new Uint8Array(module.memory.buffer).set([9], 33)
  new Uint32Array(module.memory.buffer, 40, 9).set([a, 1, 2, 0, 33, 1, b, 0, 2])
  const joined = module.env.payloadJoin(40, 3)
  const got = []
  loader.on(Events.SegmentLoaded, segment => got.push([...new Uint8Array(segment.data)]))
  loader.on(Events.PeerClose, () => module.env.payloadFree(joined))
  carryOut([36, 'p'], [32, segmentRecord('a', { data: [joined, 0, 5] }), null])
  assert.deepEqual(got, [[2, 3, 9, 5, 6]])
  module.env.payloadFree(a)
  new Uint32Array(module.memory.buffer, 40, 3).set([a, 0, 2])
  assert.deepEqual([...new Uint8Array(payloads.buffer([module.env.payloadJoin(40, 1), 0, 2]))], [0, 0])
})

test('segmentValidator: a copy with the data, method and peer; resolving, rejecting, throwing, no promise', async () => {
  const asked = []
  const faults = { b: new Error('hash of b'), c: 'c is bad' }
  make({
    segmentValidator (segment, method, peerId) {
      asked.push([segment.id, segment.data.byteLength, segment.other, method, peerId])
      if (segment.id === 'b') return Promise.reject(faults.b)
      if (segment.id === 'c') throw faults.c
    }
  })
  const given = ['a', 'b', 'c'].map(id => ({ id, url: id, priority: 0, other: 1 }))
  await loader.load(given, 's')
  const handle = loader._session.payloads.add(bytes(3))
  const record = id => segmentRecord(id, { data: [handle, 0, 3] })
  const errors = []
  loader.on(Events.SegmentError, (segment, error, peerId) => errors.push([segment, error, peerId]))
  module.on.hookFailed = (token, detail) => module.record(33, segmentRecord(token === 2 ? 'b' : 'c'), ['malformed', `validator: ${detail}`], 'p')
  carryOut([11, 1, record('a'), 'http', null], [11, 2, record('b'), 'p2p', 'p'], [11, 3, record('c'), 'p2p', 'p'])
  await settled()
  assert.deepEqual(asked, [['a', 3, 1, 'http', undefined], ['b', 3, 1, 'p2p', 'p'], ['c', 3, 1, 'p2p', 'p']])
  assert.equal(given[0].data, undefined, 'not before it is valid')
  assert.deepEqual(module.callsOf('hookDone'), [[1]])
  assert.deepEqual(errors.map(([segment]) => segment), [given[1], given[2]])
  assert.equal(errors[0][1], faults.b)
  assert.equal(errors[1][1], faults.c)
  module.on.hookFailed = undefined // one that the module does not want to know any more
  carryOut([11, 4, record('b'), 'p2p', 'p'])
  await settled()
  assert.equal(loader._session.hooks_.rejections_.size, 0)
})

test('segmentsStorage: each of its methods, as 0.6.2 calls them', async () => {
  const calls = []
  const data = bytes(6)
  const dead = bytes(2)
  structuredClone(dead, { transfer: [dead] })
  const stored = { id: 'a', url: 'u', masterSwarmId: 'm', sequence: '1', priority: 0, data, mine: 1 }
  const storage = {
    async storeSegment (segment) { calls.push(['store', segment]) },
    async getSegmentsMap (master) {
      calls.push(['map', master])
      return new Map([['a', { segment: stored }], ['b', { segment: { id: 'b', url: 'v', data: dead } }], ['c', { segment: { id: 'c', url: 'w' } }]])
    },
    async getSegment (id, master) { calls.push(['get', id, master]); return id === 'a' ? stored : undefined },
    async clean (master, filter) { calls.push(['clean', master, filter('x'), filter('y')]); return true },
    async destroy () { calls.push(['destroy']) }
  }
  make({ segmentsStorage: storage })
  const given = { id: 'g', url: 'g', priority: 0 }
  await loader.load([given], 's')
  const handle = loader._session.payloads.add(data)
  carryOut([12, 1, segmentRecord('g', { data: [handle, 0, 6] })], [13, 2, 'm'], [14, 3, 'a', 'm'], [14, 4, 'z', 'm'], [15, 5, 'm', ['x']])
  await settled()
  assert.deepEqual(calls, [['store', given], ['map', 'm'], ['get', 'a', 'm'], ['get', 'z', 'm'], ['clean', 'm', true, false]])
  assert.equal(calls[0][1], given)
  assert.equal(given.data, data)
  assert.deepEqual(module.callsOf('hookDone'), [[1]])
  const [token, map] = module.lastOf('hookSegments')
  assert.deepEqual([token, JSON.parse(map).map(({ id }) => id)], [2, ['a', 'c']])
  const [[, text, segmentHandle, size], none] = module.callsOf('hookSegment')
  assert.deepEqual([JSON.parse(text).sequence, size], ['1', 6])
  assert.equal(loader._session.payloads.buffer([segmentHandle, 0, 6]), data)
  assert.deepEqual(none, [4, '', 0, 0])
  assert.deepEqual(module.lastOf('hookCleaned'), [5, 1])
  // getSegment() of the loader gives the storage's own object.
  module.on.getSegment = () => module.record(14, 6, 'a', 'm')
  module.on.hookSegment = (_token, _text, handle) => module.record(17, 1, segmentRecord('a', { data: [handle, 0, 6] }))
  assert.equal(await loader.getSegment('a'), stored)
  module.on.destroy = () => module.record(16)
  await loader.destroy()
  assert.deepEqual(calls.at(-1), ['destroy'])
})

test('segmentsStorage: clean with one parameter gets the filter only; failures are answered as such', async () => {
  const calls = []
  make({
    segmentsStorage: {
      storeSegment: () => Promise.reject(new DOMException('The quota has been exceeded.', 'QuotaExceededError')),
      getSegmentsMap () { throw new Error('no map') },
      getSegment: async () => 5,
      clean: filter => { calls.push(filter('x')) },
      destroy () {}
    }
  })
  const events = heard()
  module.on.hookFailed = () => module.record(44, ['unavailable', 'storage'])
  carryOut([12, 1, segmentRecord('g')], [13, 2, 'm'], [14, 3, 'a', 'm'], [15, 4, 'm', ['x']])
  await settled()
  assert.deepEqual(calls, [true])
  assert.deepEqual(module.lastOf('hookCleaned'), [4, 0])
  const failed = module.callsOf('hookFailed').sort(([a], [b]) => a - b)
  assert.deepEqual(failed, [[1, 'The quota has been exceeded.'], [2, 'no map']])
  assert.equal(events[0][0], 'storage_error')
  assert.equal(events[0][1].code, 'unavailable')
})

test('every event, with the arguments of the documentation', () => {
  make()
  const events = heard()
  carryOut([33, segmentRecord('a'), ['timeout', 'slow'], null], [34, segmentRecord('a')], [35, 'p', '192.0.2.1', 'G2'], [36, 'p'],
    [37, 'p2p', 5, 'p'], [37, 'http', 6, null], [38, 'p2p', 7, 'p'], [39, segmentRecord('a'), 'http', null], [40, 'ws://t', 1, null, 120000],
    [41, 'ws://t', 'w'], [42, 'ws://t', ['unavailable', 'x']], [43, null, ['malformed', 'y']], [44, ['internal', 'z']])
  assert.ok(events[0][1] instanceof Segment && events[0][2] instanceof Error)
  assert.deepEqual([events[0][2].code, events[0][2].message, events[0][3]], ['timeout', 'slow', undefined])
  assert.deepEqual(events.slice(2, 7), [
    ['peer_connect', { id: 'p', remoteAddress: '192.0.2.1', protocol: 'G2' }], ['peer_close', 'p'],
    ['piece_bytes_downloaded', 'p2p', 5, 'p'], ['piece_bytes_downloaded', 'http', 6, undefined], ['piece_bytes_uploaded', 'p2p', 7, 'p']])
  assert.deepEqual(events[7].slice(2), ['http', undefined])
  assert.deepEqual(events[8], ['tracker_update', { url: 'ws://t', complete: 1, incomplete: undefined, intervalMs: 120000 }])
  assert.deepEqual(events[9], ['tracker_warning', 'ws://t', 'w'])
  assert.deepEqual([events[10][1], events[10][2].code, events[11][1], events[11][2].code, events[12][1].code], ['ws://t', 'unavailable', undefined, 'malformed', 'internal'])
})

test('getDetails() and getStats()', () => {
  assert.deepEqual(make().getDetails(), { peerId: 'p', peers: [], swarms: [] })
  assert.deepEqual(loader.getStats(), { httpBytes: 1 })
})

test('a trap is reported once, and the queue goes over plain HTTP', async () => {
  make({ simultaneousHttpDownloads: 1, httpFailedSegmentTimeout: 20 })
  const given = ['a', 'b'].map((id, priority) => ({ id, url: `http://o/${id}`, priority }))
  const events = heard()
  carryOut([3, 1, 'ws://t'], [6, 2, 'l'], [1, 3, segmentRecord('x'), null])
  module.on.load = () => { throw new WebAssembly.RuntimeError('unreachable') }
  await loader.load(given, 's')
  assert.ok(FakeSocket.last.isClosed && FakePeerConnection.last.isClosed && FakeXhr.all[0].isAborted)
  assert.deepEqual(FakeXhr.all.slice(1).map(({ url }) => url), ['http://o/a'])
  FakeXhr.last.finish(bytes(3))
  assert.deepEqual(events.map(([name]) => name), ['piece_bytes_downloaded', 'segment_loaded'])
  assert.equal(events[1][1], given[0])
  assert.equal(await loader.getSegment('a'), given[0])
  assert.equal(FakeXhr.last.url, 'http://o/b')
  FakeXhr.last.fire('error')
  assert.deepEqual(events.at(-1).slice(0, 2), ['segment_error', given[1]])
  assert.equal(FakeXhr.all.length, 3)
  await new Promise(resolve => setTimeout(resolve, 60))
  assert.equal(FakeXhr.all.length, 4, 'again after the pause')
  await loader.load([given[0]], 's')
  assert.deepEqual(events.at(-1), ['segment_abort', given[1]])
  assert.ok(FakeXhr.last.isAborted)
  assert.equal(browser.errors.length, 1)
})

test('a trap in destroy(): the storage is destroyed all the same', async () => {
  let isDestroyed = false
  make({ segmentsStorage: { destroy: async () => { isDestroyed = true } } })
  module.on.destroy = () => { throw new WebAssembly.RuntimeError('unreachable') }
  await loader.destroy()
  assert.ok(isDestroyed)
})

test('a trap in what a listener calls: what was recorded with it is not carried out any more', async () => {
  make()
  module.on.getSegment = () => { throw new WebAssembly.RuntimeError('unreachable') }
  let answer
  loader.on(Events.PeerClose, () => { answer = loader.getSegment('a') })
  carryOut([36, 'p'], [1, 1, segmentRecord('a'), null], [3, 2, 'ws://t'])
  assert.equal(await answer, undefined)
  assert.equal(FakeXhr.all.length + FakeSocket.all.length, 0)
})

test('what the application said of a segment stays, whatever the record has', async () => {
  make()
  const given = { id: 'a', url: 'u', range: 'bytes=0-1', priority: 4, streamId: 'V0' }
  await loader.load([given], 's')
  carryOut([34, { id: 'a', url: 'other', priority: 0, range: 'bytes=5-' }])
  assert.deepEqual(given, { id: 'a', url: 'u', range: 'bytes=0-1', priority: 4, streamId: 'V0' })
})

test('no WebAssembly here: everything over plain HTTP', async () => {
  loader = new (makeHybridLoader(() => { throw new WebAssembly.CompileError('blocked by CSP') }))({ requiredSegmentsPriority: 5 })
  const given = { id: 'a', url: 'http://o/a', priority: 0 }
  const loaded = new Promise(resolve => loader.on(Events.SegmentLoaded, resolve))
  await loader.load([given], 's')
  FakeXhr.last.finish(bytes(3))
  assert.equal(await loaded, given)
  assert.equal(loader.getSettings().requiredSegmentsPriority, 5)
  assert.deepEqual(loader.getDetails().peers, [])
  await settled()
  assert.equal(browser.errors.length, 1)
})

for (const [what, { range, status, body, expected }] of Object.entries({
  'a range of a whole body is cut out of it': { range: 'bytes=2-4', status: 200, body: 8, expected: [2, 3, 4] },
  'as is one without an end': { range: 'bytes=5-', status: 200, body: 8, expected: [5, 6, 7] },
  'of a 206 all is taken': { range: 'bytes=2-4', status: 206, body: 3, expected: [0, 1, 2] },
  'a whole body that ends before the range does is an error': { range: 'bytes=6-8', status: 200, body: 8 },
  'and one that ends before it begins': { range: 'bytes=8-', status: 200, body: 8 },
  'and a 206 of another length': { range: 'bytes=2-4', status: 206, body: 8 },
  'and a whole body to ranges that cannot be cut out of it': { range: 'bytes=0-1,4-5', status: 200, body: 8 }
})) {
  test(`over plain HTTP: ${what}`, async () => {
    loader = new (makeHybridLoader(() => { throw new WebAssembly.CompileError('blocked by CSP') }))()
    const events = heard()
    await loader.load([{ id: 'a', url: 'http://o/a', priority: 0, range }], 's')
    assert.equal(FakeXhr.last.requestHeaders.Range, range)
    FakeXhr.last.finish(Uint8Array.from({ length: body }, (_, i) => i).buffer, status)
    await settled()
    const [name, segment, error] = events.at(-1)
    if (expected) {
      assert.equal(name, 'segment_loaded')
      assert.deepEqual([...new Uint8Array(segment.data)], expected)
    } else {
      assert.equal(name, 'segment_error')
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /http:\/\/o\/a: status \d+ with other bytes than bytes=/)
      assert.equal(segment.data, undefined)
    }
  })
}

for (const [status, code] of [[404, 'notFound'], [410, 'notFound'], [429, 'unavailable'], [503, 'unavailable']]) {
  test(`over plain HTTP: status ${status} is ${code}, as the engine calls it`, async () => {
    loader = new (makeHybridLoader(() => { throw new WebAssembly.CompileError('blocked by CSP') }))()
    const events = heard()
    await loader.load([{ id: 'a', url: 'http://o/a', priority: 0 }], 's')
    FakeXhr.last.finish(new ArrayBuffer(3), status)
    await settled()
    assert.deepEqual([events.at(-1)[0], events.at(-1)[2].code], ['segment_error', code])
  })
}

test('a module of another interface is not used', async () => {
  const instantiate = env => ({ ...module.instantiate(env), interfaceVersion: () => 99 })
  loader = new (makeHybridLoader(instantiate))()
  await settled()
  assert.match(browser.errors[0].message, /interface 99/)
  assert.deepEqual(loader.getDetails().peers, [])
})
