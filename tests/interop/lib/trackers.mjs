// The trackers that viewers meet at: ours, and the one that most sites run.

import { once } from 'node:events'

import { Server } from 'bittorrent-tracker'

import { startTracker } from '../p2pml.mjs'

async function startNpmTracker () {
  const server = new Server({ udp: false, http: false, ws: true, stats: false })
  const sockets = new Set()
  server.ws.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const listening = once(server, 'listening')
  server.listen(0, '127.0.0.1')
  await listening
  return {
    url: `ws://127.0.0.1:${server.ws.address().port}`,
    stop () {
      for (const socket of sockets) socket.terminate() // close() would wait for them to go
      return new Promise(resolve => server.close(resolve))
    }
  }
}

/** Name -> starts one on 127.0.0.1: {url, stop()}. */
export const trackers = { p2pml: startTracker, 'bittorrent-tracker': startNpmTracker }
