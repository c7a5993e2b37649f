// A module in JavaScript that speaks src/platform/web/interface.hpp but thinks nothing: a test says what it records and looks at what
// it was told.

/** By export: its arguments; n a number, t a text (a place and a length). */
const signatures = {
  create: 'ntnnn', destroy: 'n', load: 'nttt', getSegment: 'ntn', getSettings: '', getDetails: '', getStats: '', deadline: '', tick: 'n',
  httpHead: 'nnnnnnntt', httpData: 'nnnnn', httpDone: 'nn', httpFailed: 'nnnt', socketOpened: 'nn', socketMessage: 'nnt',
  socketClosed: 'nnnt', offerCreated: 'nnt', answerCreated: 'nnt', peerOpened: 'nnt', peerMessage: 'nnnn', peerDrained: 'nnn',
  peerClosed: 'nnnt', hookDone: 'nn', hookFailed: 'nnt', hookSegments: 'nnt', hookSegment: 'nntnn', hookCleaned: 'nnn'
}

export class FakeModule {
  memory = new WebAssembly.Memory({ initial: 1 })
  /** [name, arguments without the time] of every call but those that only ask. */
  calls = []
  /** By export: runs in a call of it, with its arguments without the time. What it gives is the export's answer. */
  on = {}
  due = Infinity
  settings = { rtcConfig: { iceServers: [] } }
  recorded = []
  text = ''
  /** Whether some export runs: the imports may not be called by anyone else, nor exports from within. */
  isRunning = false

  instantiate = env => {
    this.env = env
    const exports = {
      memory: this.memory,
      _initialize: () => {},
      interfaceVersion: () => 2,
      generations: () => 1,
      scratch: size => {
        if (this.memory.buffer.byteLength < 1024 + size) this.memory.grow(Math.ceil(size / 65536))
        return 1024
      },
      text: () => {
        const bytes = new TextEncoder().encode(this.text)
        const place = exports.scratch(bytes.length)
        new Uint8Array(this.memory.buffer, place, bytes.length).set(bytes)
        return place
      },
      effects: () => {
        const { recorded } = this
        this.recorded = []
        return recorded.length ? this.answer(JSON.stringify(recorded)) : 0
      }
    }
    for (const [name, signature] of Object.entries(signatures)) exports[name] = (...args) => this.called(name, this.decode(name, signature, args))
    return exports
  }

  decode (name, signature, args) {
    const values = []
    for (const kind of signature) {
      if (kind === 'n') {
        values.push(args.shift())
        continue
      }
      const [place, length] = args.splice(0, 2)
      values.push(new TextDecoder().decode(new Uint8Array(this.memory.buffer, place, length)))
    }
    if (args.length || values.includes(undefined)) throw new Error(`${name} was called with the wrong number of arguments`)
    return values
  }

  called (name, values) {
    if (this.isRunning) throw new Error(`${name} was called within an export`)
    if (name === 'deadline') return this.due
    if (name === 'getSettings') return this.answer(JSON.stringify(this.settings))
    if (name === 'getDetails') return this.answer('{"peerId":"p","peers":[],"swarms":[]}')
    if (name === 'getStats') return this.answer('{"httpBytes":1}')
    const [, ...args] = values
    this.calls.push([name, ...args])
    this.isRunning = true
    try {
      const answer = this.on[name]?.(...args)
      return typeof answer === 'string' ? this.answer(answer) : 0
    } finally {
      this.isRunning = false
    }
  }

  answer (text) {
    this.text = text
    return new TextEncoder().encode(text).length
  }

  /** Adds an effect to what effects() will give. */
  record (...effect) { this.recorded.push(effect) }

  /** The calls of an export, their arguments without the time. */
  callsOf (name) { return this.calls.filter(([called]) => called === name).map(([, ...args]) => args) }
  lastOf (name) { return this.callsOf(name).at(-1) }
}

