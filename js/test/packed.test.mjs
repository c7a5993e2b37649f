// The module in a string literal: what is packed comes out again.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { pack } from '../pack.mjs'
import { unpack } from '../src/packed.mjs'
import { file as moduleFile, unpackerFile } from './support/real_module.mjs'

const unpacker = readFileSync(unpackerFile).toString('hex')

const empty = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const cases = {
  'a module of nothing': Buffer.from(empty),
  'a module with a custom section of noise': Buffer.from([...empty, 0, 0x81, 0x80, 0x04, 0, ...randomBytes(65536)]),
  'the module that unpacks': readFileSync(unpackerFile),
  'the module of the loader': readFileSync(moduleFile)
}
for (const [name, bytes] of Object.entries(cases)) {
  test(`packs and unpacks ${name}`, () => {
    assert.deepEqual(Buffer.from(unpack(unpacker, pack(bytes), bytes.length)), Buffer.from(bytes))
  })
}

test('base64 is read by the browser where it can', t => {
  const before = Uint8Array.fromBase64
  t.after(() => { Uint8Array.fromBase64 = before })
  let length = 0
  Uint8Array.fromBase64 = text => {
    length = text.length
    return new Uint8Array(Buffer.from(text, 'base64'))
  }
  const packed = pack(cases['a module of nothing'])
  assert.deepEqual(Buffer.from(unpack(unpacker, packed, empty.length)), Buffer.from(empty))
  assert.equal(length, packed.length)
})

test('refuses to pack what it cannot take apart', () => {
  assert.throws(() => pack(readFileSync(moduleFile).subarray(0, 5000)), /ends too early/)
})

test('what was not packed so is no module', () => {
  assert.throws(() => unpack(unpacker, Buffer.alloc(100, 255).toString('base64'), 1000), /not packed/)
})
