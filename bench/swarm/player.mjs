// A viewer without a picture in a page, as docs/measurement-peer.md describes it: what it asks the engine for and when, what a
// person would have seen.

const retries = [1000, 2000, 4000, 8000]
const afterAbort = 50
const requestTimeout = 20_000
const maxTries = 6

/**
 * The engine behind it is an object with
 *   request(n, playhead)   deliver segment n: answer by player.delivered(n), failed(n) or aborted(n)
 *   reload(n, playhead)    the playhead has entered a segment while n is waited for
 *   position(segments)     where it plays, four times a second
 */
export class Player {
  startup
  stalls = []
  skipped = 0
  delivered = 0
  isDone = false
  #next = 0
  #playhead = 0
  #since // when the playhead entered its segment; undefined while nothing plays
  #stalledAt
  #pending = false
  #tries = 0
  #skips = new Set()
  #timers = {}

  constructor ({ count, dur, ahead, size }, engine) {
    Object.assign(this, { count, length: dur * 1000, ahead, size, engine })
  }

  start () {
    this.startedAt = performance.now()
    this.#requestNext()
    this.#timers.position = setInterval(() => this.engine.position?.(this.position), 250)
  }

  get position () {
    if (this.#since === undefined) return this.#playhead
    return this.#playhead + Math.min(1, (performance.now() - this.#since) / this.length)
  }

  onDelivered (n, bytes) {
    if (n !== this.#next || this.isDone) return
    this.delivered += bytes
    this.#arrived()
  }

  onFailed (n) { this.#failed(n, retries[Math.min(this.#tries, retries.length - 1)]) }
  onAborted (n) { this.#failed(n, afterAbort) }

  #failed (n, retryAfter) {
    if (!this.#pending || n !== this.#next) return
    this.#pending = false
    clearTimeout(this.#timers.request)
    if (++this.#tries < maxTries) {
      this.#timers.retry = setTimeout(() => this.#request(), retryAfter)
      return
    }
    ++this.skipped
    this.#skips.add(n)
    this.#arrived()
  }

  #arrived () {
    ++this.#next
    this.#pending = false
    this.#tries = 0
    clearTimeout(this.#timers.request)
    clearTimeout(this.#timers.retry)
    const now = performance.now()
    if (this.#since === undefined) {
      if (this.startup === undefined) this.startup = now - this.startedAt
      else this.stalls.push({ n: this.#playhead, at: this.#stalledAt - this.startedAt, ms: now - this.#stalledAt })
      this.#play(now)
    }
    this.#requestNext()
  }

  #play (since) {
    this.#since = since
    const length = this.#skips.has(this.#playhead) ? 0 : this.length
    this.#timers.end = setTimeout(() => this.#enter(since + length), since + length - performance.now())
  }

  /** The playhead leaves its segment. */
  #enter (since) {
    ++this.#playhead
    if (this.#playhead === this.count) {
      this.isDone = true
      clearInterval(this.#timers.position)
      return
    }
    if (this.#next > this.#playhead) {
      this.#play(since)
    } else {
      this.#since = undefined
      this.#stalledAt = since
    }
    if (this.#pending) this.engine.reload?.(this.#next, this.#playhead)
    this.#requestNext()
  }

  #requestNext () {
    if (this.#pending || this.#tries > 0 || this.#next >= this.count || this.#next > this.#playhead + this.ahead) return
    this.#request()
  }

  #request () {
    const n = this.#next
    this.#pending = true
    this.#timers.request = setTimeout(() => this.onFailed(n), requestTimeout)
    this.engine.request(n, this.#playhead)
  }
}

/** Bytes by source as the engine tells them, and who it is connected to. */
export class Counters {
  bytes = { http: 0, p2p: 0, up: 0 }
  peers = 0
  peersMax = 0
  errors = 0

  connected () { this.peersMax = Math.max(this.peersMax, ++this.peers) }
}

/** Reports the result when the stream has been played. */
export function reportResult (player, counters) {
  const watch = setInterval(() => {
    if (!player.isDone) return
    clearInterval(watch)
    const { startup, stalls, skipped, delivered } = player
    window.report({ result: { startup, stalls, skipped, delivered, bytes: counters.bytes, peersMax: counters.peersMax, errors: counters.errors } })
  }, 100)
}

export const segmentUrl = ({ origin, id, name, size }, n) => `${origin}/t/${id}/synth/${name}/${size}/${n}.bin`
