// A page that plays the sample stream with hls.js, and what a person in front of it would have seen.

import assert from 'node:assert/strict'
import path from 'node:path'

/** The rendition of 180p: hls.js sorts by bandwidth, the manifest does not. */
export const rendition = { level: 0, place: 1, folder: '180p' }
/** What the sample stream is made of. */
export const segments = 20
/** Seconds. */
export const duration = 40
/** Times real time; what comes from peers on the same machine comes faster. */
const defaultRate = 4

/** The URL that names the swarm, so it is the same for all. */
export const manifestOf = origin => `${origin.url}/samples/hls/master.m3u8`

let players = 0

/** A page that plays, and what happened on it. */
export class Player {
  /** Names of the segments that the engine got, by source. */
  http = new Set()
  p2p = new Set()
  /** Bytes of them, by source. */
  bytes = { http: 0, p2p: 0 }
  /** What the video did since it plays, other than playing on. */
  disturbances = []
  errors = []
  time = 0
  uploaded = 0
  peers = 0
  isPlaying = false
  hasEnded = false

  /**
   * @param {import('node:test').TestContext} t closes the page when it ends
   * @param {{browser: import('./browser.mjs').Browser, origin: import('./origin.mjs').Origin}} world
   * @param {'06' | '23'} gen
   * @param {{url: string}} tracker
   * @param {'seed' | 'leech' | 'viewer'} role a leecher may not load segments over HTTP; a viewer has the engine's default settings
   * @param {{rate?: number, worker?: boolean, settings?: object}} [options] worker: whether hls.js 1.6 may use its worker;
   *   settings: of the engine's core
   */
  static async start (t, { browser, origin }, gen, tracker, role, { rate = defaultRate, worker = false, settings } = {}) {
    const player = new Player()
    player.id = `${role}-${++players}`
    if (role === 'leech') origin.refuseSegments(player.id)
    player.page = await browser.open(`${origin.url}/pages/play-${gen}.html`, player.id)
    t.after(() => player.page.close())
    player.page.onReport = said => player.#hear(said)
    const config = { manifest: manifestOf(origin), tracker: tracker.url, role, level: rendition.level, rate, worker, settings }
    await player.page.evaluate(start => { window.start(start) }, config)
    return player
  }

  #hear ({ fragment, uploaded, peer, video, hls, error }) {
    if (fragment) {
      this[fragment.src].add(path.posix.basename(fragment.url))
      this.bytes[fragment.src] += fragment.bytes
    }
    if (peer) this.peers += peer
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
