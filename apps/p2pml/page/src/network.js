// The picture of the network: origin and players on the left, this gateway in the middle, peers on the right, by generation; on a phone the
// gateway stands between origin and players. A line is as wide as the bytes of the last ten seconds were many, and its colour says which
// way they went.

import { byId, setAttribute, svg } from './dom.js'
import { bytes, count, percent, rate, shortId, stream as named } from './format.js'

/** More are summed up in one line of text. */
const most = 12
const row = 46
/** Between generations. */
const gap = 14
const least = 250

/** Of a line, in pixels, by bytes a second. */
export const widthOf = speed => speed <= 0 ? 1 : Math.min(11, 1.5 + 1.6 * Math.log2(1 + speed / 25_000))

function link (from, to, kind, speed) {
  const middle = (from.x + to.x) / 2
  const path = svg('path', { d: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`, class: `flow ${speed > 0 ? kind : 'idle'}`, 'stroke-width': widthOf(speed).toFixed(1) })
  if (speed <= 0) return path
  // Dashes that walk say the direction.
  return svg('g', {}, path, svg('path', { d: path.getAttribute('d'), class: 'walk', 'stroke-width': Math.max(1, widthOf(speed) / 3).toFixed(1) }))
}

const text = (x, y, kind, content) => svg('text', { x, y, class: kind }, content)

function box (x, y, width, title, note) {
  return svg('g', { class: 'node' }, svg('rect', { x: x - width / 2, y: y - 26, width, height: 52, rx: 10 }),
    text(x, y - 3, 'title', title), text(x, y + 15, 'note', note))
}

const fitted = (words, characters) => words.length > characters ? `${words.slice(0, characters - 1)}…` : words

/** @param {object} stats @param {import('./history.js').History} history */
export function showNetwork (stats, history) {
  const place = byId('network')
  const width = place.clientWidth
  const peers = stats.streams.flatMap(stream => stream.peers.map(peer => ({ ...peer, ...history.peerRates(stream, peer) })))
  const busiest = [...peers].sort((a, b) => b.down + b.up - a.down - a.up || b.downloaded + b.uploaded - a.downloaded - a.uploaded)
  const shown = busiest.slice(0, most).sort((a, b) => a.generation.localeCompare(b.generation) || a.id.localeCompare(b.id))
  let below = 0
  const places = shown.map((peer, i) => {
    if (i > 0) below += row + (peer.generation === shown[i - 1].generation ? 0 : gap)
    return below
  })
  const tall = below + (peers.length > most ? row : 0)
  const height = Math.max(least, tall + row + 24)
  const small = width < 480
  const side = small ? 96 : 128
  const centre = { x: small ? side / 2 + 1 : width * 0.46, y: height / 2 }
  const radius = small ? 34 : 40
  const apart = small ? 96 : 74
  const origin = { x: side / 2 + 1, y: height / 2 - apart }
  const players = { x: side / 2 + 1, y: height / 2 + apart }
  const label = small ? 92 : 172
  const peerX = width - label - 18
  const rates = { http: history.totalRate('http'), delivered: history.totalRate('delivered') }
  const active = stats.streams.flatMap(stream => stream.players).filter(player => player.active).length
  const hosts = [...new Set(stats.streams.map(stream => named(stream.manifest).host).filter(Boolean))]

  const links = svg('g')
  const nodes = svg('g')
  const edge = (dy, direction) => ({ x: centre.x + direction * Math.sqrt(radius ** 2 - dy ** 2), y: centre.y + dy })
  const down = small ? 26 : 0
  const aside = small ? 0 : side / 2
  links.append(link({ x: origin.x + aside, y: origin.y + down }, edge(small ? -radius : -14, -1), 'http', rates.http))
  links.append(link(edge(small ? radius : 14, -1), { x: players.x + aside, y: players.y - down }, 'given', active > 0 ? rates.delivered : 0))
  shown.forEach((peer, i) => {
    const y = (height - tall) / 2 + places[i]
    const at = { x: peerX - 15, y }
    const spread = tall > 0 ? (places[i] / tall - 0.5) * radius * 1.4 : 0
    const offset = (widthOf(peer.down) + widthOf(peer.up)) / 4 + 0.5
    const shift = (point, by) => ({ x: point.x, y: point.y + by })
    if (peer.down > 0 || peer.up <= 0) links.append(link(shift(at, peer.up > 0 ? -offset : 0), shift(edge(spread, 1), peer.up > 0 ? -offset : 0), 'p2p', peer.down))
    if (peer.up > 0) links.append(link(shift(edge(spread, 1), peer.down > 0 ? offset : 0), shift(at, peer.down > 0 ? offset : 0), 'upload', peer.up))
    const received = rate(peer.down)
    const sent = rate(peer.up)
    const note = received !== '0' || sent !== '0'
      ? [received !== '0' && `↓ ${received}`, sent !== '0' && !(small && received !== '0') && `↑ ${sent}`].filter(Boolean).join('  ')
      : `${bytes(peer.downloaded + peer.uploaded)} so far`
    nodes.append(svg('g', { class: `peer ${peer.generation.toLowerCase()}` }, svg('circle', { cx: peerX, cy: y, r: 15 }),
      text(peerX, y + 4, 'generation', peer.generation), text(peerX + 23, y - 3, 'title start', shortId(peer.id)), text(peerX + 23, y + 13, 'note start', note)))
  })
  if (peers.length > most) nodes.append(text(peerX - 15, (height + tall) / 2 + 4, 'note start', `and ${peers.length - most} more`))
  if (peers.length === 0) nodes.append(text(peerX - (small ? 10 : 0), height / 2 + 4, 'note start', 'no peers yet'))
  nodes.append(box(origin.x, origin.y, side, 'Origin', hosts.length > 1 ? count(hosts.length, 'host') : fitted(hosts[0] ?? 'none', small ? 14 : 19)),
    box(players.x, players.y, side, 'Players', String(active)))
  const all = stats.total.http + stats.total.p2p
  nodes.append(svg('g', { class: 'node gateway' }, svg('circle', { cx: centre.x, cy: centre.y, r: radius }),
    text(centre.x, centre.y - 2, 'title', 'gateway'), text(centre.x, centre.y + 15, 'note', all > 0 ? `${percent(stats.total.p2p / all)} P2P` : '')))
  const said = `This gateway takes ${rate(rates.http)} from ${hosts.join(', ') || 'no origin'} and has ${count(peers.length, 'peer')}` +
    `${peers.length > 0 ? `: ${shown.map(peer => `${shortId(peer.id)} (${peer.generation}), received ${rate(peer.down)}, sent ${rate(peer.up)}`).join('; ')}` : ''}`
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': said }, links, nodes)
  // Only what has changed: an animation goes on where it was.
  const before = place.firstElementChild
  if (before && before.outerHTML === picture.outerHTML) return
  setAttribute(place, 'data-peers', peers.length)
  place.replaceChildren(picture)
}
