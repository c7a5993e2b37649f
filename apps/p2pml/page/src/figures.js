// The big figures: since the gateway was started, and now.

import { byId, setText } from './dom.js'
import { bytes, count, duration, percent, rate } from './format.js'

/** @param {object} stats @param {import('./history.js').History} history */
export function showFigures (stats, history) {
  const { http, p2p, upload } = stats.total
  const all = http + p2p
  const now = what => {
    const text = rate(history.totalRate(what))
    return text === '0' ? 'nothing now' : `${text} now`
  }
  const figures = {
    offload: all > 0 ? percent(p2p / all) : '–',
    'offload-note': all > 0 ? `${bytes(p2p)} of ${bytes(all)} segment bytes` : 'no segment has been loaded yet',
    saved: bytes(p2p),
    'saved-note': now('p2p'),
    http: bytes(http),
    'http-note': now('http'),
    upload: bytes(upload),
    'upload-note': now('upload'),
    uptime: duration(stats.uptime),
    version: `version ${stats.version}`
  }
  const peers = stats.streams.flatMap(stream => stream.peers)
  const players = stats.streams.flatMap(stream => stream.players)
  const generations = [...new Set(peers.map(peer => peer.generation))].sort()
  const running = stats.streams.filter(stream => stream.running).length
  figures.peers = String(peers.length)
  figures['peers-note'] = generations.length > 0 ? generations.join(', ') : 'none yet'
  figures.players = String(players.filter(player => player.active).length)
  figures['players-note'] = count(running, 'stream') + (running === 1 ? ' runs' : ' run')
  for (const [name, text] of Object.entries(figures)) setText(byId(name === 'version' ? 'figure-version' : `figure-${name}`), text)
  byId('share').classList.toggle('none', all === 0)
  byId('share-p2p').style.width = `${all > 0 ? p2p / all * 100 : 0}%`
}
