// The origin of these tests: pages, the npm packages' own builds, made-up segments, on demand and live, the sample streams.
//
// It knows its clients: by "/t/ID/" in front of the path (docs/measurement-peer.md) or, where URLs must be the same for all
// viewers because the swarm is named by them, by the header x-interop-client. It counts the segments each of them asks for, and
// can refuse them.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { segmentBody } from './synthetic.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** What is always served: URL prefix -> folder. */
const commonFolders = {
  '/pages/': path.join(here, 'pages'),
  '/packages/': path.join(here, '../node_modules'),
  '/samples/': path.join(here, '../../../samples')
}

const segmentTypes = ['.ts', '.m4s']
const playlistType = 'application/vnd.apple.mpegurl'

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.m3u8': playlistType,
  '.ts': 'video/mp2t',
  '.mpd': 'application/dash+xml',
  '.m4s': 'video/iso.segment',
  '.mp4': 'video/mp4',
  '.json': 'application/json'
}

/** @typedef {{segments: number, bytes: number, refused: number}} Served of one client: segments and their bytes sent, segments denied */

export class Origin {
  #server = http.createServer((request, response) => this.#answer(request, response))
  #clients = new Map()
  #refused = new Set()
  #gets = new Map()
  #folders
  #startedAt = performance.now()

  /** @param {Record<string, string>} [folders] what is served besides: URL prefix -> folder */
  static async start (folders = {}) {
    const origin = new Origin()
    origin.#folders = { ...commonFolders, ...folders }
    origin.#server.listen(0, '127.0.0.1')
    await once(origin.#server, 'listening')
    origin.url = `http://127.0.0.1:${origin.#server.address().port}`
    return origin
  }

  /** From now on that client gets 403 for every segment. */
  refuseSegments (id) { this.#refused.add(id) }

  /** @returns {Served} */
  served (id) {
    if (!this.#clients.has(id)) this.#clients.set(id, { segments: 0, bytes: 0, refused: 0 })
    return this.#clients.get(id)
  }

  /** @returns {string[]} ids of the clients that were sent that segment, or part of it, in order; path without "/t/ID" */
  getsOf (path) { return this.#gets.get(path) ?? [] }

  async stop () {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer (request, response) {
    const target = new URL(request.url, this.url)
    const tagged = /^\/t\/([^/]+)(\/.*)$/.exec(target.pathname)
    const id = tagged?.[1] ?? request.headers['x-interop-client'] ?? ''
    const wanted = decodeURIComponent(tagged?.[2] ?? target.pathname)
    const found = await this.#find(wanted, target.searchParams)
    // Viewers of 2.x ask for the rest of what a failed attempt brought.
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' }
    const reply = (status, extra = {}, body = undefined) => {
      response.writeHead(status, { ...headers, 'content-length': body?.length ?? 0, ...extra })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    if (!found) return reply(404)
    if (found.isSegment && this.#refused.has(id)) {
      ++this.served(id).refused
      return reply(403)
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    let status = 200
    let body = found.body
    if (range) {
      const from = Number(range[1])
      const to = Math.min(range[2] === '' ? Infinity : Number(range[2]), body.length - 1)
      if (from > to) return reply(416, { 'content-range': `bytes */${body.length}` })
      headers['content-range'] = `bytes ${from}-${to}/${body.length}`
      status = 206
      body = body.subarray(from, to + 1)
    }
    if (found.isSegment) {
      const served = this.served(id)
      ++served.segments
      served.bytes += body.length
      this.#gets.set(wanted, [...this.getsOf(wanted), id])
    }
    reply(status, { 'content-type': found.type, 'accept-ranges': 'bytes' }, body)
  }

  /** Segment n of a live stream is there from n + 1 segment durations after the origin's start on. */
  #live (name, size, ms, n, window) {
    const end = Math.floor((performance.now() - this.#startedAt) / ms)
    if (n !== undefined) return n < end ? { isSegment: true, type: 'application/octet-stream', body: segmentBody(name, size, n) } : undefined
    const first = Math.max(0, end - window)
    const lines = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${Math.ceil(ms / 1000)}`, `#EXT-X-MEDIA-SEQUENCE:${first}`]
    for (let i = first; i < end; ++i) lines.push(`#EXTINF:${(ms / 1000).toFixed(3)},`, `${i}.bin`)
    return { type: playlistType, body: Buffer.from(lines.join('\n') + '\n') }
  }

  async #find (target, query) {
    const synthetic = /^\/synth\/([^/]+)\/(\d+)\/(\d+)\.bin$/.exec(target)
    if (synthetic) {
      const [, name, size, n] = synthetic
      return { isSegment: true, type: 'application/octet-stream', body: segmentBody(name, Number(size), Number(n)) }
    }
    const live = /^\/synthlive\/([^/]+)\/(\d+)\/(\d+)\/(?:(\d+)\.bin|index\.m3u8)$/.exec(target)
    if (live) return this.#live(live[1], Number(live[2]), Number(live[3]), live[4] && Number(live[4]), Number(query.get('window') ?? 8))
    for (const [prefix, folder] of Object.entries(this.#folders)) {
      if (!target.startsWith(prefix)) continue
      const file = path.join(folder, target.slice(prefix.length))
      if (!file.startsWith(folder + path.sep)) return undefined
      const extension = path.extname(file)
      try {
        const body = await readFile(file)
        return { isSegment: segmentTypes.includes(extension), type: types[extension] ?? 'application/octet-stream', body }
      } catch (error) {
        if (error.code === 'ENOENT' || error.code === 'EISDIR') return undefined
        throw error
      }
    }
    return undefined
  }
}
