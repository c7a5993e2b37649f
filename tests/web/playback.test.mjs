// The unmodified npm build of p2p-media-loader-hlsjs 0.6.2 under hls.js 0.14.17, with p2pml-core in the script tag before it.

import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'

import { Browser } from '../interop/lib/browser.mjs'
import { Origin } from '../interop/lib/origin.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { folders } from './lib/folders.mjs'

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start(folders)]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const segments = 20
const duration = 40

/** A page that plays, what its engine got, and what its video did besides playing on. */
class Player {
  bytes = { http: 0, p2p: 0 }
  urls = new Set()
  disturbances = []
  errors = []
  time = 0
  hasEnded = false

  static async start (t, url, id, config) {
    const player = new Player()
    player.page = await browser.open(url, id)
    t.after(() => player.page.close())
    player.page.onReport = said => player.#hear(said)
    await player.page.evaluate(config => { window.start(config) }, config)
    return player
  }

  #hear ({ fragment, video, hls, error }) {
    if (fragment) {
      this.bytes[fragment.src] += fragment.bytes
      this.urls.add(fragment.url)
    }
    if (error) this.errors.push(error)
    if (hls && hls.fatal) this.errors.push(`hls.js: ${hls.details}`)
    if (!video) return
    if (this.time > 0.5 && (video.event === 'waiting' || video.event === 'seeking')) this.disturbances.push(video)
    this.time = video.time
    if (video.event === 'ended') this.hasEnded = true
  }

  until (condition, what) { return this.page.until(() => this.errors.length > 0 || condition(), what) }
}

test('two pages play; the second takes most bytes from the first', { timeout: 120_000 }, async t => {
  const tracker = await trackers.p2pml()
  t.after(() => tracker.stop())
  const start = (id, role) => Player.start(t, `${origin.url}/web/play.html`, id,
    { manifest: `${origin.url}/samples/hls/master.m3u8`, tracker: tracker.url, role, level: 0, rate: 4 })
  const first = await start('first', 'seed')
  await first.until(() => first.urls.size === segments, 'the first has all segments')
  const second = await start('second', 'viewer')
  await Promise.all([first, second].map(player => player.until(() => player.time > 8, 'plays')))
  if (process.env.P2PML_SCREENSHOTS) await second.page.screenshot(path.join(process.env.P2PML_SCREENSHOTS, 'web-playback.png'))
  await Promise.all([first, second].map(player => player.until(() => player.hasEnded, 'plays to the end')))
  for (const player of [first, second]) {
    assert.deepEqual([...player.errors, ...player.page.errors], [])
    assert.ok(Math.abs(player.time - duration) < 0.5, `ended at ${player.time} s`)
    assert.deepEqual(player.disturbances, [])
    assert.equal(player.urls.size, segments)
  }
  assert.equal(first.bytes.p2p, 0)
  t.diagnostic(`the second: ${second.bytes.p2p} bytes from the first, ${second.bytes.http} over HTTP`)
  assert.ok(second.bytes.p2p > second.bytes.http, `${second.bytes.p2p} bytes from the first, ${second.bytes.http} over HTTP`)
  assert.equal(origin.served('second').bytes, second.bytes.http)
})
