// What a page that exchanges one script tag sees: the seed's Usage Example as it stands, but with URLs of its own, and content security
// policies that forbid WebAssembly.

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

const timeout = 60_000

test('the Usage Example loads and logs, in the lines after the script tag', { timeout }, async t => {
  const page = await browser.open(`${origin.url}/web/usage.html`, 'usage')
  t.after(() => page.close())
  const result = await page.evaluate(() => new Promise(resolve => {
    const look = () => {
      if (logged.length < 2) return
      resolve({
        core: Object.keys(p2pml.core).sort(),
        isSupported: p2pml.core.HybridLoader.isSupported(),
        logged: logged.map(([text, what, error]) => typeof what === 'number' ? [text, what] : [text, what instanceof p2pml.core.Segment, what.id, error.code])
      })
    }
    new MutationObserver(look).observe(document.querySelector('title'), { childList: true })
    look()
  }))
  assert.deepEqual(result.core, ['Events', 'HybridLoader', 'Segment', 'version'])
  assert.equal(result.isSupported, true)
  assert.deepEqual(result.logged.sort(), [['Loading failed', true, 'segment-2', 'notFound'], ['Loading finished, bytes:', 300000]])
})

/** A seeder and a leecher that may not use HTTP, in two pages; the leecher's segments must be as they are made. */
async function share (t, page, swarm) {
  const tracker = await trackers.p2pml()
  t.after(() => tracker.stop())
  const start = async role => {
    const id = `${swarm}-${role}`
    if (role === 'leech') origin.refuseSegments(id)
    const config = { name: 'web', size: 1 << 20, count: 20, dur: 4, mode: 'vod', settings: {}, id, role, swarm, origin: origin.url, tracker: tracker.url }
    const viewer = await PageViewer.start(browser, page, config)
    t.after(() => viewer.stop())
    return viewer
  }
  const seeder = await start('seed')
  await seeder.until(() => seeder.got === 20, 'the seeder has all')
  const leecher = await start('leech')
  await leecher.until(() => leecher.got === 20, 'the leecher has all')
  assert.deepEqual([...seeder.errors, ...leecher.errors], [])
  assert.deepEqual(leecher.segments.map(({ n, src, bytes, sha256 }) => ({ n, src, bytes, sha256 })).sort((a, b) => a.n - b.n),
    Array.from({ length: 20 }, (_, n) => ({ n, src: 'p2p', bytes: 1 << 20, sha256: segmentHash('web', 1 << 20, n) })))
  assert.deepEqual(origin.served(leecher.config.id), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(seeder.uploaded, 20 << 20)
}

test('two pages share segments', { timeout }, t => share(t, '/web/core.html', 'pages'))
test('two pages whose policy forbids WebAssembly share segments, without it', { timeout }, t => share(t, '/web/core-nowasm.html', 'strict'))

test('a page whose policy forbids the WebAssembly that it was given plays on over HTTP', { timeout }, async t => {
  const config = { name: 'web', size: 50_000, count: 5, settings: {}, id: 'forbidden', role: 'seed', swarm: 'f', origin: origin.url, tracker: 'ws://127.0.0.1:1' }
  const viewer = await PageViewer.start(browser, '/web/core-forbidden.html', config)
  t.after(() => viewer.stop())
  await viewer.until(() => viewer.got === 5, 'it has all')
  assert.deepEqual(viewer.said, [])
  assert.deepEqual(viewer.segments.map(({ n, sha256, src }) => [n, sha256, src]).sort(([a], [b]) => a - b),
    Array.from({ length: 5 }, (_, n) => [n, segmentHash('web', 50_000, n), 'http']))
  // Chromium's own note of the refusal, and ours.
  assert.ok(viewer.page.errors.some(text => /WebAssembly/.test(text)), 'it is reported')
  assert.ok(viewer.page.errors.length <= 2, 'once')
})

for (const [script, type] of [['worker.js', 'classic'], ['worker.mjs', 'module']]) {
  test(`in a ${type} worker, where there is no WebRTC, over HTTP`, { timeout }, async t => {
    const page = await browser.open(`${origin.url}/web/core.html`, script)
    t.after(() => page.close())
    const said = await page.evaluate(([script, type]) => new Promise((resolve, reject) => {
      const worker = new Worker(`/web/${script}`, { type })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    }), [script, type])
    assert.match(said.version, /^\d+\.\d+\.\d+$/)
    assert.deepEqual({ ...said, version: '' }, { id: 'a', size: 5000, isSupported: false, version: '' })
  })
}
