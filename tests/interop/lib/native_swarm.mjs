// A swarm of `p2pml peer` processes that watch one made-up stream: real processes, real WebRTC, one origin that counts.

import { setTimeout as sleep } from 'node:timers/promises'

import { NativePeer } from './native.mjs'
import { Origin } from './origin.mjs'
import { trackers } from './trackers.mjs'

const sum = values => values.reduce((total, value) => total + value, 0)
const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * Of a VOD every viewer plays all; of a live stream each plays until `seconds` after the first viewer's start.
 *
 * @param {object} swarm
 * @param {'vod' | 'live'} swarm.mode
 * @param {number} swarm.viewers
 * @param {number} swarm.apart seconds between the viewers' starts
 * @param {number} swarm.dur seconds of a segment
 * @param {number} swarm.size bytes of a segment
 * @param {number} [swarm.count] segments of a VOD
 * @param {number} [swarm.liveBack] segments behind the edge of a live stream
 * @param {number} [swarm.window] segments in a live playlist
 * @param {number} [swarm.seconds] of a live stream
 * @param {object} [swarm.settings] of HybridLoader
 * @param {string} [swarm.gen] generation of peers
 * @returns {Promise<{offload: number, delivered: number, fromOrigin: number, copies: number[], startups: number[], startup: number,
 *   stalls: number, stalledMs: number, skipped: number, bad: number}>} copies: of each segment, how many viewers were sent it, or a part of it, by the origin
 */
export async function runNativeSwarm (swarm) {
  const { mode, viewers, apart, dur, size, count = 1, liveBack = 3, window = 8, seconds = 0, settings = {}, gen = '06' } = swarm
  const origin = await Origin.start()
  const tracker = await trackers.p2pml()
  const peers = []
  try {
    if (mode === 'live') await sleep((window + 0.5) * dur * 1000) // until the playlist is full
    const name = 'swarm'
    const started = performance.now()
    for (let i = 0; i < viewers; ++i) {
      await sleep(Math.max(0, started + i * apart * 1000 - performance.now()))
      peers.push(await NativePeer.start({
        id: `v${i}`, gen, role: 'viewer', mode, origin: origin.url, tracker: tracker.url, swarm: name, name, size, count, dur,
        ahead: 8, forward: 20, liveBack, window, settings, stay: true
      }))
    }
    if (mode === 'vod') {
      await Promise.all(peers.map(peer => peer.until(() => peer.progress.done, `${peer.config.id} has played`, (count * dur + 60) * 1000)))
    } else {
      await sleep(Math.max(0, started + seconds * 1000 - performance.now()))
    }
    // All at once: a peer that has gone is asked for nothing that another then fetches over HTTP.
    await Promise.all(peers.map(peer => peer.stop()))
    const results = peers.map(({ result }) => result)
    const delivered = sum(results.map(({ bytes }) => bytes.delivered))
    const fromOrigin = sum(peers.map(({ config }) => origin.served(config.id).bytes))
    const numbers = [...new Set(results.flatMap(({ segments }) => segments.map(({ n }) => n)))].sort((a, b) => a - b)
    const pathOf = n => mode === 'vod' ? `/synth/${name}/${size}/${n}.bin` : `/synthlive/${name}/${size}/${dur * 1000}/${n}.bin`
    return {
      offload: 1 - fromOrigin / delivered,
      delivered,
      fromOrigin,
      copies: numbers.map(n => new Set(origin.getsOf(pathOf(n))).size),
      startups: results.map(({ startupMs }) => startupMs),
      startup: median(results.map(({ startupMs }) => startupMs)),
      stalls: sum(results.map(({ stalls }) => stalls.length)),
      stalledMs: sum(results.flatMap(({ stalls }) => stalls.map(({ ms }) => ms))),
      skipped: sum(results.map(({ skipped = 0 }) => skipped)),
      bad: sum(results.map(({ segments }) => segments.filter(({ bad }) => bad).length))
    }
  } finally {
    await Promise.all([origin.stop(), tracker.stop(), ...peers.map(peer => peer.stop())])
  }
}
