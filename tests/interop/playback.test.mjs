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
import { manifestOf, Player, rendition, segments } from './lib/player.mjs'
import { trackers } from './lib/trackers.mjs'

const samples = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../samples/hls')
const isWhole = process.env.P2PML_INTEROP === 'all'

let browser
let origin
let natives = 0

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start()]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

async function startTracker (t, name = 'p2pml') {
  const tracker = await trackers[name]()
  t.after(() => tracker.stop())
  return tracker
}

async function pagePlaysFromPage (t, gen) {
  const tracker = await startTracker(t, 'bittorrent-tracker')
  const seeder = await Player.start(t, { browser, origin }, gen, tracker, 'seed')
  await seeder.until(() => seeder.http.size === segments, 'has all segments')
  const leecher = await Player.start(t, { browser, origin }, gen, tracker, 'leech')
  await Promise.all([seeder.untilEnd(), leecher.untilEnd()])
  seeder.assertPlayed('http')
  leecher.assertPlayed('p2p')
  assert.deepEqual(origin.served(leecher.id), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(seeder.uploaded, origin.served(seeder.id).bytes)
}

/** p2pml as a viewer of the sample stream; by the manifest it finds the swarms that the pages are in. */
async function startNative (t, gen, tracker, role) {
  const id = `native-${++natives}`
  if (role === 'leech') origin.refuseSegments(id)
  const peer = await NativePeer.start({
    id, gen, role, tracker: tracker.url, manifest: `${origin.url}/t/${id}/samples/hls/master.m3u8`, swarm: manifestOf(origin), variant: rendition.place
  })
  t.after(() => peer.stop())
  return peer
}

async function pagePlaysFromNative (t, gen) {
  const tracker = await startTracker(t)
  const seeder = await startNative(t, gen, tracker, 'seed')
  const leecher = await Player.start(t, { browser, origin }, gen, tracker, 'leech')
  await leecher.untilEnd()
  await seeder.stop()
  leecher.assertPlayed('p2p')
  assert.deepEqual(seeder.errors, [])
  assert.deepEqual(origin.served(leecher.id), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(seeder.uploaded, origin.served(seeder.config.id).bytes)
}

async function nativeLoadsFromPage (t, gen) {
  const tracker = await startTracker(t)
  const seeder = await Player.start(t, { browser, origin }, gen, tracker, 'seed')
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
