// The tracker against the client that JavaScript viewers have inside: npm bittorrent-tracker, with real WebRTC.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'

import Client from 'bittorrent-tracker'
import WebSocket from 'ws'

import { startTracker } from './p2pml.mjs'

const TIMEOUT = { timeout: 60_000 }

let tracker
let hashes = 0
let isOver = false
const clients = []

before(async () => { tracker = await startTracker() })

after(async () => {
  isOver = true // from here on connections that were being made fail, as they must
  for (const client of clients) client.destroy()
  assert.equal(await tracker.stop(), 0)
})

const newInfoHash = () => Buffer.from(`interop-${++hashes}`.padEnd(20, '.')).toString('hex')

/** Clients of the same URL share one socket in this process; another path makes another socket. */
function newClient (name, infoHash, path = '') {
  const client = new Client({
    infoHash,
    peerId: Buffer.from(name.padEnd(20, '.')).toString('hex'),
    announce: [tracker.url + path],
    port: 6881, // of no meaning to WebSocket trackers, but asked for outside browsers
    rtcConfig: { iceServers: [] }
  })
  const refuse = (error) => { if (!isOver) assert.fail(`${name}: ${error.message}`) }
  client.on('warning', refuse)
  client.on('error', refuse)
  clients.push(client)
  return client
}

const counts = ({ complete, incomplete }) => ({ complete, incomplete })

async function connected (peer) {
  if (!peer.connected) await once(peer, 'connect')
  return peer
}

async function meet (first, second) {
  first.start()
  assert.deepEqual(counts((await once(first, 'update'))[0]), { complete: 0, incomplete: 1 })
  const peersOfFirst = once(first, 'peer')
  const peersOfSecond = once(second, 'peer')
  second.start()
  assert.deepEqual(counts((await once(second, 'update'))[0]), { complete: 0, incomplete: 2 })
  const [a] = await peersOfFirst
  const [b] = await peersOfSecond
  await Promise.all([connected(a), connected(b)])
  const heard = once(b, 'data')
  a.send('hello')
  assert.equal(Buffer.from((await heard)[0]).toString(), 'hello')
  return [a, b]
}

test('two clients on two sockets meet, count, scrape and leave', TIMEOUT, async () => {
  const infoHash = newInfoHash()
  const first = newClient('first', infoHash, '/a')
  const second = newClient('second', infoHash, '/b')
  const [a, b] = await meet(first, second)

  first.scrape()
  const [scraped] = await once(first, 'scrape')
  assert.deepEqual(counts(scraped), { complete: 0, incomplete: 2 })

  second.complete()
  assert.deepEqual(counts((await once(second, 'update'))[0]), { complete: 1, incomplete: 1 })
  first.update()
  assert.deepEqual(counts((await once(first, 'update'))[0]), { complete: 1, incomplete: 1 })

  second.stop()
  assert.deepEqual(counts((await once(second, 'update'))[0]), { complete: 0, incomplete: 1 })
  a.destroy()
  b.destroy()
})

test('two clients that share one socket meet', TIMEOUT, async () => {
  const infoHash = newInfoHash()
  const [a, b] = await meet(newClient('sharing-1', infoHash), newClient('sharing-2', infoHash))
  a.destroy()
  b.destroy()
})

test('a peer goes with its socket', TIMEOUT, async () => {
  const infoHash = newInfoHash()
  const stays = newClient('stays', infoHash, '/a')
  stays.start()
  await once(stays, 'update')

  const socket = new WebSocket(tracker.url)
  await once(socket, 'open')
  const ask = async (message) => {
    const answer = once(socket, 'message')
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    return JSON.parse((await answer)[0].toString())
  }
  const announce = {
    action: 'announce',
    event: 'started',
    numwant: 5,
    uploaded: 0,
    downloaded: 0,
    info_hash: Buffer.from(infoHash, 'hex').toString('latin1'),
    peer_id: 'goes................'
  }
  assert.deepEqual(counts(await ask(announce)), { complete: 0, incomplete: 2 })
  assert.deepEqual(await ask({ ...announce, info_hash: 'short' }), { 'failure reason': 'invalid info_hash' })
  assert.deepEqual(await ask({ action: 'foo' }), { 'failure reason': 'invalid action in WS request: foo' })
  assert.equal(typeof (await ask('no JSON'))['failure reason'], 'string')
  assert.deepEqual(counts(await ask({ ...announce, event: undefined })), { complete: 0, incomplete: 2 })
  socket.terminate()

  // The tracker hears of the end when the connection is gone, which the next announce may overtake.
  for (;;) {
    stays.update()
    const [update] = await once(stays, 'update')
    if (update.incomplete === 1) break
  }
})
