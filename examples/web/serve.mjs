// Serves this folder's page with all that it loads, and a tracker for its viewers: node examples/web/serve.mjs [PORT]
//
// Takes p2pml-core from js/dist (npm ci --ignore-scripts && node build.mjs, in js/), the player's packages from tests/interop
// (npm ci --ignore-scripts, there) and the tracker from build/release/p2pml (make build), or P2PML_BIN. All on 127.0.0.1.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.join(here, '../..')

/** What a site would have beside its page. */
const files = {
  '/p2pml-core.min.js': path.join(root, 'js/dist/p2pml-core.min.js'),
  '/p2p-media-loader-hlsjs.min.js': path.join(root, 'tests/interop/node_modules/hlsjs-0.6.2/build/p2p-media-loader-hlsjs.min.js'),
  '/hls.min.js': path.join(root, 'tests/interop/node_modules/hls.js-0.14.17/dist/hls.min.js')
}
const folders = { '/stream/': path.join(root, 'samples/hls'), '/': here }

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t' }

function fileOf (pathname) {
  if (pathname === '/') return path.join(here, 'index.html')
  if (files[pathname]) return files[pathname]
  const [prefix, folder] = Object.entries(folders).find(([prefix]) => pathname.startsWith(prefix))
  const file = path.join(folder, pathname.slice(prefix.length))
  return file.startsWith(folder + path.sep) ? file : undefined
}

/**
 * @param {number} [port] 0: any
 * @param {(page: string) => string} [change] what to send in place of index.html, for tests
 * @returns {Promise<{url: string, stop (): Promise<void>}>}
 */
export async function servePage (port = 0, change = page => page) {
  const server = http.createServer(async (request, response) => {
    try {
      const file = fileOf(decodeURIComponent(new URL(request.url, 'http://localhost').pathname))
      let body = await readFile(file)
      if (path.extname(file) === '.html') body = Buffer.from(change(body.toString()))
      response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream', 'content-length': body.length, 'cache-control': 'no-store' })
      response.end(body)
    } catch (error) {
      response.writeHead(404).end()
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async stop () {
      server.close()
      server.closeAllConnections()
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = process.env.P2PML_BIN ?? path.join(root, 'build/release/p2pml')
  const tracker = spawn(program, ['tracker', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  tracker.on('error', error => {
    console.error(`${program}: ${error.message}`)
    process.exit(1)
  })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      tracker.kill()
      process.exit(0)
    })
  }
  const [line] = await once(createInterface(tracker.stdout), 'line')
  const page = await servePage(Number(process.argv[2] ?? 8080))
  console.log(`open in two tabs: ${page.url}?tracker=${line.split(' ').at(-1)}`)
}
