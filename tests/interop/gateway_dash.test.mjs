// The gateway and a JavaScript viewer of the same DASH stream: Shaka Player 2.5.23 over p2p-media-loader-shaka 0.6.2 in real Chromium,
// which may load nothing of the picture over HTTP. They meet only if the gateway names stream and segments as Shaka does.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'

import { Browser } from './lib/browser.mjs'
import { Origin } from './lib/origin.mjs'
import { program } from './p2pml.mjs'
import { trackers } from './lib/trackers.mjs'

const timeout = 120_000
/** Of the sample's picture. */
const segments = 12

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start()]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const manifest = () => `${origin.url}/samples/dash/manifest.mpd`

/** `p2pml seed`. @returns {Promise<{url: string, stats: () => Promise<object>}>} url: what its first line names */
async function startSeed (t, tracker) {
  const child = spawn(program, ['--log-level', 'warn', 'seed', '--listen', '127.0.0.1:0', '--tracker', tracker.url, '--local-address', '127.0.0.1', manifest()],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    if (child.exitCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const url = line.split(' ').at(-1)
  return { url, stats: async () => (await fetch(new URL('/api/stats', url))).json() }
}

/** A page that plays the picture by its engine. */
async function startPage (t, tracker, role) {
  const page = await browser.open(`${origin.url}/pages/play-shaka-06.html`, role)
  t.after(() => page.close())
  const seen = { http: new Set(), p2p: new Set(), errors: [], uploaded: 0, hasEnded: false, page }
  page.onReport = ({ fragment, error, uploaded, video }) => {
    if (fragment) seen[fragment.src].add(path.posix.basename(fragment.url))
    if (error) seen.errors.push(error)
    if (uploaded) seen.uploaded += uploaded
    if (video?.event === 'ended') seen.hasEnded = true
  }
  await page.evaluate(config => { window.start(config) }, { manifest: manifest(), tracker: tracker.url, role, rate: 2 })
  seen.until = (condition, what) => page.until(() => seen.errors.length > 0 || condition(), what)
  return seen
}

async function startTracker (t) {
  const tracker = await trackers.p2pml()
  t.after(() => tracker.stop())
  return tracker
}

test('Shaka Player plays the picture that a gateway sends', { timeout }, async t => {
  const tracker = await startTracker(t)
  const seed = await startSeed(t, tracker)
  for (;;) {
    const { streams } = await seed.stats()
    if (streams.length === 2 && streams.every(stream => stream.segments === segments && stream.segmentsOver.http === segments)) break
    await sleep(200)
  }
  const viewer = await startPage(t, tracker, 'leech')
  await viewer.until(() => viewer.hasEnded, 'plays to the end')
  assert.deepEqual([...viewer.errors, ...viewer.page.errors], [])
  assert.equal(viewer.p2p.size, segments)
  assert.equal(viewer.http.size, 0)
  assert.ok((await seed.stats()).bytes.upload > 0)
})
