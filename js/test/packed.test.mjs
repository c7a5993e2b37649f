// Bytes in a string literal: what is packed comes out again, whatever it is.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { pack, unpack } from '../src/packed.mjs'

const cases = {
  nothing: new Uint8Array(0),
  'each byte once': Uint8Array.from({ length: 256 }, (_, byte) => byte),
  'one byte many times': new Uint8Array(1000).fill(255),
  'as many of each': Uint8Array.from({ length: 5120 }, (_, n) => n * 7),
  random: randomBytes(100000)
}
for (const [name, bytes] of Object.entries(cases)) {
  test(`packs and unpacks: ${name}`, () => {
    const { text, singles, size } = pack(bytes)
    assert.match(text, /^[\x20-\x21\x23-\x3b\x3d-\x5b\x5d-\x7e]*$/)
    assert.deepEqual(Buffer.from(unpack(text, singles, size)), Buffer.from(bytes))
  })
}
