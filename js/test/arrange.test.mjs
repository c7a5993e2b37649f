// A module in another order does what it did.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { arrange } from '../arrange.mjs'
import { file } from './support/real_module.mjs'

const section = (id, ...bytes) => [id, bytes.length, ...bytes]
const body = (...bytes) => [bytes.length + 2, 0, ...bytes, 0x0b]

/** five() imports one() and adds what it has from four(), by a call, and from a table; the second function is like none. */
const small = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, 2, 0x60, 0, 1, 0x7f, 0x60, 0, 0),
  ...section(2, 1, 1, 0x65, 3, 0x6f, 0x6e, 0x65, 0, 0), // e.one
  ...section(3, 5, 0, 0, 0, 0, 1),
  ...section(4, 1, 0x70, 0, 2),
  ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
  ...section(7, 3, 4, 0x66, 0x69, 0x76, 0x65, 0, 1, 4, 0x66, 0x6f, 0x75, 0x72, 0, 3, 5, 0x62, 0x65, 0x67, 0x75, 0x6e, 3, 0), // five, four, begun
  ...section(8, 5),
  ...section(9, 1, 0, 0x41, 0, 0x0b, 2, 3, 4),
  ...section(10, 5,
    ...body(0x10, 0, 0x10, 3, 0x6a, 0x41, 1, 0x11, 0, 0, 0x6a), // one() + function 3 + table[1]()
    ...body(0x43, 0, 0, 0, 0, 0xa8),
    ...body(0x41, 4),
    ...body(0x10, 0, 0x10, 3, 0x6a),
    ...body(0x41, 42, 0x24, 0))
])

const run = bytes => {
  const { five, four, begun } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { one: () => 1 } }).exports
  return [five(), four(), begun.value]
}

test('calls, exports, the table and the start mean what they meant', () => {
  const other = arrange(small)
  assert.notDeepEqual([...other], [...small])
  assert.deepEqual(run(small), [10, 4, 42])
  assert.deepEqual(run(other), [10, 4, 42])
})

test('the module of the loader stays one, with its imports and exports', () => {
  const before = readFileSync(file)
  const after = arrange(before)
  const named = list => list.map(({ module = '', name, kind }) => [module, name, kind])
  const [was, is] = [before, after].map(bytes => new WebAssembly.Module(bytes))
  assert.deepEqual(named(WebAssembly.Module.imports(is)), named(WebAssembly.Module.imports(was)))
  assert.deepEqual(named(WebAssembly.Module.exports(is)), named(WebAssembly.Module.exports(was)))
})

test('what it does not know it refuses', () => {
  const unknown = Uint8Array.from(small)
  unknown[small.lastIndexOf(0x24)] = 0xd2 // ref.func in the place of global.set
  assert.throws(() => arrange(unknown), /not known: 210/)
  assert.throws(() => arrange(small.subarray(0, small.length - 1)), /too early/)
})
