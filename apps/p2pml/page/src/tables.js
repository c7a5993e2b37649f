// The tables of streams and of peers. On a phone each row is a card: cells carry the names of their columns.

import { byId, el, keyed, setAttribute, setText } from './dom.js'
import { bytes, duration, latency, rate, shortId, stream as named } from './format.js'
import { peerKey, streamKey } from './history.js'

const cell = (name, kind = '') => el('td', { 'data-name': name, class: `${name.toLowerCase().replaceAll(' ', '-')} ${kind}`.trim() })
const both = (amount, speed) => speed === '0' ? [bytes(amount)] : [bytes(amount), el('small', {}, speed)]

/** Sets a cell's content if it differs. */
function fill (td, ...parts) {
  const text = parts.map(part => part.textContent ?? part).join('\n')
  if (td.dataset.text === text) return
  td.dataset.text = text
  td.replaceChildren(...parts)
}

/** @param {object} stats @param {import('./history.js').History} history */
export function showPeers (stats, history) {
  const several = stats.streams.filter(stream => stream.peers.length > 0).length > 1
  const rows = stats.streams.flatMap(stream => stream.peers.map(peer => ({ stream, peer, rates: history.peerRates(stream, peer) })))
  byId('peers').hidden = rows.length === 0
  byId('peers-empty').hidden = rows.length > 0
  keyed(byId('peers').tBodies[0], rows, ({ stream, peer }) => peerKey(stream, peer), () => el('tr', {},
    el('th', { scope: 'row', class: 'peer' }), cell('Generation'), cell('Address'), cell('Round trip', 'number'),
    cell('Received', 'number'), cell('Sent', 'number'), cell('Segments', 'number'), cell('Last error')
  ), (tr, { stream, peer, rates }) => {
    const [id, generation, address, roundTrip, received, sent, segments, error] = tr.cells
    fill(id, el('code', { title: peer.id }, shortId(peer.id)), ...(several ? [el('small', {}, stream.label)] : []))
    fill(generation, el('span', { class: `badge ${peer.generation.toLowerCase()}` }, peer.generation))
    fill(address, peer.address || 'not known')
    fill(roundTrip, latency(peer.rtt))
    fill(received, ...both(peer.downloaded, rate(rates.down)))
    fill(sent, ...both(peer.uploaded, rate(rates.up)))
    fill(segments, String(peer.segments))
    fill(error, peer.lastError ?? 'none')
    setAttribute(error, 'class', peer.lastError ? 'last-error bad' : 'last-error')
  })
}

function badges (stream) {
  const all = [stream.live ? ['live', 'live'] : ['on demand', '']]
  if (stream.type === 'secondary') all.push(['second track', ''])
  if (stream.seeded) all.push(['kept for peers', ''])
  if (stream.stuckFor !== null) all.push([`nothing new for ${duration(stream.stuckFor)}`, 'bad'])
  all.push(stream.running ? ['runs', 'good'] : ['idle', ''])
  return all.map(([text, kind]) => el('span', { class: `badge ${kind}`.trim() }, text))
}

/** @param {object} stats @param {(url: string) => void} open */
export function showStreams (stats, open) {
  byId('streams').hidden = stats.streams.length === 0
  byId('streams-empty').hidden = stats.streams.length > 0
  keyed(byId('streams').tBodies[0], stats.streams, streamKey, stream => {
    const actions = cell('Actions')
    // A query may be a token: it is in no figure, so such a stream cannot be opened from here.
    if (!stream.manifest.includes('?')) {
      const button = el('button', { type: 'button', 'aria-label': `Watch ${stream.manifest}` }, 'Watch')
      button.addEventListener('click', () => open(stream.manifest))
      actions.append(button)
    }
    return el('tr', {}, el('th', { scope: 'row', class: 'stream' }), cell('State'), cell('Players', 'number'), cell('Peers', 'number'),
      cell('Origin', 'number'), cell('From peers', 'number'), cell('Sent', 'number'), actions)
  }, (tr, stream) => {
    const [name, state, players, peers, http, p2p, upload] = tr.cells
    const { host, file } = named(stream.manifest)
    fill(name, el('strong', {}, stream.label), el('small', { title: stream.manifest }, `${file} · ${host}`),
      ...(stream.lastError ? [el('small', { class: 'bad' }, stream.lastError)] : []))
    fill(state, ...badges(stream))
    fill(players, String(stream.players.filter(player => player.active).length))
    fill(peers, String(stream.peers.length))
    fill(http, bytes(stream.bytes.http))
    fill(p2p, bytes(stream.bytes.p2p))
    fill(upload, bytes(stream.bytes.upload))
  })
}

/** The events, newest first; what comes twice is shown once. */
export class Log {
  #events = new Map()
  #clock = null

  constructor () {
    byId('only-troubles').addEventListener('change', () => this.#show())
  }

  /** Milliseconds of the gateway's clock, now. */
  setClock (now) {
    if (this.#clock !== null && now < this.#clock.now - 1_000) this.#events.clear()  // started again
    const first = this.#clock === null
    this.#clock = { now, here: Date.now() }
    if (first) this.#show()
  }

  add (events) {
    for (const event of events) this.#events.set(event.number, event)
    const numbers = [...this.#events.keys()].sort((a, b) => b - a)
    for (const number of numbers.slice(200)) this.#events.delete(number)
    this.#show()
  }

  #show () {
    if (this.#clock === null) return
    const only = byId('only-troubles').checked
    const events = [...this.#events.values()].filter(event => event.trouble || !only).sort((a, b) => b.number - a.number)
    byId('log').hidden = events.length === 0
    byId('log-empty').hidden = events.length > 0
    setText(byId('log-empty'), only ? 'No trouble.' : 'Nothing has happened yet.')
    keyed(byId('log'), events, event => String(event.number), event => {
      const time = new Date(this.#clock.here - (this.#clock.now - event.at))
      return el('li', { class: event.trouble ? 'trouble' : '' },
        el('time', { dateTime: time.toISOString() }, time.toTimeString().slice(0, 8)),
        el('span', {}, ...(event.trouble ? [el('span', { class: 'mark' }, 'trouble'), ' '] : []), event.text))
    }, () => {})
  }
}
