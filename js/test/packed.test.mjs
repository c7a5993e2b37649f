// The module in a string literal: what is packed comes out again, whatever it is.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { pack } from '../pack.mjs'
import { unpack } from '../src/packed.mjs'
import { file as moduleFile, unpackerFile } from './support/real_module.mjs'

const unpacker = readFileSync(unpackerFile).toString('base64')

const cases = {
  nothing: new Uint8Array(0),
  'each byte once': Uint8Array.from({ length: 256 }, (_, byte) => byte),
  'one byte many times': new Uint8Array(1000).fill(255),
  'as many of each': Uint8Array.from({ length: 5120 }, (_, n) => n * 7),
  'a module': readFileSync(moduleFile),
  'its text, repeated': Buffer.from('match after match, '.repeat(9999)),
  random: randomBytes(100000)
}
for (const [name, bytes] of Object.entries(cases)) {
  test(`packs and unpacks: ${name}`, () => {
    assert.deepEqual(Buffer.from(unpack(unpacker, pack(bytes), bytes.length)), Buffer.from(bytes))
  })
}
