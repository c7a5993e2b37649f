// A page of p2pml-core with `peerProtocols` stands between generations that cannot meet: what it has from the real 2.3.1 it gives to the
// real 0.6.2, and the other way round.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from '../interop/lib/browser.mjs'
import { Origin } from '../interop/lib/origin.mjs'
import { segmentHash } from '../interop/lib/synthetic.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { PageViewer } from '../interop/lib/viewer.mjs'
import { folders } from './lib/folders.mjs'

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start(folders)]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const stream = { name: 'bridge', size: 200_000, count: 12, dur: 4, mode: 'vod', settings: {} }
const protocols = { '06': 'G0', 23: 'G3' }

for (const [from, to] of [['23', '06'], ['06', '23']]) {
  test(`from generation ${from} over the bridge to ${to}`, { timeout: 90_000 }, async t => {
    const tracker = await trackers.p2pml()
    t.after(() => tracker.stop())
    const start = async (page, role, more) => {
      const id = `${from}-${to}-${role}`
      if (role !== 'seed') origin.refuseSegments(id)
      const config = { ...stream, id, role, swarm: `bridge-${from}`, origin: origin.url, tracker: tracker.url, ...more }
      const viewer = await PageViewer.start(browser, page, config)
      t.after(() => viewer.stop())
      return viewer
    }
    const seeder = await start(`/pages/core-${from}.html`, 'seed', { gen: from })
    await seeder.until(() => seeder.got === stream.count, 'the seeder has all')
    const bridge = await start('/web/core-bridge.html', 'bridge', { peerProtocols: ['G0', 'G3'] })
    await bridge.until(() => bridge.got === stream.count, 'the bridge has all')
    const leecher = await start(`/pages/core-${to}.html`, 'leech', { gen: to })
    await leecher.until(() => leecher.got === stream.count, 'the leecher has all')
    for (const viewer of [bridge, leecher]) {
      assert.deepEqual(viewer.errors, [])
      assert.deepEqual(viewer.segments.map(({ n, src, sha256 }) => ({ n, src, sha256 })).sort((a, b) => a.n - b.n),
        Array.from({ length: stream.count }, (_, n) => ({ n, src: 'p2p', sha256: segmentHash(stream.name, stream.size, n) })))
      assert.deepEqual(origin.served(viewer.config.id), { segments: 0, bytes: 0, refused: 0 })
    }
    assert.ok(bridge.segments.every(({ peer }) => peer === protocols[from]), 'the bridge has all from that generation')
  })
}
