// What goes wrong in a page is told and played around: a trap in the module, a full disk, callbacks that throw. And what destroy() leaves.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from '../interop/lib/browser.mjs'
import { Origin } from '../interop/lib/origin.mjs'
import { segmentHash } from '../interop/lib/synthetic.mjs'
import { PageViewer } from '../interop/lib/viewer.mjs'
import { folders } from './lib/folders.mjs'

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start(folders)]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const timeout = 60_000

// In the middle of create(), of the first load(), of the transfers.
for (const call of [3, 12, 60, 150]) {
  test(`call ${call} into the module traps: it is reported once, and the page goes on over HTTP`, { timeout }, async t => {
    const config = { name: 'trap', size: 50_000, count: 20, settings: {}, id: `trap-${call}`, role: 'seed', swarm: 't', origin: origin.url, tracker: 'ws://127.0.0.1:1' }
    const viewer = await PageViewer.start(browser, `/web/core-trap.html?trap=${call}`, config)
    t.after(() => viewer.stop())
    await viewer.until(() => viewer.got === 20, 'it has all')
    const trapped = await viewer.page.evaluate(() => window.left <= 0)
    assert.equal(trapped, true, 'it did trap')
    assert.deepEqual(viewer.said, [])
    const hashes = new Map(viewer.segments.map(({ n, sha256 }) => [n, sha256]))
    for (let n = 0; n < 20; ++n) assert.equal(hashes.get(n), segmentHash('trap', 50_000, n), `segment ${n}`)
    const reports = viewer.page.errors.filter(text => /unreachable/.test(text))
    assert.equal(reports.length, 1, viewer.page.errors.join('\n'))
  })
}

async function open (t, page, id) {
  const opened = await browser.open(`${origin.url}/web/${page}`, id)
  t.after(() => opened.close())
  return opened
}

test('a storage on disk that is full: StorageError tells, and playback goes on', { timeout }, async t => {
  const page = await open(t, 'storage.html', 'quota')
  await page.limitStorage(origin.url, 1_500_000)
  const heard = await page.evaluate(() => window.play({ count: 10, size: 300_000 }))
  assert.deepEqual(heard.loaded, Array.from({ length: 10 }, (_, n) => [n, 300_000]))
  assert.ok(heard.storageErrors.length > 0 && heard.storageErrors.length < 10, `${heard.storageErrors.length} of 10 had no room`)
  assert.match(heard.storageErrors[0], /quota|aborted|full/i)
  assert.deepEqual([heard.errors, heard.first, page.errors], [[], 300_000, []])
})

for (const [throwing, isFatal] of [['xhrSetup', true], ['segmentUrlBuilder', true], ['segmentValidator', true], ['listener', false]]) {
  test(`${throwing} throws: ${isFatal ? 'SegmentError tells, it is tried again' : 'it is reported, and disturbs nothing'}`, { timeout }, async t => {
    const page = await open(t, 'storage.html', throwing)
    const heard = await page.evaluate(throwing => window.play({ count: 3, size: 1000, throwing }), throwing)
    if (isFatal) {
      assert.deepEqual([heard.loaded, heard.errors.length], [[], 3])
      assert.match(heard.errors[0], new RegExp(`${throwing} throws`))
    } else {
      assert.deepEqual([heard.loaded.length, heard.errors, page.errors.length], [3, [], 3])
    }
  })
}

test('after destroy() nothing holds the module\'s instance', { timeout }, async t => {
  const page = await open(t, 'core-dropped.html', 'dropped')
  await page.evaluate(async () => {
    const { Events, HybridLoader, Segment } = window.p2pml.core
    const loader = window.kept = new HybridLoader({ trackerAnnounce: [] })
    const loaded = new Promise(resolve => loader.on(Events.SegmentLoaded, resolve))
    loader.load([new Segment('a', '/synth/dropped/100000/0.bin')], 'swarm')
    await loaded
    await loader.destroy()
  })
  await page.collectGarbage()
  // The loader's, and that of the small module which unpacked it.
  assert.deepEqual(await page.evaluate(() => window.instances.map(instance => instance.deref() === undefined)), [true, true])
})
