// What a page's data channels carry, told, and held back where a test asks for it. To be imported before the engine is.
//
// Every command is reported as {wire: {from: 'page' | 'peer', command, parts}}: command {c, ...} by docs/protocol/peer-json.md 5a.3
// or docs/protocol/peer-binary.md 5b.5, parts the number of messages that it came in. Bytes of segments are counted.

const text = new TextDecoder()
const frame = { start: ['cstr', 'dstr'], end: ['cend', 'dend'] }

/** Ints and arrays of ints of a binary command, peer-binary.md 5b.4; strings are in none. */
function parseBinary (body) {
  let at = 1
  const int = () => {
    const length = body[at++] & 15
    let value = body[at] & 127
    for (let i = 1; i < length; ++i) value = value * 256 + body[at + i]
    at += length
    return value
  }
  const array = () => {
    const values = []
    at += 1
    for (let groups = body[at++]; groups > 0; --groups) {
      const head = int()
      const count = head & 255 || 256 // as 3.x reads it
      for (let i = 0; i < count; ++i) values.push((head & ~255) | body[at++])
    }
    return values
  }
  const command = { c: body[0] }
  while (at < body.length) {
    const name = String.fromCharCode(body[at++])
    command[name] = body[at] >> 4 === 1 ? array() : int()
  }
  return command
}

/** One direction of one channel: tells commands, in one message or several, from bytes of segments. */
class Ear {
  #parts = []

  constructor (from) { this.from = from }

  /** @returns {object | undefined} the command that this message completes; {} for a part of one; undefined for bytes of a segment */
  hear (bytes) {
    const mark = at => text.decode(bytes.subarray(at, at + 4))
    if (bytes.length > 7 && frame.start.includes(mark(0)) && frame.end.includes(mark(bytes.length - 4))) {
      this.#parts.push(bytes.subarray(4, -4))
      if (mark(bytes.length - 4) !== 'cend') return {}
      const parts = this.#parts.splice(0)
      const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
      parts.reduce((at, part) => { body.set(part, at); return at + part.length }, 0)
      return this.#tell(parseBinary(body), parts.length)
    }
    if (bytes[0] === 0x7b && bytes[1] === 0x22 && bytes.at(-1) === 0x7d) {
      try { return this.#tell(JSON.parse(text.decode(bytes)), 1) } catch {} // bytes of a segment may look like this
    }
    wire.onBody?.(this.from, bytes.length)
    return undefined
  }

  #tell (command, parts) {
    window.report({ wire: { from: this.from, command, parts } })
    return command
  }
}

const bytesOf = data => {
  if (typeof data === 'string') return new TextEncoder().encode(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** What the page's steering sets. */
export const wire = {
  /** Is told of bytes of segments: (from, number of them). */
  onBody: undefined,
  /** Whether the engine may not hear this command of a peer. */
  isUnheard: undefined,
  /** Whether from this message of the page on, given its command if it is one, all wait for release(). */
  isHeld: undefined,
  /** Sends what was held. */
  release () {
    wire.isHeld = undefined
    for (const send of held.splice(0)) send()
  }
}
const held = []

const channel = window.RTCDataChannel.prototype
const ears = new WeakMap()
const earsOf = one => {
  if (!ears.has(one)) ears.set(one, { page: new Ear('page'), peer: new Ear('peer') })
  return ears.get(one)
}

const { send } = channel
channel.send = function (data) {
  const bytes = bytesOf(data).slice()
  const command = earsOf(this).page.hear(bytes)
  if (held.length > 0 || wire.isHeld?.(command)) held.push(() => send.call(this, bytes))
  else send.call(this, data)
}

const { set, ...property } = Object.getOwnPropertyDescriptor(channel, 'onmessage')
Object.defineProperty(channel, 'onmessage', {
  ...property,
  set (handler) {
    set.call(this, handler && (event => {
      const command = earsOf(this).peer.hear(bytesOf(event.data))
      if (!command || !wire.isUnheard?.(command)) handler.call(this, event)
    }))
  }
})
