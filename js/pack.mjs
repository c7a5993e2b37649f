// What src/packed.mjs unpacks again: a WebAssembly module as streams of its bytes by kind, packed with LZMA.

import { execFileSync } from 'node:child_process'

import { bodiesOf, codeSection, frame, kinds, other, sectionsOf } from './wasm_module.mjs'

/** @param {Uint8Array} module @returns {Buffer} the lengths of the streams, as 32 bits, and the streams */
export function split (module) {
  const streams = Array.from({ length: kinds }, () => [])
  const put = (kind, from, to) => streams[kind].push(module.subarray(from, to))
  let end = 0
  for (const section of sectionsOf(module)) {
    if (section.id !== codeSection) continue
    for (const { from, code, end: bodyEnd, instructions } of bodiesOf(module, section)) {
      put(other, end, from)
      put(frame, from, code)
      for (const part of instructions.flat()) put(...part)
      end = bodyEnd
    }
  }
  put(other, end, module.length)
  const joined = streams.map(parts => Buffer.concat(parts))
  const lengths = Buffer.alloc(4 * kinds)
  joined.forEach(({ length }, kind) => lengths.writeUInt32LE(length, 4 * kind))
  return Buffer.concat([lengths, ...joined])
}

/** @param {Uint8Array} module @returns {string} base64 */
export function pack (module) {
  // With the parameters of src/platform/web/lzma.hpp.
  const args = ['--format=raw', '--lzma1=preset=9e,nice=273,depth=1000,lc=1,lp=0,pb=0', '--stdout']
  return execFileSync('xz', args, { input: split(module), maxBuffer: 1 << 27 }).toString('base64')
}
