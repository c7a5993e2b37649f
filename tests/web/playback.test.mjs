// The unmodified npm builds of p2p-media-loader-hlsjs 0.6.2 under hls.js 0.14.17 and of p2p-media-loader-shaka 0.6.2 under Shaka Player
// 2.5.23, with p2pml-core in the script tag before them.

import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Browser } from '../interop/lib/browser.mjs'
import { Origin } from '../interop/lib/origin.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { folders } from './lib/folders.mjs'

let browser
let origin

before(async () => { [browser, origin] = await Promise.all([Browser.start(), Origin.start(folders)]) })
after(() => Promise.all([browser?.stop(), origin?.stop()]))

const dash = fileURLToPath(new URL('../../samples/dash/', import.meta.url))

/** Bytes of the sample's sound, which the Shaka integration leaves to the player. */
async function bytesOfSound () {
  const files = Array.from({ length: 12 }, (_, n) => path.join(dash, 'audio', `${String(n + 1).padStart(3, '0')}.m4s`))
  return (await Promise.all(files.map(file => stat(file)))).reduce((sum, { size }) => sum + size, 0)
}

/** `segments`: that go through the engine. `besides`: bytes of those that do not. */
const players = {
  'hls.js': { page: 'play.html', manifest: 'hls/master.m3u8', segments: 20, duration: 40, besides: 0 },
  'Shaka Player': { page: 'play-shaka.html', manifest: 'dash/manifest.mpd', segments: 12, duration: 24, besides: await bytesOfSound() }
}

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

for (const [name, { page, manifest, segments, duration, besides }] of Object.entries(players)) {
  test(`${name}: two pages play; the second takes most bytes from the first`, { timeout: 120_000 }, async t => {
    const tracker = await trackers.p2pml()
    t.after(() => tracker.stop())
    const start = (id, role) => Player.start(t, `${origin.url}/web/${page}`, `${name}-${id}`,
      { manifest: `${origin.url}/samples/${manifest}`, tracker: tracker.url, role, level: 0, rate: 4 })
    const first = await start('first', 'seed')
    await first.until(() => first.urls.size === segments, 'the first has all segments')
    const second = await start('second', 'viewer')
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
    assert.equal(origin.served(`${name}-second`).bytes, second.bytes.http + besides)
  })
}
