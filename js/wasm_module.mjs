// A WebAssembly module taken apart, as far as pack.mjs and arrange.mjs need it: sections, bodies, and what each byte of an instruction
// is. Only what clang and wasm-opt write for us is known; all else is an error and not a module that does something else.

/** What a byte of the module is; src/platform/web/module_streams.hpp knows the same. */
export const [other, frame, operation, block, label, local, offset, callee, constant, long] = Array(10).keys()
export const kinds = 10

export const importSection = 2
export const functionSection = 3
export const exportSection = 7
export const startSection = 8
export const elementSection = 9
export const codeSection = 10

/** What follows an opcode: pairs of a number of LEB128 and a kind. */
function operandsOf (opcode) {
  if (opcode >= 0x02 && opcode <= 0x04) return [1, block]
  if (opcode === 0x0c || opcode === 0x0d) return [1, label]
  if (opcode === 0x23 || opcode === 0x24) return [1, operation]
  if (opcode === 0x10) return [1, callee]
  if (opcode === 0x11) return [2, other]
  if (opcode >= 0x20 && opcode <= 0x22) return [1, local]
  if (opcode >= 0x28 && opcode <= 0x3e) return [1, operation, 1, offset]
  if (opcode === 0x41) return [1, constant]
  if (opcode === 0x42) return [1, long]
  if ([0x3f, 0x40, 0xd0].includes(opcode)) return [1, other]
  return []
}

export class Reader {
  constructor (bytes, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  byte () {
    if (this.at >= this.end) throw new Error('the module ends too early')
    return this.bytes[this.at++]
  }

  skip (count) {
    if (count > this.end - this.at) throw new Error('the module ends too early')
    this.at += count
  }

  /** LEB128, unsigned. */
  number () {
    for (let value = 0, shift = 1; ; shift *= 128) {
      const next = this.byte()
      value += (next & 127) * shift
      if (next < 128) return value
    }
  }

  numbers (count) { return Array.from({ length: count }, () => this.number()) }
}

/** @returns {{id: number, from: number, start: number, end: number}[]} from: where the section's id is; start: its contents */
export function sectionsOf (module) {
  const reader = new Reader(module)
  reader.skip(8)
  const sections = []
  while (reader.at < module.length) {
    const from = reader.at
    const id = reader.byte()
    const length = reader.number()
    const start = reader.at
    reader.skip(length)
    sections.push({ id, from, start, end: reader.at })
  }
  return sections
}

/** @returns {[kind: number, from: number, to: number][]} the bytes of an instruction */
function instruction (reader) {
  const parts = []
  const part = (kind, read) => {
    const from = reader.at
    const value = read()
    parts.push([kind, from, reader.at])
    return value
  }
  const numbers = (count, kind) => { for (; count > 0; --count) part(kind, () => reader.number()) }
  const opcode = part(operation, () => reader.byte())
  const operands = operandsOf(opcode)
  for (let i = 0; i < operands.length; i += 2) numbers(operands[i], operands[i + 1])
  if (opcode === 0x0e) numbers(part(other, () => reader.number()) + 1, other)
  else if (opcode === 0x1c) numbers(part(other, () => reader.number()), other)
  else if (opcode === 0x43) part(other, () => reader.skip(4))
  else if (opcode === 0x44) part(other, () => reader.skip(8))
  else if (opcode === 0xfc) numbers({ 8: 2, 9: 1, 10: 2, 11: 1 }[part(other, () => reader.number())] ?? 0, other)
  else if (opcode > 0xd0) throw new Error(`an instruction that is not known: ${opcode}`)
  return parts
}

/**
 * @param {{start: number, end: number}} section the code section
 * @returns {{from: number, groups: number, code: number, end: number, instructions: [number, number, number][][]}[]} from: where the
 *     body's size is; groups: its locals; code: its first instruction
 */
export function bodiesOf (module, section) {
  const reader = new Reader(module, section.start, section.end)
  return Array.from({ length: reader.number() }, () => {
    const from = reader.at
    const end = reader.number() + reader.at
    const groups = reader.at
    for (let count = reader.number(); count > 0; --count) {
      reader.number()
      reader.byte()
    }
    const code = reader.at
    const instructions = []
    while (reader.at < end) instructions.push(instruction(reader))
    if (reader.at !== end) throw new Error('an instruction that goes beyond its function')
    return { from, groups, code, end, instructions }
  })
}
