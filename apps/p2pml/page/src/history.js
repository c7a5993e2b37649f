// The last five minutes, and rates, made of figures that only count up. Pure: time is what the figures say.

/** Seconds that are kept. */
export const span = 300
/** Seconds over which "now" is taken. */
export const recent = 10
/** Segments come in bursts: each point of a chart is a mean over so many seconds. */
const mean = 5
/** Between figures that are further apart there is a gap. */
const gap = 5

/** Gives each stream a name of its own, `key`: two may say the same of themselves. */
function nameStreams (streams) {
  const known = new Map()
  for (const stream of streams) {
    const name = `${stream.manifest}\n${stream.type}\n${stream.label}`
    known.set(name, (known.get(name) ?? 0) + 1)
    stream.key = `${name}\n${known.get(name)}`
  }
}

/** A stream of figures that a History has taken, and a peer of such a stream, by name. */
export const streamKey = stream => stream.key
export const peerKey = (stream, peer) => `${streamKey(stream)}\n${peer.id}`

/** Amounts that count up, by name, and how fast each does. */
class Counters {
  #samples = new Map()

  /** Those that are not among `amounts` are forgotten; one that went back is a new one. */
  add (at, amounts) {
    for (const name of this.#samples.keys()) if (!amounts.has(name)) this.#samples.delete(name)
    for (const [name, amount] of amounts) {
      const samples = this.#samples.get(name)
      if (!samples || amount < samples.at(-1).amount) {
        this.#samples.set(name, [{ at, amount }])
        continue
      }
      samples.push({ at, amount })
      while (samples[0].at < at - recent) samples.shift()
    }
  }

  /** Units a second; 0 for what is not known. */
  rate (name) {
    const samples = this.#samples.get(name)
    const seconds = samples ? samples.at(-1).at - samples[0].at : 0
    return seconds > 0 ? (samples.at(-1).amount - samples[0].amount) / seconds : 0
  }
}

export class History {
  #points = []
  #last = null
  #before = []
  #counters = new Counters()

  /** @param {object} stats of the gateway @param {number | null} ownBuffer seconds, of the player on this page */
  add (stats, ownBuffer) {
    nameStreams(stats.streams)
    const at = stats.now / 1000
    const total = stats.total
    if (this.#last && (at <= this.#last.at || total.http < this.#last.total.http)) {
      if (at > this.#last.at - 1 && total.http >= this.#last.total.http) return
      this.#points = []  // another gateway, or the same one started again
      this.#last = null
      this.#before = []
    }
    const seconds = this.#last ? at - this.#last.at : 0
    if (seconds > gap) this.#points.push({ at: this.#last.at + 1 })
    if (seconds > gap) this.#before = []
    while (this.#before.length > 1 && this.#before[0].at < at - mean - 0.5) this.#before.shift()
    const from = this.#before[0]
    const since = name => from ? (total[name] - from.total[name]) / (at - from.at) : null
    const buffers = stats.streams.flatMap(stream => stream.players.filter(player => player.active && !atItsEnd(stream, player)).map(player => player.buffer))
    this.#points.push({
      at,
      http: since('http'),
      p2p: since('p2p'),
      upload: since('upload'),
      least: buffers.length > 0 ? Math.min(...buffers) : null,
      own: ownBuffer
    })
    while (this.#points[0].at < at - span) this.#points.shift()
    this.#last = { at, total }
    this.#before.push(this.#last)
    this.#counters.add(at, amounts(stats))
  }

  get points () { return this.#points }
  /** Bytes a second over the last ten seconds. @param {'http' | 'p2p' | 'upload' | 'delivered'} what */
  totalRate (what) { return this.#counters.rate(what) }
  /** @returns {{down: number, up: number}} */
  peerRates (stream, peer) {
    const key = peerKey(stream, peer)
    return { down: this.#counters.rate(`${key}\ndown`), up: this.#counters.rate(`${key}\nup`) }
  }
}

/** Who has been given the last segment waits for nothing. */
const atItsEnd = (stream, player) => !stream.live && player.segment >= stream.segments - 1

function amounts (stats) {
  const all = new Map(Object.entries(stats.total))
  all.set('delivered', stats.bytes.delivered)
  for (const stream of stats.streams) {
    for (const peer of stream.peers) {
      const key = peerKey(stream, peer)
      all.set(`${key}\ndown`, peer.downloaded)
      all.set(`${key}\nup`, peer.uploaded)
    }
  }
  return all
}
