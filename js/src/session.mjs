// One loader's world: a module instance, what it is told, and what it wants done.
//
// The module only records what is to be done. It is taken and carried out, in its order, after the outermost export has returned, so
// that a listener may call anything at any time and may throw: see src/platform/web/interface.hpp.

import { Bridge } from './bridge.mjs'
import { errorOf, report } from './errors.mjs'
import { Events } from './events.mjs'
import { Hooks } from './hooks.mjs'
import { Http } from './http.mjs'
import { Payloads } from './payloads.mjs'
import { Peers } from './peers.mjs'
import { PlainHttp } from './plain_http.mjs'
import { fill, fromRecord, toRecord } from './segment.mjs'
import { Sockets } from './sockets.mjs'

const withWebRtc = 1
const withSegmentValidator = 2
const withCustomStorage = 4

const peerSend = 9

const orNone = value => value === null ? undefined : value

/** By EffectKind. */
const effects = {
  1: (session, request, record, range) => session.http_.start(request, session.object_(record), orNone(range)),
  2: (session, request) => session.http_.cancel(request),
  3: (session, socket, url) => session.sockets_.open(socket, url),
  4: (session, socket, text) => session.sockets_.send(socket, text),
  5: (session, socket) => session.sockets_.close(socket),
  6: (session, connection, label) => session.peers_.offer(connection, label),
  7: (session, connection, sdp) => session.peers_.answer(connection, sdp),
  8: (session, connection, sdp) => session.peers_.setAnswer(connection, sdp),
  [peerSend]: (session, connection, bytes) => session.peers_.send(connection, bytes),
  10: (session, connection) => session.peers_.close(connection),
  // A copy: the page's own object gets its data when the segment is known to be good.
  11: (session, token, record, method, peerId) =>
    session.hooks_.validate(token, fill({ ...session.object_({ ...record, data: undefined }) }, record), method, orNone(peerId)),
  12: (session, token, record) => session.hooks_.store(token, session.object_(record)),
  13: (session, token, masterSwarmId) => session.hooks_.map(token, masterSwarmId),
  14: (session, token, id, masterSwarmId) => session.hooks_.get(token, id, masterSwarmId),
  15: (session, token, masterSwarmId, ids) => session.hooks_.clean(token, masterSwarmId, ids),
  16: session => { session.storageEnd_ = session.hooks_.destroyStorage() },
  17: (session, token, record) => {
    const resolve = session.questions_.get(token)
    session.questions_.delete(token)
    if (resolve) resolve(record ? session.object_(record) : undefined)
  },
  32: (session, record, peerId) => session.emit(Events.SegmentLoaded, session.object_(record), orNone(peerId)),
  33: (session, record, error, peerId) =>
    session.emit(Events.SegmentError, session.object_(record), session.hooks_.takeRejection(record.id, errorOf(error)), orNone(peerId)),
  34: (session, record) => session.emit(Events.SegmentAbort, session.object_(record)),
  35: (session, id, remoteAddress, protocol) => session.emit(Events.PeerConnect, { id, remoteAddress, protocol }),
  36: (session, id) => session.emit(Events.PeerClose, id),
  37: (session, method, bytes, peerId) => session.emit(Events.PieceBytesDownloaded, method, bytes, orNone(peerId)),
  38: (session, method, bytes, peerId) => session.emit(Events.PieceBytesUploaded, method, bytes, orNone(peerId)),
  39: (session, record, method, peerId) => session.emit(Events.SegmentStart, session.object_(record), method, orNone(peerId)),
  40: (session, url, complete, incomplete, intervalMs) =>
    session.emit(Events.TrackerUpdate, { url, complete: orNone(complete), incomplete: orNone(incomplete), intervalMs }),
  41: (session, url, message) => session.emit(Events.TrackerWarning, url, message),
  42: (session, url, error) => session.emit(Events.TrackerError, url, errorOf(error)),
  43: (session, peerId, error) => session.emit(Events.PeerError, orNone(peerId), errorOf(error)),
  44: (session, error) => session.emit(Events.StorageError, errorOf(error))
}

export class Session {
  payloads = new Payloads()
  /** The page's objects by segment id: of the queue, and of the one before until its segments' events are out. */
  queue_ = new Map()
  leaving_ = new Map()
  /** By token: who waits for getSegment(). */
  questions_ = new Map()
  tokens_ = 0
  isDraining_ = false
  isDestroyed = false
  timer_ = undefined
  due_ = Infinity
  plain_ = undefined
  storageEnd_ = undefined
  peerId_ = ''

  /**
   * @param {(env: object) => object} instantiate gives the exports of a new instance of the module
   * @param {{values: object, callbacks: object, rtcConfig: object | undefined}} settings
   * @param {boolean} hasWebRtc
   * @param {(name: string, ...args: any[]) => void} emit does not throw
   */
  constructor (instantiate, { values, callbacks, rtcConfig }, hasWebRtc, emit) {
    this.callbacks = callbacks
    this.values_ = values
    this.emit_ = emit
    this.http_ = new Http(this)
    this.sockets_ = new Sockets(this)
    this.hooks_ = new Hooks(this)
    this.rtcConfig_ = rtcConfig
    this.attempt_(() => { this.bridge_ = new Bridge(instantiate, this.payloads) })
    const flags = (hasWebRtc ? withWebRtc : 0) | (callbacks.segmentValidator ? withSegmentValidator : 0) |
      (callbacks.segmentsStorage ? withCustomStorage : 0)
    const fault = this.ask_('create', performance.now(), JSON.stringify(values), flags, ...randomWords())
    if (fault) {
      this.closeAll_()
      throw new TypeError(fault)
    }
    this.peers_ = new Peers(this, this.settings().rtcConfig)
  }

  /** The page's own, where it gave any: it may have members that only RTCPeerConnection knows. */
  settings () {
    if (!this.settings_) {
      const text = this.ask_('getSettings')
      const { rtcConfig, ...values } = text ? JSON.parse(text) : this.values_
      this.settings_ = { ...values, rtcConfig: this.rtcConfig_ || rtcConfig, ...this.callbacks }
    }
    return this.settings_
  }

  details () {
    const text = this.ask_('getDetails')
    return text ? JSON.parse(text) : { peerId: this.peerId_, peers: [], swarms: [] }
  }

  stats () { return JSON.parse(this.ask_('getStats') || '{}') }

  load (segments, streamSwarmId, stream) {
    const queue = this.queue_
    const records = segments.map(toRecord)
    this.queue_ = new Map(segments.map((segment, place) => [records[place].id, segment]))
    if (this.plain_) return this.plain_.load(segments)
    for (const [id, segment] of queue) this.leaving_.set(id, segment)
    const fault = this.ask_('load', performance.now(), JSON.stringify(records), String(streamSwarmId === undefined ? '' : streamSwarmId), stream ? JSON.stringify(stream) : '')
    if (!fault) return
    this.queue_ = queue
    throw new TypeError(fault)
  }

  getSegment (id) {
    if (this.plain_) return Promise.resolve(this.plain_.getSegment(id))
    return new Promise(resolve => {
      const token = ++this.tokens_
      this.questions_.set(token, resolve)
      if (this.bridge_ && !this.isDestroyed) this.tell('getSegment', String(id), token)
      else this.answerNone_()
    })
  }

  destroy () {
    if (!this.isDestroyed) {
      this.ended_ = new Promise(resolve => { this.end_ = resolve })
      this.peerId_ = this.details().peerId
      this.isDestroyed = true
      if (this.plain_) {
        this.plain_.destroy()
        if (this.callbacks.segmentsStorage) this.storageEnd_ = this.hooks_.destroyStorage()
      }
      this.tell('destroy')
      if (!this.isDraining_) this.release_()
    }
    return this.ended_
  }

  /** Calls an export with the time and these arguments: something has happened. */
  tell (name, ...args) { this.run_(bridge => { bridge.call(name, performance.now(), ...args) }) }

  /** Calls an export that answers with the length of a text. @returns {string} that text */
  ask_ (name, ...args) { return this.run_(bridge => bridge.text(bridge.call(name, ...args))) || '' }

  report (error) { report(error) }

  /** After destroy() nothing is delivered any more. */
  emit (name, ...args) { if (!this.isDestroyed) this.emit_(name, ...args) }

  run_ (call) {
    let result
    if (this.bridge_) {
      this.attempt_(() => {
        result = call(this.bridge_)
        if (!this.isDraining_) this.drain_()
      })
    }
    return result
  }

  /** Runs the module. What it throws is a trap, or a browser without WebAssembly: the queue goes over plain HTTP from here on. */
  attempt_ (run) {
    try {
      run()
    } catch (error) {
      this.report(error)
      this.closeAll_()
      this.isDraining_ = false
      if (this.isDestroyed) {
        if (this.callbacks.segmentsStorage && !this.storageEnd_) this.storageEnd_ = this.hooks_.destroyStorage()
        return this.release_()
      }
      this.plain_ = new PlainHttp(this.callbacks, this.values_, (name, ...args) => this.emit(name, ...args))
      for (const segment of this.queue_.values()) if (segment.data && segment.data.byteLength) this.plain_.keep(segment)
      this.plain_.load([...this.queue_.values()])
    }
  }

  /** Carries out what is recorded until there is nothing more, then sets the timer. */
  drain_ () {
    this.isDraining_ = true
    let hasTicked = false
    while (this.bridge_) {
      const orders = this.take_()
      for (const order of orders) if (this.bridge_) this.carryOut_(order)
      if (orders.length || !this.bridge_ || this.peers_ && this.peers_.reportDrained()) continue
      const due = this.bridge_.call('deadline')
      // Whatever came drives the loop: hidden tabs throttle timers.
      const isDue = due <= performance.now()
      if (isDue && !hasTicked && !this.isDestroyed) {
        hasTicked = true
        this.bridge_.call('tick', performance.now())
        continue
      }
      this.leaving_.clear()
      this.setTimer_(due)
      break
    }
    this.isDraining_ = false
    if (this.isDestroyed && this.bridge_) this.release_()
  }

  /** What was recorded since the last time, its payloads looked up: they are there until the next call of an export. */
  take_ () {
    const text = this.bridge_.text(this.bridge_.call('effects'))
    if (!text) return []
    const { memory } = this.bridge_
    const orders = JSON.parse(text)
    for (const order of orders) {
      if (order[0] === peerSend) {
        order[2] = this.payloads.view(order[2], memory)
        continue
      }
      for (const item of order) if (item && Array.isArray(item.data)) item.data = this.payloads.buffer(item.data, memory)
    }
    return orders
  }

  carryOut_ ([kind, ...args]) {
    try {
      effects[kind](this, ...args)
    } catch (error) {
      this.report(error)
    }
  }

  /** The page's own object for a segment, with what the module knows of it. */
  object_ (record) {
    const object = this.queue_.get(record.id) || this.leaving_.get(record.id) || this.hooks_.fetched(record.id)
    return object ? fill(object, record) : fromRecord(record)
  }

  setTimer_ (due) {
    if (due === this.due_ && this.timer_ !== undefined) return
    clearTimeout(this.timer_)
    this.timer_ = undefined
    this.due_ = due
    if (due === Infinity) return
    const delay = Math.min(Math.max(0, Math.ceil(due - performance.now())), 2147483647)
    this.timer_ = setTimeout(() => {
      this.timer_ = undefined
      this.tell('tick')
    }, delay)
  }

  answerNone_ () {
    for (const resolve of this.questions_.values()) resolve(undefined)
    this.questions_.clear()
  }

  closeAll_ () {
    this.bridge_ = undefined
    clearTimeout(this.timer_)
    this.http_.closeAll()
    this.sockets_.closeAll()
    if (this.peers_) this.peers_.closeAll()
    this.payloads.clear()
    this.answerNone_()
  }

  release_ () {
    this.closeAll_()
    this.queue_.clear()
    this.leaving_.clear()
    this.end_(this.storageEnd_)
  }
}

/** 64 random bits. */
function randomWords () {
  const words = new Uint32Array(2)
  crypto.getRandomValues(words)
  return words
}
