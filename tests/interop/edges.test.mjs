// Edge cases of docs/protocol/peer-json.md and peer-binary.md, with the real npm packages in real Chromium.
//
// No receiver may use HTTP. Pages that a test steers also tell what went over their data channels (lib/steered.mjs).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from './lib/browser.mjs'
import { NativePeer } from './lib/native.mjs'
import { Origin } from './lib/origin.mjs'
import { manifestOf, Player } from './lib/player.mjs'
import { codesOf, SteeredPage } from './lib/steered.mjs'
import { infoHash, untilMembers } from './lib/swarm.mjs'
import { segmentHash } from './lib/synthetic.mjs'
import { trackers } from './lib/trackers.mjs'
import { startViewer, versions } from './lib/viewer.mjs'

const isWhole = process.env.P2PML_INTEROP === 'all'
const timeout = 60_000
const stream = { name: 'edges', size: 1 << 20, count: 4, dur: 4, mode: 'vod', settings: {}, stay: true }

let browser
let origin
let tracker
let swarms = 0

before(async () => { [browser, origin, tracker] = await Promise.all([Browser.start(), Origin.start(), trackers.p2pml()]) })
after(() => Promise.all([browser?.stop(), origin?.stop(), tracker?.stop()]))

/** A swarm for one test. */
function newSwarm (t, gen, common = {}) {
  const name = `${common.swarm ?? ''}edge-${++swarms}`
  const configOf = (id, role, own) => {
    const config = { ...stream, gen, ...common, ...own, role, swarm: name, id: `edge-${swarms}-${id}`, origin: origin.url, tracker: tracker.url }
    if (role === 'leech') origin.refuseSegments(config.id)
    return config
  }
  const started = async starting => {
    const viewer = await starting
    t.after(() => viewer.stop())
    return viewer
  }
  return {
    native: (role, own, id = `native-${role}`) => started(NativePeer.start(configOf(id, role, own))),
    page: (role, own, id = `page-${role}`) => started(startViewer('page', configOf(id, role, own), browser)),
    steered: (own, id = 'steered') => started(SteeredPage.start(browser, configOf(id, 'leech', own))),
    untilMembers: number => untilMembers(tracker.url, infoHash(gen, name), number)
  }
}

const untilAll = viewer => viewer.until(() => viewer.got === viewer.config.count, `${viewer.config.id} has all segments`)

/** p2pml with all segments, known to the tracker. */
async function nativeSeeder (swarm, own) {
  const native = await swarm.native('seed', own)
  await untilAll(native)
  await swarm.untilMembers(1)
  return native
}

/** That a viewer got these segments by P2P, as they must be, and no others. */
function assertGot ({ segments, config: { name, size } }, numbers) {
  const got = segments.map(({ n, src, sha256 }) => ({ n, src, sha256 })).sort((a, b) => a.n - b.n)
  assert.deepEqual(got, numbers.map(n => ({ n, src: 'p2p', sha256: segmentHash(name, size, n) })))
}

const numbersTo = count => Array.from({ length: count }, (_, n) => n)

const hasClosed = ({ result }) => result.events.filter(({ e }) => e === 'peer_close')

/** 06: also of pages that say what they have before they are connected in their own eyes. */
async function untilAvailable (page, n) {
  await page.until(() => page.available.includes(n), `hears of segment ${n}`)
  await page.until(() => page.peers === 1, 'counts a peer')
}

const cases = {
  'a page gives up a segment in its middle: p2pml stops sending and sends the next': async (t, gen) => {
    const swarm = newSwarm(t, gen, { size: 16 << 20, count: 2 })
    const native = await nativeSeeder(swarm)
    const page = await swarm.steered({ onBody: { bytes: 1 << 20, want: 1 } })
    await untilAvailable(page, 0)
    await page.want(0)
    await page.until(() => page.got === 1, 'has the second segment')
    await native.stop()
    assertGot(page, [1])
    assert.deepEqual(native.errors, [])
    assert.deepEqual(hasClosed(native), [])
    assert.equal(page.said('page', 'cancel').length, 1)
    // The body of the second is whole, that of the first is not; of that nothing was sent as sent to its end.
    const first = page.body.peer - page.config.size
    t.diagnostic(`${(first / page.config.size * 100).toFixed(0)} % of the first segment were sent`)
    assert.ok(first < page.config.size, `${first} bytes of the first segment were sent`)
    if (gen !== '06') assert.deepEqual(page.said('peer', 'completed').map(({ command }) => command.i), [1])
  },

  'a page stops in the middle of a segment: p2pml cancels, and what it asks for again is whole': async (t, gen) => {
    const swarm = newSwarm(t, gen)
    const hold = { bytes: 300_000, until: codesOf(gen).cancel }
    const settings = gen === '06' ? { requiredSegmentsPriority: 0 } : { simultaneousHttpDownloads: 1, highDemandTimeWindow: 2 }
    const page = await swarm.page('seed', {}, 'other')
    await untilAll(page)
    await page.stop()
    const seeder = await SteeredPage.start(browser, {
      ...page.config, id: `${page.config.id}-slow`, settings, hold
    })
    t.after(() => seeder.stop())
    for (const n of numbersTo(seeder.config.count)) {
      await seeder.want(n)
      await seeder.until(() => seeder.got === n + 1, `has segment ${n}`)
    }
    const native = await swarm.native('leech', { settings: { p2pNotReceivingBytesTimeout: 1000 } })
    await untilAll(native)
    await native.stop()
    assertGot(native, numbersTo(stream.count))
    assert.deepEqual(hasClosed(native), [])
    assert.ok(seeder.said('peer', 'cancel').length > 0)
    const [again] = seeder.said('peer', 'request').filter(({ command }) => command.b)
    t.diagnostic(`${seeder.said('peer', 'request').length} requests, the resumed one from byte ${again?.command.b ?? 'none'}`)
  },

  'a page asks for what p2pml has dropped: it says so, and the connection lives': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 20, dur: 0.25 })
    const page = await swarm.steered()
    await swarm.untilMembers(1)
    // It plays, over HTTP, and keeps two segments behind its playhead.
    const native = await swarm.native('viewer', { ahead: 2, forward: 3, settings: { cachedSegmentsCount: 2 } })
    await page.until(() => page.available.length > 0, 'hears of a segment')
    await page.until(() => page.peers === 1, 'counts a peer')
    await page.deaf(true)
    const heard = page.available[0]
    await native.until(() => native.progress.done, 'p2pml has played all')
    await page.until(() => !page.available.includes(heard), 'overhears that it has gone')
    await page.want(heard)
    await page.until(() => page.said('peer', 'absent').length === 1, 'is told that it is absent')
    assert.equal(page.peers, 1)
    await native.stop()
    assert.equal(page.got, 0)
    assert.deepEqual(hasClosed(native), [])
  },

  '600 stored segments: p2pml says so that pages hear of the last': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 600, size: 1000 })
    const native = await nativeSeeder(swarm)
    const page = await swarm.steered()
    await untilAvailable(page, 599)
    assert.equal(page.available.length, 600)
    const wanted = [0, 255, 256, 511, 512, 599]
    for (const [i, n] of wanted.entries()) {
      await page.want(n)
      await page.until(() => page.got === i + 1, `has segment ${n}`)
    }
    await native.stop()
    assertGot(page, wanted)
    assert.deepEqual([...page.errors, ...native.errors], [])
  },

  '256 stored segments, a block of ids that is full: pages hear of it': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 256, size: 1000 })
    const native = await nativeSeeder(swarm)
    const page = await swarm.steered()
    await untilAvailable(page, 255)
    await page.want(255)
    await page.until(() => page.got === 1, 'has the last segment')
    await native.stop()
    assertGot(page, [255])
  },

  'a page with 300 segments, a full block of ids among them: p2pml gets all': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 300, size: 1000 })
    const seeder = await swarm.page('seed')
    await untilAll(seeder)
    const native = await swarm.native('leech')
    await untilAll(native)
    await native.stop()
    assertGot(native, numbersTo(300))
    assert.deepEqual([...seeder.errors, ...native.errors], [])
  },

  'commands in several messages of 64 bytes, both ways': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 200, size: 1000, settings: { webRtcMaxMessageSize: 64 } })
    const native = await nativeSeeder(swarm)
    const page = await swarm.steered()
    await untilAvailable(page, 199)
    await page.want(199)
    await page.until(() => page.got === 1, 'has the last segment')
    await native.stop()
    assertGot(page, [199])
    // JSON commands are never split.
    const most = Math.max(...page.said('peer', 'announcement').map(({ parts }) => parts))
    assert.ok(gen === '06' ? most === 1 : most > 3, `announced in ${most} messages`)
    await page.stop()

    const back = newSwarm(t, gen, { count: 200, size: 1000, settings: { webRtcMaxMessageSize: 64 } })
    const seeder = await back.page('seed')
    await untilAll(seeder)
    const leecher = await back.native('leech')
    await untilAll(leecher)
    await leecher.stop()
    assertGot(leecher, numbersTo(200))
    assert.deepEqual([...seeder.errors, ...leecher.errors, ...native.errors], [])
  },

  'a swarm name of 8 KB': (t, gen) => bothWays(t, gen, 'long-'.repeat(1638)),

  'a swarm name that is not ASCII': (t, gen) => bothWays(t, gen, 'Übermäßig-日本-😀-\u0000"\\-'),

  'a page is closed while it sends: p2pml goes on with another': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 40 })
    const closes = await swarm.page('seed', {}, 'closes')
    const stays = await swarm.native('seed', {}, 'stays')
    await Promise.all([untilAll(closes), untilAll(stays)])
    const leecher = await swarm.native('leech')
    await closes.until(() => closes.uploaded > 0, 'it sends')
    await closes.stop()
    await untilAll(leecher)
    await leecher.stop()
    assertGot(leecher, numbersTo(40))
    assert.ok(closes.uploaded < 40 * stream.size, 'it was closed in the middle')
  },

  'a page is closed while p2pml sends to it: another is served': async (t, gen) => {
    const swarm = newSwarm(t, gen, { size: 16 << 20, count: 2 })
    const native = await nativeSeeder(swarm)
    const closes = await swarm.steered({}, 'closes')
    await untilAvailable(closes, 0)
    await closes.want(0)
    await closes.until(() => closes.body.peer > 0, 'receives')
    await closes.stop()
    const page = await swarm.steered({}, 'stays')
    await untilAvailable(page, 1)
    await page.want(1)
    await page.until(() => page.got === 1, 'has its segment')
    await native.until(() => native.peers === 1, 'p2pml counts the other no more')
    await native.stop()
    assertGot(page, [1])
    assert.deepEqual(native.errors, [])
  },

  'two pages and p2pml join at the same moment': async (t, gen) => {
    const swarm = newSwarm(t, gen, { count: 8 })
    const [native, page, seeder] = await Promise.all([swarm.native('leech'), swarm.page('leech'), swarm.page('seed')])
    await Promise.all([native, page, seeder].map(untilAll))
    await native.until(() => native.peers === 2, 'p2pml counts two peers')
    await native.stop()
    for (const viewer of [native, page]) assertGot(viewer, numbersTo(8))
    assert.equal(native.result.peersMax, 2)
    assert.deepEqual(native.errors, [])
  },

  'a page sends what the validator of p2pml refuses: it is expelled, and nothing bad is handed over': async (t, gen) => {
    const swarm = newSwarm(t, gen)
    const corrupt = await swarm.page('seed', { name: 'corrupt' }, 'corrupt')
    await untilAll(corrupt)
    const native = await swarm.native('leech', { validate: true })
    await native.until(() => native.progress.bytes.p2p >= stream.size, 'p2pml has received something')
    const good = await swarm.page('seed', {}, 'good')
    await untilAll(native)
    await native.stop()
    assertGot(native, numbersTo(stream.count))
    assert.equal(native.result.bad, 0)
    const refused = native.result.events.filter(({ e }) => e === 'segment_error')
    assert.ok(refused.length > 0, 'the refusal is told')
    const bad = new Set(refused.map(({ peer }) => peer))
    assert.equal(bad.size, 1)
    assert.deepEqual(native.result.loads.filter(({ peer }) => bad.has(peer)), [])
    assert.ok(hasClosed(native).some(({ peer }) => bad.has(peer)), 'it is expelled')
    assert.ok(good.uploaded >= stream.count * stream.size)
  },

  'the validator of a page refuses what p2pml sends: p2pml goes on with others': async (t, gen) => {
    const swarm = newSwarm(t, gen)
    const native = await nativeSeeder(swarm)
    const refuses = await swarm.steered({ refuse: [0] }, 'refuses')
    await untilAvailable(refuses, 0)
    await refuses.want(0)
    await refuses.until(() => refuses.errors.length > 0, 'refuses')
    const page = await swarm.page('leech')
    await untilAll(page)
    await native.stop()
    assertGot(page, numbersTo(stream.count))
    assert.equal(refuses.got, 0)
    assert.deepEqual(native.errors, [])
  }
}

/** A swarm of that name: from p2pml to a page, and back in another. */
async function bothWays (t, gen, name) {
  const there = newSwarm(t, gen, { swarm: name })
  await nativeSeeder(there)
  const page = await there.page('leech')
  await untilAll(page)
  const back = newSwarm(t, gen, { swarm: name })
  const seeder = await back.page('seed')
  await untilAll(seeder)
  await back.untilMembers(1)
  const native = await back.native('leech')
  await untilAll(native)
  await native.stop()
  for (const viewer of [page, native]) assertGot(viewer, numbersTo(stream.count))
  assert.deepEqual([...page.errors, ...seeder.errors, ...native.errors], [])
}

/** What `make test` runs; the rest is of `make test-interop`. */
const quick = new Map([
  ['a page gives up a segment in its middle: p2pml stops sending and sends the next', ['06', '23']],
  ['a page stops in the middle of a segment: p2pml cancels, and what it asks for again is whole', ['23']],
  ['a page asks for what p2pml has dropped: it says so, and the connection lives', ['22']],
  ['600 stored segments: p2pml says so that pages hear of the last', ['22']],
  ['a page with 300 segments, a full block of ids among them: p2pml gets all', ['23']],
  ['a swarm name that is not ASCII', ['06']],
  ['two pages and p2pml join at the same moment', ['23']]
])

for (const [name, run] of Object.entries(cases)) {
  for (const [gen, version] of versions) {
    if (!isWhole && !quick.get(name)?.includes(gen)) continue
    test(`${version}: ${name}`, { timeout }, t => run(t, gen))
  }
}

/** The page plays the lower rendition from one node, then the upper from another: each node is in the swarms of one rendition. */
async function switchQuality (t, gen) {
  const natives = await Promise.all([0, 1].map(async variant => {
    const id = `switch-${gen}-${variant}`
    const native = await NativePeer.start({
      id, gen: '06+23', role: 'seed', tracker: tracker.url, manifest: `${origin.url}/t/${id}/samples/hls/master.m3u8`,
      swarm: manifestOf(origin), variant
    })
    t.after(() => native.stop())
    await native.until(() => native.got === 20, 'p2pml has all segments')
    return native
  }))
  const [upper, lower] = natives
  const player = await Player.start(t, { browser, origin }, gen, tracker, 'leech', { settings: { p2pInactiveLoaderDestroyTimeoutMs: 100 } })
  await player.until(() => player.time > 4, 'plays the lower rendition')
  await lower.until(() => lower.progress.peersByGen[gen] === 1, 'p2pml counts the page in the swarm of the lower rendition')
  await player.page.evaluate(() => { window.switchTo(1) })
  await upper.until(() => upper.progress.peersByGen[gen] === 1, 'p2pml counts the page in the swarm of the upper rendition')
  await lower.until(() => lower.progress.peersByGen[gen] === 0, 'the page has left the swarm of the lower rendition')
  await player.until(() => player.hasEnded, 'plays to the end')
  await Promise.all(natives.map(native => native.stop()))
  assert.deepEqual([...player.errors, ...player.page.errors], [])
  assert.equal(player.http.size, 0)
  for (const native of natives) {
    assert.deepEqual(native.errors, [])
    assert.ok(native.uploaded > 0, `${native.config.id} has sent something`)
  }
  assert.deepEqual(origin.served(player.id), { segments: 0, bytes: 0, refused: 0 })
}

if (isWhole) {
  for (const gen of ['06', '23']) {
    test(`${versions.get(gen)}: a playing page switches its quality and with it the swarm`, { timeout }, t => switchQuality(t, gen))
  }
}
