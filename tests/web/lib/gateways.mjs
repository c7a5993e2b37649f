// Processes of `p2pml gateway` and `p2pml seed`, a live stream for them, and players without a screen.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { program } from '../../interop/p2pml.mjs'

const samples = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../samples')

/**
 * Starts `p2pml COMMAND` on a free port of 127.0.0.1, with peers on this machine only.
 * @param {'gateway' | 'seed'} command @param {{url: string}} tracker @param {string[]} [args]
 * @returns {Promise<{url: string, port: string, kill (): void, stop (): Promise<void>}>}
 */
export async function startGateway (command, tracker, args = []) {
  const child = spawn(program, [command, ...(args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']), '--tracker', tracker.url, '--local-address', '127.0.0.1', '--log-level', 'warn', ...args],
    { stdio: ['ignore', 'pipe', 'ignore'] })
  const exit = once(child, 'exit')
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exit])
  const url = /http:\/\/[\d.]+:\d+/.exec(line)?.[0]
  if (!url) throw new Error(`unexpected first line of ${program} ${command}: ${line}`)
  return {
    url,
    port: new URL(url).port,
    kill () { child.kill('SIGKILL') },
    async stop () {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exit
    }
  }
}

/** The samples: /hls/, /dash/, and /live/ where the HLS sample never ends: master.m3u8 and its two qualities. */
export class SampleOrigin {
  #server = http.createServer((request, response) => this.#answer(request, response))
  #startedAt = Date.now()
  #playlists = new Map()

  static async start () {
    const origin = new SampleOrigin()
    origin.#server.listen(0, '127.0.0.1')
    await once(origin.#server, 'listening')
    origin.url = `http://127.0.0.1:${origin.#server.address().port}`
    return origin
  }

  async stop () {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer (request, response) {
    try {
      const { pathname } = new URL(request.url, this.url)
      const body = await this.#body(pathname)
      const type = { '.m3u8': 'application/vnd.apple.mpegurl', '.mpd': 'application/dash+xml', '.ts': 'video/mp2t' }[path.extname(pathname)] ?? 'video/mp4'
      response.writeHead(200, { 'content-type': type, 'content-length': body.length })
      response.end(body)
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end()
    }
  }

  async #body (pathname) {
    const live = /^\/live\/(\d+p)\/(index\.m3u8|(\d+)\.ts)$/.exec(pathname)
    if (live) {
      const segments = await this.#segments(live[1])
      if (live[3] === undefined) return this.#livePlaylist(segments)
      return readFile(path.join(samples, 'hls', live[1], segments[Number(live[3]) % segments.length].file))
    }
    const file = path.join(samples, pathname.replace('/live/', '/hls/'))
    if (!file.startsWith(samples + path.sep)) throw new Error('outside')
    return readFile(file)
  }

  async #segments (quality) {
    if (!this.#playlists.has(quality)) {
      const text = await readFile(path.join(samples, 'hls', quality, 'index.m3u8'), 'utf8')
      this.#playlists.set(quality, [...text.matchAll(/#EXTINF:([\d.]+).*\n(.+)/g)].map(([, duration, file]) => ({ duration: Number(duration), file })))
    }
    return this.#playlists.get(quality)
  }

  /** As if the stream had begun a minute before the origin; the last eight segments, the sample over and over. */
  #livePlaylist (segments) {
    const round = segments.reduce((sum, segment) => sum + segment.duration, 0)
    let left = (Date.now() - this.#startedAt) / 1000 + 60
    let end = Math.floor(left / round) * segments.length
    left %= round
    for (const { duration } of segments) {
      if (left < duration) break
      left -= duration
      ++end
    }
    const first = Math.max(0, end - 8)
    const target = Math.ceil(Math.max(...segments.map(({ duration }) => duration)))
    const lines = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${target}`, `#EXT-X-MEDIA-SEQUENCE:${first}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${Math.floor((first - 1) / segments.length)}`]
    for (let n = first; n < end; ++n) {
      if (n % segments.length === 0) lines.push('#EXT-X-DISCONTINUITY')
      lines.push(`#EXTINF:${segments[n % segments.length].duration},`, `${n}.ts`)
    }
    return Buffer.from(lines.join('\n') + '\n')
  }
}

/** Asks a gateway for a live stream's segments as a player would, without showing them. */
export class HeadlessPlayer {
  #stopped = false
  #got = new Set()
  #next

  /** @param {{url: string}} gateway @param {string} url of a media playlist */
  constructor (gateway, url) {
    this.#turn(`${gateway.url}/play?url=${encodeURIComponent(url)}`)
  }

  async #turn (address) {
    try {
      const answer = await fetch(address, { headers: { 'user-agent': 'headless player' } })
      address = answer.url
      const names = [...(await answer.text()).matchAll(/^[^#].*$/gm)].map(([name]) => name).slice(-3)
      for (const name of names) {
        if (this.#stopped || this.#got.has(name)) continue
        this.#got.add(name)
        await (await fetch(new URL(name, address), { headers: { 'user-agent': 'headless player' } })).arrayBuffer()
      }
    } catch { /* its gateway ends first */ }
    if (!this.#stopped) this.#next = setTimeout(() => this.#turn(address), 1_000)
  }

  stop () {
    this.#stopped = true
    clearTimeout(this.#next)
  }
}
