// A bridge: one p2pml node in the swarms of several generations at once lets viewers share who can never meet each other.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from './lib/browser.mjs'
import { NativePeer } from './lib/native.mjs'
import { Origin } from './lib/origin.mjs'
import { manifestOf, Player, rendition, segments } from './lib/player.mjs'
import { infoHash, untilMembers } from './lib/swarm.mjs'
import { segmentHash } from './lib/synthetic.mjs'
import { trackers } from './lib/trackers.mjs'
import { startViewer } from './lib/viewer.mjs'

const isWhole = process.env.P2PML_INTEROP === 'all'
const timeout = 120_000

let browser
let origin
let bridges = 0

before(async () => { browser = await Browser.start() })
after(() => browser?.stop())

/** An origin and a tracker for one test, so that its requests are counted alone. */
async function newWorld (t) {
  const [tracker, started] = await Promise.all([trackers.p2pml(), Origin.start()])
  origin = started
  t.after(() => Promise.all([tracker.stop(), started.stop()]))
  return tracker
}

/** p2pml in both swarms of the sample stream that the pages play. */
async function startBridge (t, tracker, role) {
  const id = `bridge-${++bridges}`
  const peer = await NativePeer.start({
    id, gen: '06+23', role, tracker: tracker.url, manifest: `${origin.url}/t/${id}/samples/hls/master.m3u8`, swarm: manifestOf(origin),
    variant: rendition.place, stay: true
  })
  t.after(() => peer.stop())
  return peer
}

const startPage = (t, tracker, gen, role, options) => Player.start(t, { browser, origin }, gen, tracker, role, options)

/** Who was sent each segment of the sample stream, by its place. */
const gets = () => Array.from({ length: segments }, (_, n) =>
  origin.getsOf(`/samples/hls/${rendition.folder}/${String(n).padStart(3, '0')}.ts`))

test('one p2pml node feeds a playing page of 0.6.2 and one of 2.3.1 with one GET per segment', { timeout }, async t => {
  const tracker = await newWorld(t)
  const bridge = await startBridge(t, tracker, 'seed')
  const pages = await Promise.all(['06', '23'].map(gen => startPage(t, tracker, gen, 'leech')))
  await Promise.all(pages.map(page => page.untilEnd()))
  await bridge.until(() => bridge.progress.peersByGen?.['06'] === 1 && bridge.progress.peersByGen['23'] === 1,
    'p2pml counts one peer of each generation')
  await bridge.stop()

  for (const page of pages) {
    page.assertPlayed('p2p')
    assert.deepEqual(origin.served(page.id), { segments: 0, bytes: 0, refused: 0 })
  }
  assert.deepEqual(gets(), Array.from({ length: segments }, () => [bridge.config.id]))
  assert.deepEqual(bridge.errors, [])
  assert.equal(bridge.uploaded, 2 * origin.served(bridge.config.id).bytes)
})

test('a segment of a 0.6.2 page reaches a 2.2.2 page and a 2.3.1 page through p2pml', { timeout }, async t => {
  const tracker = await newWorld(t)
  const config = {
    name: 'bridge', size: 1 << 20, count: 10, dur: 4, mode: 'vod', swarm: 'bridged', tracker: tracker.url, origin: origin.url, settings: {}, stay: true
  }
  const start = async (kind, role, gen) => {
    const id = `${role}-${gen}`
    if (role === 'leech') origin.refuseSegments(id)
    const viewer = await startViewer(kind, { ...config, id, role, gen }, browser)
    t.after(() => viewer.stop())
    return viewer
  }
  const has = viewer => viewer.until(() => viewer.got === config.count, `${viewer.config.id} has all segments`)
  // All get to know each other while there is nothing to be had but by way of the bridge.
  const bridge = await start('native', 'leech', '06+22+23')
  await Promise.all(['06', '22', '23'].map(gen => untilMembers(tracker.url, infoHash(gen, config.swarm), 1)))
  const receivers = await Promise.all([start('page', 'leech', '22'), start('page', 'leech', '23')])
  const seeder = await start('page', 'seed', '06')
  await Promise.all([bridge, ...receivers].map(has))
  await bridge.stop()

  for (const viewer of [bridge, ...receivers]) {
    assert.deepEqual(viewer.errors, [])
    assert.deepEqual(viewer.segments.map(({ n, src, bytes, sha256 }) => ({ n, src, bytes, sha256 })).sort((a, b) => a.n - b.n),
      Array.from({ length: config.count }, (_, n) => ({
        n, src: 'p2p', bytes: config.size, sha256: segmentHash(config.name, config.size, n)
      })))
    assert.deepEqual(origin.served(viewer.config.id), { segments: 0, bytes: 0, refused: 0 })
  }
  assert.deepEqual(seeder.errors, [])
  const total = config.count * config.size
  assert.equal(seeder.uploaded, total, 'sent once, to the bridge')
  assert.equal(bridge.uploaded, 2 * total)
  assert.equal(origin.served(seeder.config.id).segments, config.count)
})

async function twoBridges (t) {
  const tracker = await newWorld(t)
  const bridges = [await startBridge(t, tracker, 'seed'), await startBridge(t, tracker, 'seed')]
  const pages = await Promise.all(['06', '23'].map(gen => startPage(t, tracker, gen, 'leech')))
  // Two pages and the other bridge, which counts in one of the generations that it is met in: three, not four.
  const hasMetAll = bridge => bridge.until(() => {
    const { peers, peersByGen } = bridge.progress
    return peers === 3 && peersByGen['06'] + peersByGen['23'] === 3
  }, 'p2pml counts three peers')
  await Promise.all(bridges.map(hasMetAll))
  await Promise.all(pages.map(page => page.untilEnd()))
  await Promise.all(bridges.map(hasMetAll))
  await Promise.all(bridges.map(bridge => bridge.stop()))
  for (const page of pages) page.assertPlayed('p2p')
  for (const bridge of bridges) {
    assert.deepEqual(bridge.errors, [])
    const other = bridges.find(candidate => candidate !== bridge)
    // Its swarms have ids of their own; only one of them may be connected at the end.
    const ids = new Set(other.progress.swarms.map(({ peerId }) => peerId))
    const open = new Set()
    for (const { e, peer } of bridge.result.events) {
      if (!ids.has(peer)) continue
      if (e === 'peer_connect') open.add(peer)
      if (e === 'peer_close') open.delete(peer)
      assert.ok(open.size <= 1, `connected twice: ${[...open]}`)
    }
    t.diagnostic(`${bridge.config.id}: most peers at once ${bridge.result.peersMax}, ${JSON.stringify(bridge.progress.peersByGen)}`)
  }
}

/** What the field would see: default settings of the pages, real time. Measured and told, not held to figures. */
async function report (t, role) {
  const tracker = await newWorld(t)
  const bridge = await startBridge(t, tracker, role)
  const pages = await Promise.all(['06', '23'].map(gen => startPage(t, tracker, gen, 'viewer', { rate: 1, worker: true })))
  await Promise.all(pages.map(page => page.page.until(() => page.hasEnded, `${page.id} plays to the end`)))
  await bridge.stop()
  const percent = ({ http, p2p }) => `${(100 * p2p / Math.max(1, http + p2p)).toFixed(1)} %`
  const row = (who, bytes, id, uploaded, errors, stalls) => t.diagnostic(
    `| ${who} | ${bytes.http} | ${bytes.p2p} | ${percent(bytes)} | ${origin.served(id).segments} | ${uploaded} | ${errors} | ${stalls} |`)
  t.diagnostic(`p2pml as ${role}, GETs per segment: ${gets().map(ids => ids.length).join(' ')}`)
  t.diagnostic('| viewer | bytes HTTP | bytes P2P | offload | GETs | bytes sent | errors | stalls |')
  for (const [i, page] of pages.entries()) {
    row(['0.6.2', '2.3.1'][i], page.bytes, page.id, page.uploaded, page.errors.length + page.page.errors.length, page.disturbances.length)
    for (const error of [...page.errors, ...page.page.errors]) t.diagnostic(`${page.id}: ${error}`)
    for (const disturbance of page.disturbances) t.diagnostic(`${page.id}: ${JSON.stringify(disturbance)}`)
  }
  const { bytes, stalls, errors, events } = bridge.result
  row('p2pml', bytes, bridge.config.id, bytes.up, errors, stalls.length)
  for (const { t: at, e, detail } of events) if (/error|warning/.test(e)) t.diagnostic(`p2pml at ${at} ms: ${e} ${detail}`)
  assert.deepEqual(gets().filter(ids => ids.length === 0), [], 'every segment came from the origin')
}

if (isWhole) {
  test('two bridges between the same pages keep one connection to each other', { timeout }, twoBridges)
  for (const role of ['seed', 'viewer']) {
    test(`the bridge among pages with default settings, p2pml as ${role}: figures`, { timeout }, t => report(t, role))
  }
}
