// Connections to peers: RTCPeerConnection with one ordered and reliable data channel (docs/protocol/data-channel.md).

import { detailOf, internal, limitExceeded, malformed, unavailable } from './errors.mjs'

/** Without trickle: what has not been gathered this long after the first candidate is left out. */
const gatherTimeout = 5000
/** The one that simple-peer has. */
const lowBufferedAmount = 65536
/** What a peer may send before its connection is reported: maps, the largest of which are far below. */
const mostEarlyBytes = 4 << 20
/** How long the remote address may keep a connection from being reported. */
const addressTimeout = 1000

// Peers that do not trickle must not say that they do: simple-peer's filterTrickle.
const withoutTrickle = sdp => sdp.replace(/^a=ice-options:trickle\r?\n/gm, '')

class Connection {
  sent_ = 0
  early_ = []
  earlyBytes_ = 0
  isOpen_ = false
  channel_ = undefined

  constructor (peers, id, config) {
    this.peers_ = peers
    this.id_ = id
    const pc = this.pc_ = new RTCPeerConnection(config)
    pc.onconnectionstatechange = pc.oniceconnectionstatechange = () => {
      const states = [pc.connectionState, pc.iceConnectionState]
      if (states.includes('failed') || states.includes('closed')) this.fail_(unavailable, 'the connection is lost')
    }
    pc.ondatachannel = ({ channel }) => { if (!this.channel_) this.use_(channel) }
  }

  offer (label) {
    this.use_(this.pc_.createDataChannel(label))
    this.describe_(this.pc_.createOffer(), 'offerCreated')
  }

  answer (sdp) {
    const remote = this.pc_.setRemoteDescription({ type: 'offer', sdp })
    this.describe_(remote.then(() => this.pc_.createAnswer(), error => { throw Object.assign(error, { isRemote: true }) }), 'answerCreated')
  }

  setAnswer (sdp) {
    this.pc_.setRemoteDescription({ type: 'answer', sdp }).catch(error => this.fail_(malformed, detailOf(error)))
  }

  describe_ (description, created) {
    description.then(({ type, sdp }) => {
      const gathered = this.gather_()
      return this.pc_.setLocalDescription({ type, sdp: withoutTrickle(sdp) }).then(() => gathered)
    }).then(
      () => this.tell_(created, withoutTrickle(this.pc_.localDescription.sdp)),
      error => this.fail_(error.isRemote ? malformed : internal, detailOf(error)))
  }

  gather_ () {
    const pc = this.pc_
    return new Promise(resolve => {
      let timer
      const done = () => {
        clearTimeout(timer)
        pc.onicecandidate = pc.onicegatheringstatechange = null
        resolve()
      }
      pc.onicegatheringstatechange = () => { if (pc.iceGatheringState === 'complete') done() }
      pc.onicecandidate = ({ candidate }) => {
        if (!candidate) done()
        else if (!timer) timer = setTimeout(done, gatherTimeout)
      }
    })
  }

  use_ (channel) {
    this.channel_ = channel
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = lowBufferedAmount
    channel.onmessage = ({ data }) => {
      if (this.isOpen_) return this.message_(data)
      this.early_.push(data)
      this.earlyBytes_ += data.byteLength || data.length
      if (this.earlyBytes_ > mostEarlyBytes) this.fail_(limitExceeded, `more than ${mostEarlyBytes} bytes before the connection was reported`)
    }
    channel.onbufferedamountlow = () => this.drained()
    // `closing` too: Chromium may never get from there to `close` (crbug 882743).
    channel.onclosing = channel.onclose = () => this.fail_(unavailable, 'the channel was closed')
    channel.onerror = ({ error }) => this.fail_(unavailable, detailOf(error))
    channel.onopen = () => this.opened_()
    if (channel.readyState === 'open') this.opened_()
  }

  opened_ () {
    this.channel_.onopen = null
    const inTime = new Promise(resolve => setTimeout(resolve, addressTimeout, ''))
    const address = this.pc_.getStats().then(remoteAddress).catch(() => '')
    Promise.race([address, inTime]).then(address => {
      this.isOpen_ = true
      this.tell_('peerOpened', address)
      for (const data of this.early_.splice(0)) this.message_(data)
    })
  }

  message_ (data) {
    if (!this.peers_.has(this)) return
    const buffer = typeof data === 'string' ? new TextEncoder().encode(data).buffer : data
    this.tell_('peerMessage', this.peers_.session_.payloads.add(buffer), buffer.byteLength)
  }

  /** @param {Uint8Array | undefined} bytes undefined: they are gone, and half a segment is of no use */
  send (bytes) {
    try {
      if (!bytes) throw new Error('the data that was to be sent has been detached')
      this.channel_.send(bytes)
      this.sent_ += bytes.length
    } catch (error) {
      this.fail_(unavailable, detailOf(error))
    }
  }

  get isDrained () { return this.channel_.bufferedAmount <= lowBufferedAmount }

  drained () { this.tell_('peerDrained', this.sent_ - this.channel_.bufferedAmount) }

  tell_ (name, ...args) {
    if (this.peers_.has(this)) this.peers_.session_.tell(name, this.id_, ...args)
  }

  fail_ (code, detail) {
    if (!this.peers_.has(this)) return
    this.close()
    this.peers_.session_.tell('peerClosed', this.id_, code, detail)
  }

  close () {
    this.peers_.forget(this)
    const { pc_: pc, channel_: channel } = this
    pc.onconnectionstatechange = pc.oniceconnectionstatechange = pc.ondatachannel = null
    this.early_.length = 0
    if (channel) {
      channel.onmessage = channel.onbufferedamountlow = channel.onclosing = channel.onclose = channel.onerror = channel.onopen = null
      channel.close()
    }
    pc.close()
  }
}

/** Of the selected pair, '' where the browser does not say. */
function remoteAddress (stats) {
  const reports = new Map()
  stats.forEach(report => reports.set(report.id, report))
  let pair
  for (const report of reports.values()) {
    if (report.type === 'transport' && report.selectedCandidatePairId) pair = reports.get(report.selectedCandidatePairId)
    if (report.type === 'candidate-pair' && report.selected) pair = pair || report // Firefox
  }
  const remote = pair && reports.get(pair.remoteCandidateId)
  return (remote && (remote.address || remote.ip)) || ''
}

export class Peers {
  open_ = new Map()
  /** Those that something was sent to since the last look. */
  busy_ = new Set()

  /** @param {import('./session.mjs').Session} session @param {object} config RTCConfiguration */
  constructor (session, config) {
    this.session_ = session
    this.config_ = config
  }

  offer (id, label) { this.make_(id, connection => connection.offer(label)) }
  answer (id, sdp) { this.make_(id, connection => connection.answer(sdp)) }

  make_ (id, begin) {
    try {
      const connection = new Connection(this, id, this.config_)
      this.open_.set(id, connection)
      begin(connection)
    } catch (error) { // no WebRTC, too many connections, a faulty rtcConfig
      this.close(id)
      this.session_.tell('peerClosed', id, internal, detailOf(error))
    }
  }

  setAnswer (id, sdp) { this.with_(id, connection => connection.setAnswer(sdp)) }

  send (id, bytes) {
    this.with_(id, connection => {
      this.busy_.add(connection)
      connection.send(bytes)
    })
  }

  close (id) { this.with_(id, connection => connection.close()) }
  closeAll () { for (const connection of [...this.open_.values()]) connection.close() }

  with_ (id, act) {
    const connection = this.open_.get(id)
    if (connection) act(connection)
  }

  has (connection) { return this.open_.get(connection.id_) === connection }

  forget (connection) {
    if (this.has(connection)) this.open_.delete(connection.id_)
    this.busy_.delete(connection)
  }

  /**
   * Reports how much has been sent where nothing else will: the browser's event comes only when a buffer falls to the threshold from
   * above it. @returns {boolean} whether anything was reported
   */
  reportDrained () {
    const drained = [...this.busy_].filter(connection => connection.isDrained)
    this.busy_.clear()
    for (const connection of drained) connection.drained()
    return drained.length > 0
  }
}
