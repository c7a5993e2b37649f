// Every generation of peers in the field: p2pml and the real npm packages in real Chromium move segments to each other.
//
// The receiver may not use HTTP, neither by its settings nor at the origin; every segment is checked by its SHA-256.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from './lib/browser.mjs'
import { Origin } from './lib/origin.mjs'
import { nativeGenerations } from './lib/native.mjs'
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

/** One seeder, one leecher, one swarm of their own. `first`: who is there when the other joins; the one who joins offers. */
async function transfer (t, { gen, from, to, tracker: trackerName, first }) {
  const tracker = await trackers[trackerName]()
  t.after(() => tracker.stop())
  const swarm = `swarm-${++swarms}`
  const config = role => ({ ...stream, id: `${swarm}-${role}`, gen, role, swarm, origin: origin.url, tracker: tracker.url })
  const start = async (kind, role) => {
    const viewer = await startViewer(kind, config(role), browser)
    t.after(() => viewer.stop())
    return viewer
  }
  const startSeeder = () => start(from, 'seed')
  const startLeecher = () => {
    origin.refuseSegments(config('leech').id)
    return start(to, 'leech')
  }

  let seeder
  let leecher
  if (first === 'seed') {
    seeder = await startSeeder()
    await seeder.until(() => seeder.got === stream.count, 'the seeder has all segments')
  } else {
    leecher = await startLeecher()
  }
  await untilMembers(tracker.url, infoHash(gen, swarm), 1)
  leecher ??= await startLeecher()
  seeder ??= await startSeeder()
  await leecher.until(() => leecher.got === stream.count, 'the leecher has all segments')
  await leecher.stop()
  await seeder.stop()

  assert.deepEqual(leecher.errors, [])
  assert.deepEqual(seeder.errors, [])
  const received = leecher.segments.map(({ n, src, bytes, sha256 }) => ({ n, src, bytes, sha256 })).sort((a, b) => a.n - b.n)
  assert.deepEqual(received, Array.from({ length: stream.count }, (_, n) => ({
    n, src: 'p2p', bytes: stream.size, sha256: segmentHash(stream.name, stream.size, n)
  })))
  assert.deepEqual(origin.served(leecher.config.id), { segments: 0, bytes: 0, refused: 0 })
  assert.ok(seeder.uploaded >= stream.count * stream.size, `the seeder counts ${seeder.uploaded} bytes as sent`)
}

const timeout = 90_000

for (const [gen, version] of versions) {
  for (const tracker of Object.keys(trackers)) {
    for (const first of ['seed', 'leech']) {
      const isQuick = tracker === 'p2pml' && first === 'seed'
      for (const [from, to] of [['page', 'native'], ['native', 'page'], ['page', 'page']]) {
        if (!isWhole && !(isQuick && from !== to)) continue
        const skip = (from === 'native' || to === 'native') && !nativeGenerations.includes(gen) && 'p2pml peer does not speak it'
        const names = { page: version, native: 'p2pml' }
        test(`${names[from]} -> ${names[to]}, generation ${gen}, ${tracker} tracker, ${first}er first`, { timeout, skip }, t =>
          transfer(t, { gen, from, to, tracker, first }))
      }
    }
  }
}
