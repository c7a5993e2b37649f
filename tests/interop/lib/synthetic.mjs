// The made-up segments of docs/measurement-peer.md: any implementation knows what segment n must hold.

import { createHash } from 'node:crypto'

function fnv1a32 (text) {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/**
 * @param {string} name
 * @param {number} size bytes
 * @param {number} n number of the segment, from 0
 * @returns {Buffer} successive xorshift32 states as little-endian words, cut to size
 */
export function segmentBody (name, size, n) {
  let state = (fnv1a32(name) ^ Math.imul(n + 1, 0x9e3779b1)) >>> 0
  if (state === 0) state = 1
  const words = new Uint32Array(Math.ceil(size / 4))
  for (let i = 0; i < words.length; ++i) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer, 0, size)
}

const hashes = new Map()

/** SHA-256 of that body in hex. */
export function segmentHash (name, size, n) {
  const key = `${name}/${size}/${n}`
  if (!hashes.has(key)) hashes.set(key, createHash('sha256').update(segmentBody(name, size, n)).digest('hex'))
  return hashes.get(key)
}
