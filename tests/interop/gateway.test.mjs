// The gateway among pages of the field, on one stream: ffmpeg plays what a page of one generation sends, and a page of the other plays
// what the gateway sends. Only the first page may load segments over HTTP, so every byte of the rest has gone from peer to peer.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Browser } from './lib/browser.mjs'
import { Gateway, packetsOf } from './lib/gateway.mjs'
import { Origin } from './lib/origin.mjs'
import { manifestOf, Player, rendition, segments } from './lib/player.mjs'
import { trackers } from './lib/trackers.mjs'

const samples = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../samples/hls')
const names = {
  '06': 'hls.js 0.14.17, p2p-media-loader-hlsjs 0.6.2',
  22: 'hls.js 1.6.16, p2p-media-loader-hlsjs 2.2.2',
  23: 'hls.js 1.6.16, p2p-media-loader-hlsjs 2.3.1'
}
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0

let browser
let gateways = 0

before(async () => { browser = await Browser.start() })
after(() => browser?.stop())

async function fromPageToPage (t, first, second) {
  const [tracker, origin] = await Promise.all([trackers.p2pml(), Origin.start()])
  t.after(() => Promise.all([tracker.stop(), origin.stop()]))
  const seeder = await Player.start(t, { browser, origin }, first, tracker, 'seed')
  await seeder.until(() => seeder.http.size === segments, 'has all segments')

  const id = `gateway-${++gateways}`
  origin.refuseSegments(id)
  const gateway = await Gateway.start(id, manifestOf(origin), tracker, { simultaneousHttpDownloads: 0, startupPolicy: 'p2pFirst' })
  t.after(() => gateway.stop())
  assert.equal((await fetch(gateway.address)).status, 200) // the streams and their names are the master's
  const [played, expected] = await Promise.all([
    packetsOf(new URL(`${rendition.folder}/index.m3u8`, gateway.address).href),
    packetsOf(path.join(samples, rendition.folder, 'index.m3u8'))
  ])
  assert.ok(expected.length > 1000)
  assert.deepEqual(played, expected)
  const size = origin.served(seeder.id).bytes
  let stream = await gateway.stream()
  assert.deepEqual({ http: stream.bytes.http, p2p: stream.bytes.p2p, delivered: stream.bytes.delivered }, { http: 0, p2p: size, delivered: size })
  await seeder.page.until(() => seeder.uploaded === size, 'the page counts what it has sent')
  await seeder.page.close()

  const leecher = await Player.start(t, { browser, origin }, second, tracker, 'leech')
  await leecher.untilEnd()
  leecher.assertPlayed('p2p')
  stream = await gateway.stream()
  assert.equal(leecher.bytes.p2p, size)
  assert.equal(stream.bytes.upload, size)
  for (const viewer of [id, leecher.id]) assert.deepEqual(origin.served(viewer), { segments: 0, bytes: 0, refused: 0 })
  assert.equal(stream.failures, 0, stream.lastError)
  t.diagnostic(`${size} bytes from the page to the gateway, ${stream.bytes.upload} from the gateway to the other page, ${played.length} packets equal`)
}

for (const [first, second] of [['06', '23'], ['23', '06'], ['22', '22']]) {
  test(`${names[first]} to the gateway's ffmpeg, from the gateway to ${names[second]}`,
    { timeout: 120_000, skip: hasFfmpeg ? false : 'ffmpeg is not installed (scripts/install.sh media)' }, t => fromPageToPage(t, first, second))
}
