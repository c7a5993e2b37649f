// The gateway and JavaScript viewers of the same DASH stream, both ways, in real Chromium: Shaka Player 2.5.23 over p2p-media-loader-shaka 0.6.2
// and 4.16.9 over 2.2.2. Who receives may load nothing over HTTP that is shared. They meet only if the gateway names streams and segments as they do.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { Browser } from './lib/browser.mjs'
import { Gateway } from './lib/gateway.mjs'
import { Origin } from './lib/origin.mjs'
import { program } from './p2pml.mjs'
import { trackers } from './lib/trackers.mjs'

const timeout = 120_000
const samples = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../samples/dash')
/** Of each Representation of the sample. */
const segments = 12
/** Which of them each integration takes to its engine. */
const viewers = {
  '06': { name: 'Shaka Player 2.5.23, p2p-media-loader-shaka 0.6.2', shares: ['video'] },
  22: { name: 'Shaka Player 4.16.9, p2p-media-loader-shaka 2.2.2', shares: ['video', 'audio'] }
}
/** Their names, and how many they are. */
const namesOf = shares => shares.flatMap(kind => Array.from({ length: segments }, (_, i) => `${kind}/${String(i + 1).padStart(3, '0')}.m4s`))

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
async function startPage (t, tracker, gen, role) {
  const page = await browser.open(`${origin.url}/pages/play-shaka-${gen}.html`, `${role} ${gen}`)
  t.after(() => page.close())
  const seen = { http: new Set(), p2p: new Set(), errors: [], uploaded: 0, hasEnded: false, page }
  page.onReport = ({ fragment, error, uploaded, video }) => {
    if (fragment) seen[fragment.src].add(fragment.url.split('/').slice(-2).join('/'))
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

for (const [gen, { name, shares }] of Object.entries(viewers)) {
  test(`${name}: plays what a gateway sends`, { timeout }, async t => {
    const tracker = await startTracker(t)
    const seed = await startSeed(t, tracker)
    for (;;) {
      const { streams } = await seed.stats()
      if (streams.length === 2 && streams.every(stream => stream.segments === segments && stream.segmentsOver.http === segments)) break
      await sleep(200)
    }
    const viewer = await startPage(t, tracker, gen, 'leech')
    await viewer.until(() => viewer.hasEnded, 'plays to the end')
    assert.deepEqual([...viewer.errors, ...viewer.page.errors], [])
    assert.deepEqual([...viewer.p2p].sort(), namesOf(shares).sort())
    assert.equal(viewer.http.size, 0)
    assert.ok((await seed.stats()).bytes.upload > 0)
  })

  test(`${name}: sends what a gateway plays`, { timeout }, async t => {
    const tracker = await startTracker(t)
    const page = await startPage(t, tracker, gen, 'seed')
    const names = namesOf(shares)
    await page.until(() => page.http.size === names.length, 'has all that it shares')
    const id = `gateway-${gen}`
    origin.refuseSegments(id)
    const gateway = await Gateway.start(id, manifest(), tracker, { simultaneousHttpDownloads: 0, startupPolicy: 'p2pFirst' })
    t.after(() => gateway.stop())
    assert.equal((await fetch(gateway.address)).status, 200)
    let size = 0
    for (const file of names) {
      const answer = await fetch(gateway.address.replace('manifest.mpd', file))
      const [got, expected] = await Promise.all([answer.arrayBuffer(), readFile(path.join(samples, file))])
      assert.equal(answer.status, 200, file)
      assert.ok(expected.equals(Buffer.from(got)), file)
      size += expected.length
    }
    const { streams } = await (await fetch(new URL('/api/stats', gateway.address))).json()
    const bytes = kind => streams.reduce((sum, stream) => sum + stream.bytes[kind], 0)
    assert.deepEqual({ http: bytes('http'), p2p: bytes('p2p') }, { http: 0, p2p: size })
    await page.page.until(() => page.uploaded === size, 'the page counts what it has sent')
    assert.deepEqual([...page.errors, ...page.page.errors], [])
    t.diagnostic(`${size} bytes of ${names.length} segments from the page to the gateway, all equal`)
  })
}
