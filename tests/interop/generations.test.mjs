// Every generation of peers in the field: p2pml and the real npm packages in real Chromium move segments to each other.
//
// The receiver may not use HTTP, neither by its settings nor at the origin; every segment is checked by its SHA-256.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from './lib/browser.mjs'
import { Origin } from './lib/origin.mjs'
import { infoHash, untilMembers } from './lib/swarm.mjs'
import { segmentHash } from './lib/synthetic.mjs'
import { trackers } from './lib/trackers.mjs'
import { startViewer, versions } from './lib/viewer.mjs'

const stream = { name: 'interop', size: 1 << 20, count: 20, dur: 4, mode: 'vod', settings: {} }
const isWhole = process.env.P2PML_INTEROP === 'all'

let browser
let origin
let swarms = 0

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start()]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

/** A tracker and a swarm for one test, and what starts viewers in it. */
async function newSwarm (t, { gen, tracker: trackerName, count = stream.count }) {
  const tracker = await trackers[trackerName]()
  t.after(() => tracker.stop())
  const swarm = `swarm-${++swarms}`
  return {
    async start (kind, role, id = `${swarm}-${role}`) {
      if (role === 'leech') origin.refuseSegments(id)
      const config = { ...stream, id, gen, role, swarm, count, origin: origin.url, tracker: tracker.url }
      const viewer = await startViewer(kind, config, browser)
      t.after(() => viewer.stop())
      return viewer
    },
    untilMembers: number => untilMembers(tracker.url, infoHash(gen, swarm), number)
  }
}

const untilAll = viewer => viewer.until(() => viewer.got === viewer.config.count, `${viewer.config.id} has all segments`)

/** That a leecher, already stopped, got every segment once, as it must be, and from peers only. */
function assertGotAll ({ config, segments, errors }) {
  const { name, size, count, id } = config
  assert.deepEqual(errors, [])
  const received = segments.map(({ n, src, bytes, sha256 }) => ({ n, src, bytes, sha256 })).sort((a, b) => a.n - b.n)
  assert.deepEqual(received, Array.from({ length: count }, (_, n) => ({
    n, src: 'p2p', bytes: size, sha256: segmentHash(name, size, n)
  })))
  assert.deepEqual(origin.served(id), { segments: 0, bytes: 0, refused: 0 })
}

/** One seeder, one leecher. `first`: who is there when the other joins; the one who joins offers. */
async function transfer (t, { from, to, first, ...where }) {
  const swarm = await newSwarm(t, where)
  let seeder
  let leecher
  if (first === 'seed') {
    seeder = await swarm.start(from, 'seed')
    await untilAll(seeder)
  } else {
    leecher = await swarm.start(to, 'leech')
  }
  await swarm.untilMembers(1)
  leecher ??= await swarm.start(to, 'leech')
  seeder ??= await swarm.start(from, 'seed')
  await untilAll(leecher)
  await leecher.stop()
  await seeder.stop()

  assertGotAll(leecher)
  assert.deepEqual(seeder.errors, [])
  assert.ok(seeder.uploaded >= stream.count * stream.size, `the seeder counts ${seeder.uploaded} bytes as sent`)
}

const timeout = 90_000

for (const [gen, version] of versions) {
  for (const tracker of Object.keys(trackers)) {
    for (const first of ['seed', 'leech']) {
      const isQuick = tracker === 'p2pml' && first === 'seed'
      for (const [from, to] of [['page', 'native'], ['native', 'page'], ['page', 'page']]) {
        if (!isWhole && !(isQuick && from !== to)) continue
        const names = { page: version, native: 'p2pml' }
        test(`${names[from]} -> ${names[to]}, generation ${gen}, ${tracker} tracker, ${first}er first`, { timeout }, t =>
          transfer(t, { gen, from, to, tracker, first }))
      }
    }
  }
}

for (const [gen, version] of versions) {
  test(`p2pml goes on with another peer when the page of a ${version} dies while sending`, { timeout }, async t => {
    const swarm = await newSwarm(t, { gen, tracker: 'p2pml', count: 60 })
    const dies = await swarm.start('page', 'seed', 'dies')
    const stays = await swarm.start('native', 'seed', 'stays')
    await Promise.all([untilAll(dies), untilAll(stays)])
    const leecher = await swarm.start('native', 'leech', 'survivor')
    await dies.until(() => dies.uploaded > 0, 'it sends')
    await dies.crash()
    await untilAll(leecher)
    await leecher.stop()
    await stays.stop()
    assertGotAll(leecher)
    const total = leecher.config.count * leecher.config.size
    assert.ok(dies.uploaded < total, 'it died in the middle')
    assert.ok(stays.uploaded >= total - dies.uploaded, 'the other sent the rest, and again what was lost with a page')
  })
}
