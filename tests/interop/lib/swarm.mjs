// Where a generation's viewers of a made-up stream meet, and who is there.

import { createHash } from 'node:crypto'
import { once } from 'node:events'

import WebSocket from 'ws'

const digest = (algorithm, text) => createHash(algorithm).update(text).digest()

/**
 * The 20 bytes that generation announces for the swarm of docs/measurement-peer.md, by docs/protocol/peer-json.md 5a.1 and
 * docs/protocol/peer-binary.md 5b.1.
 */
export function infoHash (gen, swarm) {
  const stream = `v2-${swarm}-main-0`
  switch (gen) {
    case '06': return digest('sha1', `2${swarm}+V0`)
    case '22': return Buffer.from(digest('md5', stream).subarray(1).toString('base64'))
    case '23': return Buffer.from(digest('sha1', stream).subarray(0, 15).toString('base64'))
    default: throw new Error(`no generation "${gen}"`)
  }
}

/** Asks the tracker until at least `count` viewers are in that swarm. */
export async function untilMembers (trackerUrl, hash, count, ms = 30_000) {
  const socket = new WebSocket(trackerUrl)
  const deadline = setTimeout(() => socket.terminate(), ms)
  const closed = once(socket, 'close').then(() => { throw new Error(`not within ${ms} ms: ${count} in the swarm at ${trackerUrl}`) })
  closed.catch(() => {})
  try {
    await Promise.race([once(socket, 'open'), closed])
    for (;;) {
      socket.send(JSON.stringify({ action: 'scrape', info_hash: hash.toString('latin1') }))
      const [message] = await Promise.race([once(socket, 'message'), closed])
      const files = Object.values(JSON.parse(message.toString()).files ?? {})
      if (files.some(({ complete, incomplete }) => complete + incomplete >= count)) return
      await new Promise(resolve => setTimeout(resolve, 20)) // so as not to keep the tracker from its work
    }
  } finally {
    clearTimeout(deadline)
    socket.terminate()
  }
}
