// The exports of one module instance, taking and giving strings. Whatever comes out of call() as an exception is a trap: the
// instance is of no use any more.

const interfaceVersion = 2

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class Bridge {
  /**
   * @param {(env: object) => object} instantiate gives the exports of a new instance
   * @param {import('./payloads.mjs').Payloads} payloads
   */
  constructor (instantiate, payloads) {
    const bytes = (place, length) => new Uint8Array(exports.memory.buffer, place >>> 0, length >>> 0)
    const exports = instantiate({
      ...payloads.imports(() => exports.memory.buffer),
      numberOf: (place, length) => Number(decoder.decode(bytes(place, length))),
      numberText: (value, place) => encoder.encodeInto(String(value), bytes(place, 32)).written
    })
    this.exports_ = exports
    if (exports._initialize) exports._initialize()
    const version = exports.interfaceVersion()
    if (version !== interfaceVersion) throw new Error(`the module speaks interface ${version}, not ${interfaceVersion}`)
  }

  get memory () { return this.exports_.memory.buffer }

  /** Calls an export; a string argument becomes its place and its length in the module's memory. */
  call (name, ...args) {
    const texts = args.map(value => typeof value === 'string' ? encoder.encode(value) : undefined)
    let size = 0
    for (const text of texts) if (text) size += text.length
    let place = size ? this.exports_.scratch(size) >>> 0 : 0
    const flat = []
    for (let i = 0; i < args.length; ++i) {
      if (!texts[i]) {
        flat.push(args[i])
        continue
      }
      // Made anew: scratch() may have moved the memory.
      new Uint8Array(this.memory, place, texts[i].length).set(texts[i])
      flat.push(place, texts[i].length)
      place += texts[i].length
    }
    return this.exports_[name](...flat)
  }

  /** The text that the last export left. */
  text (length) {
    return length ? decoder.decode(new Uint8Array(this.memory, this.exports_.text() >>> 0, length)) : ''
  }
}
