// The bodies of docs/measurement-peer.md made and checked on the fly, so that a page can send and receive any number of them with
// the memory of a few.

function firstState (name, n) {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash ^ Math.imul(n + 1, 0x9e3779b1)) | 0 || 1
}

/** @returns {ArrayBuffer} body of segment n; size is a multiple of 4 */
export function makeBody ({ name, size }, n) {
  const words = new Uint32Array(size / 4)
  let state = firstState(name, n)
  for (let i = 0; i < words.length; ++i) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return words.buffer
}

export function isRight ({ name, size }, n, data) {
  if (data.byteLength !== size) return false
  const words = new Int32Array(data)
  let state = firstState(name, n)
  for (let i = 0; i < words.length; ++i) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    if (words[i] !== state) return false
  }
  return true
}

/** Every so many segments the receiver reports the SHA-256, which the harness computes with other code. */
const sampled = 64

/** What a receiving page tells of itself; `report` is window.report. */
export class Receiver {
  #config
  #lastBytes
  #gap = 0

  constructor (config) { this.#config = config }

  /** Bytes have come. */
  flow () {
    const now = performance.now()
    if (this.#lastBytes !== undefined) this.#gap = Math.max(this.#gap, now - this.#lastBytes)
    this.#lastBytes = now
  }

  /** Milliseconds since bytes came; Infinity before the first. */
  get silence () { return this.#lastBytes === undefined ? Infinity : performance.now() - this.#lastBytes }

  /** A segment is whole. `gap`: the longest time without bytes since the segment before. */
  async segment (n, data, source) {
    const segment = { n, src: source, bytes: data.byteLength, bad: !isRight(this.#config, n, data), gap: this.#gap, at: performance.now() }
    this.#gap = 0
    if (n % sampled === 0) {
      const digest = await crypto.subtle.digest('SHA-256', data)
      segment.sha256 = Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
    }
    window.report({ segment })
  }
}
