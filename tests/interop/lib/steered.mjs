// A page with the real package of a generation that a test steers: what it asks for, what it overhears, when it gives up.

/** Command codes: docs/protocol/peer-binary.md 5b.5 and peer-json.md 5a.3. */
export const binary = { announcement: 0, request: 1, data: 2, completed: 3, absent: 4, cancel: 5 }
export const json = { data: 0, absent: 1, announcement: 2, request: 3, cancel: 4 }
export const codesOf = gen => gen === '06' ? json : binary

/** A leecher; besides what viewer.mjs tells of it: */
export class SteeredPage {
  #page
  #errors = []
  segments = []
  peers = 0
  uploaded = 0
  /** Commands on its data channels: [{from: 'page' | 'peer', command, parts}], see pages/wire.mjs. */
  wire = []
  /** Bytes of segments on them. */
  body = { page: 0, peer: 0 }

  /** @param {object} config of docs/measurement-peer.md, and what pages/steered.mjs has more */
  static async start (browser, config) {
    const viewer = new SteeredPage()
    viewer.config = config
    viewer.#page = await browser.open(`${config.origin}/pages/steered-${config.gen}.html`, config.id)
    viewer.#page.onReport = said => viewer.#hear(said)
    await viewer.#page.evaluate(start => { window.start(start) }, config)
    return viewer
  }

  #hear ({ segment, uploaded, peer, error, wire, body }) {
    if (segment) this.segments.push(segment)
    if (uploaded) this.uploaded += uploaded
    if (peer) this.peers += peer
    if (error) this.#errors.push(error)
    if (wire) this.wire.push(wire)
    if (body) this.body[body.from] = body.bytes
  }

  get got () { return new Set(this.segments.map(({ n }) => n)).size }
  get errors () { return [...this.#errors, ...this.#page.errors] }

  /** Commands of that name from there. */
  said (from, name) {
    const code = codesOf(this.config.gen)[name]
    return this.wire.filter(message => message.from === from && message.command.c === code)
  }

  /** Segments that some peer's last announcement says are stored, as numbers. */
  get available () {
    const last = this.said('peer', 'announcement').at(-1)?.command
    if (!last) return []
    if (this.config.gen !== '06') return last.l ?? []
    const [[sequences, states] = ['', []]] = Object.values(last.m)
    return sequences.split('|').filter((_, i) => states[i] === 0).map(Number)
  }

  /** Asks for that segment and no other. */
  want (n) { return this.#page.evaluate(n => { window.want(n) }, n) }
  /** Whether its engine hears no announcements. */
  deaf (on) { return this.#page.evaluate(on => { window.deaf(on) }, on) }

  until (condition, what, ms) { return this.#page.until(condition, `${this.config.id} ${what}`, ms) }
  crash () { return this.#page.crash() }
  stop () { return this.#page.close() }
}
