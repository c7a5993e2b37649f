// Trackers' WebSockets.

import { detailOf, unavailable } from './errors.mjs'

export class Sockets {
  open_ = new Map()

  /** @param {import('./session.mjs').Session} session */
  constructor (session) { this.session_ = session }

  open (id, url) {
    const session = this.session_
    let socket
    try {
      socket = new WebSocket(url)
    } catch (error) { // ws:// on a page of https://
      return session.tell('socketClosed', id, unavailable, detailOf(error))
    }
    this.open_.set(id, socket)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => session.tell('socketOpened', id)
    socket.onmessage = ({ data }) => session.tell('socketMessage', id, typeof data === 'string' ? data : new TextDecoder().decode(data))
    // `error` is always followed by `close`, which says as much: scripts may not know why a connection failed.
    socket.onclose = ({ code, reason }) => {
      this.open_.delete(id)
      session.tell('socketClosed', id, unavailable, `closed with ${code}${reason ? `: ${reason}` : ''}`)
    }
  }

  send (id, text) {
    const socket = this.open_.get(id)
    if (socket && socket.readyState === 1) socket.send(text)
  }

  /** What was sent is still flushed. */
  close (id) {
    const socket = this.open_.get(id)
    if (!this.open_.delete(id)) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  closeAll () { for (const id of [...this.open_.keys()]) this.close(id) }
}
