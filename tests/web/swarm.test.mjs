// One swarm of three: p2pml-core in a page, the original 0.6.2 in a page, and native p2pml. Each in turn has the segments and the two
// others, who may neither use HTTP nor upload, get all of them: all six directions.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from '../interop/lib/browser.mjs'
import { NativePeer } from '../interop/lib/native.mjs'
import { Origin } from '../interop/lib/origin.mjs'
import { segmentHash } from '../interop/lib/synthetic.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { PageViewer } from '../interop/lib/viewer.mjs'
import { folders } from './lib/folders.mjs'

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start(folders)]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const start = {
  'p2pml-core': config => PageViewer.start(browser, '/web/core.html', config),
  '0.6.2': config => PageViewer.start(browser, '/pages/core-06.html', config),
  native: config => NativePeer.start(config)
}
const stream = { gen: '06', name: 'three', size: 300_000, count: 20, dur: 4, mode: 'vod' }

async function join (t, kind, role, swarm, tracker) {
  const id = `${swarm}-${kind}`
  if (role === 'leech') origin.refuseSegments(id)
  const settings = role === 'leech' ? { consumeOnly: true } : {}
  const viewer = await start[kind]({ ...stream, id, role, swarm, settings, origin: origin.url, tracker: tracker.url })
  t.after(() => viewer.stop())
  return viewer
}

for (const from of Object.keys(start)) {
  test(`${from} -> the two others`, { timeout: 90_000 }, async t => {
    const tracker = await trackers.p2pml()
    t.after(() => tracker.stop())
    const seeder = await join(t, from, 'seed', `from-${from}`, tracker)
    await seeder.until(() => seeder.got === stream.count, 'the seeder has all')
    const others = Object.keys(start).filter(kind => kind !== from)
    const leechers = await Promise.all(others.map(kind => join(t, kind, 'leech', `from-${from}`, tracker)))
    await Promise.all(leechers.map(leecher => leecher.until(() => leecher.got === stream.count, `${leecher.config.id} has all`)))
    for (const leecher of leechers) {
      await leecher.stop()
      assert.deepEqual(leecher.errors, [])
      assert.deepEqual(leecher.segments.map(({ n, src, sha256 }) => ({ n, src, sha256 })).sort((a, b) => a.n - b.n),
        Array.from({ length: stream.count }, (_, n) => ({ n, src: 'p2p', sha256: segmentHash(stream.name, stream.size, n) })))
    }
    await seeder.stop()
    assert.deepEqual(seeder.errors, [])
    assert.ok(seeder.uploaded >= 2 * stream.count * stream.size, `${from} counts ${seeder.uploaded} bytes as sent`)
  })
}
