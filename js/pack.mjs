// What src/packed.mjs unpacks again: a WebAssembly module as streams of its bytes by kind, packed with LZMA.

import { execFileSync } from 'node:child_process'

// As src/platform/web/module_streams.hpp says.
const [other, operation, local, offset, callee, constant] = [0, 1, 2, 3, 4, 5]
const codeSection = 10

/** What follows an opcode: pairs of a number of LEB128 and a kind. */
function operandsOf (opcode) {
  if ((opcode >= 0x02 && opcode <= 0x04) || [0x0c, 0x0d, 0x23, 0x24].includes(opcode)) return [1, operation]
  if (opcode === 0x10) return [1, callee]
  if (opcode === 0x11) return [2, other]
  if (opcode >= 0x20 && opcode <= 0x22) return [1, local]
  if (opcode >= 0x28 && opcode <= 0x3e) return [1, operation, 1, offset]
  if (opcode === 0x41 || opcode === 0x42) return [1, constant]
  if ([0x3f, 0x40, 0xd0, 0xd2].includes(opcode)) return [1, other]
  return []
}

/** @param {Uint8Array} module @returns {Buffer} */
export function split (module) {
  const streams = [other, operation, local, offset, callee, constant].map(() => [])
  let at = 0
  const byte = kind => {
    if (at === module.length) throw new Error('pack: the module ends too early')
    streams[kind].push(module[at])
    return module[at++]
  }
  const copy = (count, kind) => { for (; count > 0; --count) byte(kind) }
  const number = kind => {
    for (let value = 0, shift = 1; ; shift *= 128) {
      const next = byte(kind)
      value += (next & 127) * shift
      if (next < 128) return value
    }
  }
  const numbers = (count, kind) => { for (; count > 0; --count) number(kind) }
  const instruction = () => {
    const opcode = byte(operation)
    const operands = operandsOf(opcode)
    for (let i = 0; i < operands.length; i += 2) numbers(operands[i], operands[i + 1])
    if (opcode === 0x0e) numbers(number(other) + 1, other)
    else if (opcode === 0x1c) numbers(number(other), other)
    else if (opcode === 0x43) copy(4, other)
    else if (opcode === 0x44) copy(8, other)
    else if (opcode === 0xfc) numbers({ 8: 2, 9: 1, 10: 2, 11: 1 }[number(other)] ?? 0, other)
  }
  copy(8, other)
  while (at < module.length) {
    const section = byte(other)
    const length = number(other)
    if (section !== codeSection) {
      copy(length, other)
      continue
    }
    for (let functions = number(other); functions > 0; --functions) {
      const size = number(other)
      const end = at + size
      for (let groups = number(other); groups > 0; --groups) {
        number(other)
        byte(other)
      }
      while (at < end) instruction()
      if (at !== end) throw new Error('pack: an instruction that is not known')
    }
  }
  const lengths = Buffer.alloc(4 * streams.length)
  streams.forEach((stream, kind) => lengths.writeUInt32LE(stream.length, 4 * kind))
  return Buffer.concat([lengths, ...streams.map(stream => Buffer.from(stream))])
}

/** @param {Uint8Array} module @returns {string} base64 */
export function pack (module) {
  // With the parameters of src/platform/web/lzma.hpp.
  const args = ['--format=raw', '--lzma1=preset=9e,nice=273,depth=1000,lc=1,lp=0,pb=0', '--stdout']
  return execFileSync('xz', args, { input: split(module), maxBuffer: 1 << 27 }).toString('base64')
}
