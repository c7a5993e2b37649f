// XMLHttpRequest, WebSocket and RTCPeerConnection for node: they do what a test tells them, and remember what they were asked.

class Target {
  listeners = {}
  addEventListener (name, listener) { (this.listeners[name] ??= []).push(listener) }
  fire (name, event = {}) {
    for (const listener of this.listeners[name] ?? []) listener(event)
    this[`on${name}`]?.(event)
  }
}

export class FakeXhr extends Target {
  static all = []
  status = 0
  response = null
  responseURL = ''
  responseType = ''
  requestHeaders = {}
  headers = {}
  isAborted = false

  constructor () {
    super()
    FakeXhr.all.push(this)
  }

  static get last () { return FakeXhr.all.at(-1) }
  open (method, url) { Object.assign(this, { method, url }) }
  setRequestHeader (name, value) { this.requestHeaders[name] = value }
  getAllResponseHeaders () { return Object.entries(this.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('') }
  send () {
    this.isSent = true
    FakeXhr.onSend?.(this)
  }

  abort () {
    this.isAborted = true
    this.fire('abort')
  }

  /** Some of the body has come. */
  progress (loaded, total, status = 200) {
    this.status = status
    this.responseURL = this.url
    this.fire('progress', { loaded, total: total ?? 0, lengthComputable: total !== undefined })
  }

  /** All of it has come. */
  finish (buffer, status = 200) {
    this.progress(buffer.byteLength, buffer.byteLength, status)
    this.response = buffer
    this.fire('load', { target: this })
  }
}

export class FakeSocket extends Target {
  static all = []
  static get last () { return FakeSocket.all.at(-1) }
  readyState = 0
  sent = []

  constructor (url) {
    super()
    if (FakeSocket.refuse) throw new Error(FakeSocket.refuse)
    this.url = url
    FakeSocket.all.push(this)
    FakeSocket.onOpen?.(this)
  }

  open () {
    this.readyState = 1
    this.fire('open')
  }

  send (text) {
    this.sent.push(text)
    this.hear?.(text)
  }

  close () {
    this.readyState = 3
    this.isClosed = true
  }
}

export class FakeChannel extends Target {
  readyState = 'connecting'
  bufferedAmount = 0
  sent = []

  constructor (label) {
    super()
    this.label = label
  }

  open () {
    this.readyState = 'open'
    this.fire('open')
  }

  send (bytes) {
    if (this.readyState !== 'open') throw new Error('InvalidStateError')
    this.sent.push(bytes.slice())
    if (this.holds) this.bufferedAmount += bytes.length
  }

  close () { this.readyState = 'closed' }
}

const sdp = 'v=0\r\na=group:BUNDLE 0\r\na=ice-options:trickle\r\na=mid:0\r\n'

export class FakePeerConnection extends Target {
  static all = []
  static get last () { return FakePeerConnection.all.at(-1) }
  iceGatheringState = 'new'
  connectionState = 'new'
  iceConnectionState = 'new'
  address = '192.0.2.7'

  constructor (config) {
    super()
    if (FakePeerConnection.refuse) throw new Error(FakePeerConnection.refuse)
    this.config = config
    FakePeerConnection.all.push(this)
  }

  createDataChannel (label) {
    this.channel = new FakeChannel(label)
    return this.channel
  }

  async createOffer () { return { type: 'offer', sdp } }
  async createAnswer () { return { type: 'answer', sdp } }
  /** Browsers put the line back that peers without trickle must not have. */
  async setLocalDescription ({ type, sdp: given }) {
    this.localDescription = { type, sdp: given.replace('a=mid', 'a=ice-options:trickle\r\na=mid') }
  }

  async setRemoteDescription (description) {
    if (description.sdp === 'nonsense') throw new Error('Failed to parse SessionDescription')
    this.remoteDescription = description
  }

  async getStats () {
    return new Map([
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
      ['P', { id: 'P', type: 'candidate-pair', remoteCandidateId: 'R' }],
      ['R', { id: 'R', type: 'remote-candidate', address: this.address }]
    ])
  }

  /** All candidates are in. */
  gathered () { this.fire('icecandidate', { candidate: null }) }
  close () { this.isClosed = true }
}

/** Puts them in place; `errors` gets what is reported to the page. @returns {{errors: any[], warnings: string[], remove (): void}} */
export function installBrowser ({ webRtc = true } = {}) {
  const errors = []
  const warnings = []
  const fakes = {
    XMLHttpRequest: FakeXhr, WebSocket: FakeSocket, RTCPeerConnection: webRtc ? FakePeerConnection : undefined,
    reportError: error => errors.push(error)
  }
  const before = Object.fromEntries(Object.keys(fakes).map(name => [name, globalThis[name]]))
  const { warn } = console
  Object.assign(globalThis, fakes)
  console.warn = text => warnings.push(text)
  for (const kind of [FakeXhr, FakeSocket, FakePeerConnection]) kind.all = []
  FakeXhr.onSend = FakeSocket.onOpen = FakeSocket.refuse = FakePeerConnection.refuse = undefined
  return {
    errors,
    warnings,
    remove () {
      Object.assign(globalThis, before)
      console.warn = warn
    }
  }
}

/** After the promises and timers of 0 ms that are under way. */
export const settled = () => new Promise(resolve => setTimeout(resolve, 5))
