// A world for real loaders in node: an origin, a WebTorrent tracker and WebRTC, all in memory.

import { FakeChannel, FakePeerConnection, FakeSocket, FakeXhr, installBrowser } from './fake_browser.mjs'

let peers = 0
const offered = new Map()

/** Connections that find each other by a line of their SDP, and whose channels deliver what is sent. */
export class LinkedPeerConnection extends FakePeerConnection {
  name = `pc${++peers}`
  sdp = `v=0\r\na=fake:${this.name}\r\n`

  async createOffer () { return { type: 'offer', sdp: this.sdp } }
  async createAnswer () { return { type: 'answer', sdp: this.sdp } }

  createDataChannel (label) {
    offered.set(this.name, this)
    this.channel = new LinkedChannel(label, this)
    return this.channel
  }

  async setLocalDescription (description) {
    await super.setLocalDescription(description)
    setTimeout(() => this.gathered(), 0)
  }

  async setRemoteDescription (description) {
    await super.setRemoteDescription(description)
    const other = offered.get(/a=fake:(\S+)/.exec(description.sdp)[1])
    if (description.type === 'offer') {
      offered.set(this.name, this)
      this.other = other
      return
    }
    this.other = other
    other.channel = new LinkedChannel(this.channel.label, other)
    this.channel.remote = other.channel
    other.channel.remote = this.channel
    other.channel.readyState = 'open'
    other.fire('datachannel', { channel: other.channel })
    this.channel.open()
  }

  close () {
    if (this.isClosed) return
    super.close()
    const { remote } = this.channel ?? {}
    if (remote) setTimeout(() => { if (remote.readyState === 'open') remote.fire('close') }, 0)
  }
}

class LinkedChannel extends FakeChannel {
  constructor (label, pc) {
    super(label)
    this.pc = pc
  }

  send (bytes) {
    super.send(bytes)
    const { buffer } = this.sent.at(-1)
    net.onMessage?.(bytes.length, this)
    if (net.isSilent?.(bytes, this)) return
    setTimeout(() => this.remote.fire('message', { data: buffer }), 0)
  }
}

/** What tests look at and change. */
export const net = {
  /** URL -> bytes or a status; default: 1000 bytes of the sum of its characters. */
  origin: new Map(),
  /** Whether requests wait for answer(). */
  isHeld: false,
  requests: [],
  announces: [],
  onMessage: undefined,
  isSilent: undefined,
  members: new Map()
}

export function bodyOf (url, size = 1000) {
  let sum = 0
  for (const character of url) sum += character.charCodeAt(0)
  return new Uint8Array(size).fill(sum & 255).buffer
}

export function answer (xhr) {
  if (xhr.isAborted) return
  const found = net.origin.get(xhr.url) ?? bodyOf(xhr.url)
  if (typeof found === 'number') return xhr.finish(new ArrayBuffer(0), found)
  const from = /^bytes=(\d+)-/.exec(xhr.requestHeaders.Range ?? '')
  if (!from) return xhr.finish(found.slice(0))
  xhr.headers = { 'content-range': `bytes ${from[1]}-${found.byteLength - 1}/${found.byteLength}` }
  xhr.finish(found.slice(Number(from[1])), 206)
}

function track (socket, text) {
  const message = JSON.parse(text)
  const { info_hash: hash, peer_id: id } = message
  const say = (to, what) => setTimeout(() => { if (to.readyState === 1) to.fire('message', { data: JSON.stringify({ action: 'announce', info_hash: hash, ...what }) }) }, 0)
  if (!net.members.has(hash)) net.members.set(hash, new Map())
  const members = net.members.get(hash)
  if (message.answer) {
    const to = members.get(message.to_peer_id)
    if (to) say(to, { answer: message.answer, offer_id: message.offer_id, peer_id: id })
    return
  }
  net.announces.push({ url: socket.url, ...message })
  if (message.event === 'stopped') {
    members.delete(id)
    return
  }
  members.set(id, socket)
  say(socket, { interval: 120, complete: 0, incomplete: members.size })
  const others = [...members].filter(([other]) => other !== id)
  for (const { offer, offer_id: offerId } of message.offers ?? []) {
    const [other, to] = others.shift() ?? []
    if (other) say(to, { offer, offer_id: offerId, peer_id: id })
  }
}

/** Puts this world in place of the browser. */
export function installNet () {
  const browser = installBrowser()
  Object.assign(net, { origin: new Map(), isHeld: false, requests: [], announces: [], onMessage: undefined, isSilent: undefined, members: new Map() })
  globalThis.RTCPeerConnection = LinkedPeerConnection
  FakeXhr.onSend = xhr => {
    net.requests.push(xhr)
    if (!net.isHeld) setTimeout(answer, 0, xhr)
  }
  FakeSocket.onOpen = socket => {
    socket.hear = text => track(socket, text)
    setTimeout(() => { if (!socket.isClosed) socket.open() }, 0)
  }
  return browser
}

/** Waits until the condition gives something true, and gives that. */
export async function until (condition, what = String(condition), ms = 5000) {
  const end = performance.now() + ms
  for (;;) {
    const value = condition()
    if (value) return value
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** Gives what must not happen the time to happen. */
export const aWhile = (ms = 150) => new Promise(resolve => setTimeout(resolve, ms))
