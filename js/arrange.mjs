// Puts a module's functions in an order that packs well: those that are alike one after the other. Leaves out what accesses to memory say
// of their alignment: a hint (WebAssembly core specification 4.4.7), of which no browser makes other code. The module does what it did.

import {
  bodiesOf, callee, codeSection, elementSection, exportSection, functionSection, importSection, local, offset, Reader, sectionsOf,
  startSection
} from './wasm_module.mjs'

/** LEB128. */
function written (value) {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128)
  return [...bytes, value]
}

function importedFunctions (module, section) {
  const reader = new Reader(module, section.start, section.end)
  const count = reader.number()
  for (let i = 0; i < count; ++i) {
    reader.skip(reader.number())
    reader.skip(reader.number())
    if (reader.byte() !== 0) throw new Error('an import that is no function')
    reader.number()
  }
  return count
}

/** Each two instructions after each other, without the numbers of locals: what functions are compared by. */
function featuresOf (module, { instructions }) {
  const words = instructions.map(parts => parts.filter(([kind]) => kind !== local)
    .map(([, from, to]) => module.subarray(from, to).join()).join())
  return new Set(words.slice(1).map((word, i) => `${words[i]} ${word}`))
}

/** Each is followed by the one most like it of those that are left. @returns {number[]} */
function orderOf (module, bodies) {
  const features = bodies.map(body => featuresOf(module, body))
  const having = new Map()
  features.forEach((set, i) => set.forEach(feature => {
    if (!having.has(feature)) having.set(feature, new Set())
    having.get(feature).add(i)
  }))
  const left = new Set(bodies.keys())
  const order = []
  for (let next = 0; left.size > 0;) {
    order.push(next)
    left.delete(next)
    const common = new Map()
    for (const feature of features[next]) {
      having.get(feature).delete(next)
      for (const i of having.get(feature)) common.set(i, (common.get(i) ?? 0) + 1)
    }
    // What both have of what one of them has.
    const likeness = (i, both = common.get(i) ?? 0) => both / (features[i].size + features[next].size - both + 1)
    let [best] = left
    let most = -1
    for (const i of left) {
      const now = likeness(i)
      if (now > most) [best, most] = [i, now]
    }
    next = best
  }
  return order
}

/** @param {Uint8Array} module @returns {Buffer} */
export function arrange (module) {
  const sections = sectionsOf(module)
  const sectionOf = id => sections.find(section => section.id === id)
  if (!sectionOf(codeSection)) return Buffer.from(module)
  const bodies = bodiesOf(module, sectionOf(codeSection))
  const imported = sectionOf(importSection) ? importedFunctions(module, sectionOf(importSection)) : 0
  const order = orderOf(module, bodies)
  const places = []
  order.forEach((was, is) => { places[was] = is })
  const renamed = index => index < imported ? index : imported + places[index - imported]
  const reader = ({ start, end }) => new Reader(module, start, end)

  const types = (() => {
    const all = reader(sectionOf(functionSection))
    return all.numbers(all.number())
  })()
  const body = was => {
    const { groups, code, instructions } = bodies[was]
    const bytes = [...module.subarray(groups, code)]
    for (const parts of instructions) {
      const hint = parts.at(-1)[0] === offset ? parts.at(-2) : undefined
      for (const part of parts) {
        const [kind, from, to] = part
        if (kind === callee) bytes.push(...written(renamed(new Reader(module, from).number())))
        else if (part === hint) bytes.push(0)
        else bytes.push(...module.subarray(from, to))
      }
    }
    return [...written(bytes.length), ...bytes]
  }
  const contents = {
    [functionSection]: () => [...written(order.length), ...order.flatMap(was => written(types[was]))],
    [exportSection] (from) {
      const count = from.number()
      const bytes = written(count)
      for (let i = 0; i < count; ++i) {
        const name = from.at
        from.skip(from.number())
        bytes.push(...module.subarray(name, from.at))
        const kind = from.byte()
        const index = from.number()
        bytes.push(kind, ...written(kind === 0 ? renamed(index) : index))
      }
      return bytes
    },
    [startSection]: from => written(renamed(from.number())),
    [elementSection] (from) {
      const count = from.number()
      const bytes = written(count)
      for (let i = 0; i < count; ++i) {
        const start = from.at
        const [flags, constant] = [from.number(), from.byte()]
        from.number()
        if (flags !== 0 || constant !== 0x41 || from.byte() !== 0x0b) throw new Error('elements of a kind that is not known')
        bytes.push(...module.subarray(start, from.at))
        const functions = from.numbers(from.number())
        bytes.push(...written(functions.length), ...functions.flatMap(index => written(renamed(index))))
      }
      return bytes
    },
    [codeSection]: () => written(order.length).concat(...order.map(body))
  }
  return Buffer.concat([module.subarray(0, 8), ...sections.map(section => {
    if (!contents[section.id]) return module.subarray(section.from, section.end)
    const bytes = contents[section.id](reader(section))
    return Buffer.from([section.id, ...written(bytes.length), ...bytes])
  })])
}
