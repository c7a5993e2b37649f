// Real playback: hls.js in real Chromium shows the sample stream, with what peers sent it.
//
// The viewer who is looked at may not load segments over HTTP. It must play to the end of the stream, neither waiting nor jumping.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Browser } from './lib/browser.mjs'
import { NativePeer } from './lib/native.mjs'
import { Origin } from './lib/origin.mjs'
import { trackers } from './lib/trackers.mjs'

const samples = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../samples/hls')
const isWhole = process.env.P2PML_INTEROP === 'all'

/** The rendition of 180p: hls.js sorts by bandwidth, the manifest does not. */
const rendition = { level: 0, place: 1, folder: '180p' }
const segments = 20
const duration = 40
/** Times real time; what comes from peers on the same machine comes faster. */
const rate = 4

let browser
let origin
let viewers = 0

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start()]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

/** A page that plays, and what happened on it. */
class Player {
  /** Names of the segments that the engine got, by source. */
  http = new Set()
  p2p = new Set()
  /** What the video did since it plays, other than playing on. */
  disturbances = []
  errors = []
  time = 0
  uploaded = 0
  isPlaying = false
  hasEnded = false

  static async start (t, gen, tracker, role) {
    const player = new Player()
    player.id = `${role}-${++viewers}`
    if (role === 'leech') origin.refuseSegments(player.id)
    player.page = await browser.open(`${origin.url}/pages/play-${gen}.html`, player.id)
    t.after(() => player.page.close())
    player.page.onReport = said => player.#hear(said)
    const config = { manifest: manifest(), tracker: tracker.url, role, level: rendition.level, rate }
    await player.page.evaluate(start => { window.start(start) }, config)
    return player
  }

  #hear ({ fragment, uploaded, video, hls, error }) {
    if (fragment) this[fragment.src].add(path.posix.basename(fragment.url))
    if (uploaded) this.uploaded += uploaded
    if (error) this.errors.push(error)
    if (hls && (this.isPlaying || hls.fatal)) this.errors.push(`hls.js: ${hls.details}`)
    if (!video) return
    this.time = video.time
    if (video.event === 'ended') this.hasEnded = true
    // With data at hand it waits for nothing but a machine that is too busy to decode in time.
    const lacksData = video.event === 'waiting' && video.ahead < 0.5
    if (this.isPlaying && (lacksData || video.event === 'seeking')) this.disturbances.push(video)
    // Not from the first 'playing': the first picture is later than 0, and hls.js jumps to it when it has waited there for a while.
    if (video.time > 0.5) this.isPlaying = true
  }

  until (condition, what) {
    return this.page.until(() => this.errors.length > 0 || condition(), `${this.id}: ${what}`)
  }

  async untilEnd () {
    await this.until(() => this.time > 8, 'plays')
    // For a person to look at: P2PML_SCREENSHOTS names a folder.
    if (process.env.P2PML_SCREENSHOTS) await this.page.screenshot(path.join(process.env.P2PML_SCREENSHOTS, `${this.id}.png`))
    await this.until(() => this.hasEnded, 'plays to the end')
  }

  assertPlayed (source) {
    assert.deepEqual([...this.errors, ...this.page.errors], [])
    assert.ok(Math.abs(this.time - duration) < 0.5, `ended at ${this.time} s`)
    assert.deepEqual(this.disturbances, [])
    assert.equal(this[source].size, segments)
    assert.equal(this[source === 'p2p' ? 'http' : 'p2p'].size, 0)
  }
}

// Its URL names the swarm, so it is the same for all.
const manifest = () => `${origin.url}/samples/hls/master.m3u8`

async function startTracker (t, name = 'p2pml') {
  const tracker = await trackers[name]()
  t.after(() => tracker.stop())
  return tracker
}

async function pagePlaysFromPage (t, gen) {
  const tracker = await startTracker(t, 'bittorrent-tracker')
  const seeder = await Player.start(t, gen, tracker, 'seed')
  await seeder.until(() => seeder.http.size === segments, 'has all segments')
  const leecher = await Player.start(t, gen, tracker, 'leech')
  await Promise.all([seeder.untilEnd(), leecher.untilEnd()])
  seeder.assertPlayed('http')
  leecher.assertPlayed('p2p')
  assert.deepEqual(origin.served(leecher.id), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(seeder.uploaded, origin.served(seeder.id).bytes)
}

/** p2pml as a viewer of the sample stream; by the manifest it finds the swarms that the pages are in. */
async function startNative (t, gen, tracker, role) {
  const id = `native-${++viewers}`
  if (role === 'leech') origin.refuseSegments(id)
  const peer = await NativePeer.start({
    id, gen, role, tracker: tracker.url, manifest: `${origin.url}/t/${id}/samples/hls/master.m3u8`, swarm: manifest(), variant: rendition.place
  })
  t.after(() => peer.stop())
  return peer
}

async function pagePlaysFromNative (t, gen) {
  const tracker = await startTracker(t)
  const seeder = await startNative(t, gen, tracker, 'seed')
  const leecher = await Player.start(t, gen, tracker, 'leech')
  await leecher.untilEnd()
  await seeder.stop()
  leecher.assertPlayed('p2p')
  assert.deepEqual(seeder.errors, [])
  assert.deepEqual(origin.served(leecher.id), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(seeder.uploaded, origin.served(seeder.config.id).bytes)
}

async function nativeLoadsFromPage (t, gen) {
  const tracker = await startTracker(t)
  const seeder = await Player.start(t, gen, tracker, 'seed')
  await seeder.until(() => seeder.http.size === segments, 'has all segments')
  const leecher = await startNative(t, gen, tracker, 'leech')
  await Promise.all([seeder.untilEnd(), leecher.until(() => leecher.got === segments, 'p2pml has all segments')])
  await leecher.stop()
  seeder.assertPlayed('http')
  assert.deepEqual(leecher.errors, [])
  assert.deepEqual(origin.served(leecher.config.id), { segments: 0, bytes: 0, refused: 0 })
  const received = leecher.segments.map(({ n, src, sha256 }) => ({ n, src, sha256 })).sort((a, b) => a.n - b.n)
  assert.deepEqual(received, await Promise.all(Array.from({ length: segments }, async (_, n) => {
    const file = path.join(samples, rendition.folder, `${String(n).padStart(3, '0')}.ts`)
    return { n, src: 'p2p', sha256: createHash('sha256').update(await readFile(file)).digest('hex') }
  })))
}

const timeout = 120_000
const players = [['06', 'hls.js 0.14.17, p2p-media-loader-hlsjs 0.6.2'], ['23', 'hls.js 1.6.16, p2p-media-loader-hlsjs 2.3.1']]

for (const [gen, name] of players) {
  test(`${name}: plays what p2pml sends`, { timeout }, t => pagePlaysFromNative(t, gen))
  if (!isWhole) continue
  test(`${name}: p2pml loads what a playing page sends`, { timeout }, t => nativeLoadsFromPage(t, gen))
  test(`${name}: plays what another page sends`, { timeout }, t => pagePlaysFromPage(t, gen))
}
