// The seed's HybridLoader, for one build of the module.

import { report } from './errors.mjs'
import { EventEmitter, entriesOf } from './event_emitter.mjs'
import { Session } from './session.mjs'
import { readSettings } from './settings.mjs'

/** @param {(env: object) => object} instantiate gives the exports of a new instance of the module; called by each `new` */
export function makeHybridLoader (instantiate) {
  return class HybridLoader extends EventEmitter {
    /** Whether there are WebRTC data channels here; where not, everything goes over HTTP. */
    static isSupported () {
      return typeof RTCPeerConnection === 'function' && RTCPeerConnection.prototype.createDataChannel !== undefined
    }

    /** @param {object} [settings] Throws a TypeError that names the setting and what is accepted. */
    constructor (settings = {}) {
      super()
      const emit = (name, ...args) => this.emit(name, ...args)
      const read = readSettings(settings || {})
      this._start = () => { this._session = new Session(instantiate, read, HybridLoader.isSupported(), emit) }
      this._start()
    }

    /**
     * Replaces the queue of segments to download. After destroy() the loader begins anew, as that of 0.6.2 does: the Shaka integration
     * destroys its loader whenever the player loads something.
     * @param {object[]} segments Segments, or any objects with their fields; they are the ones that events give back
     * @param {string} streamSwarmId
     * @param {object} [stream] what the manifest says of the stream, for peers of later generations
     */
    async load (segments, streamSwarmId, stream) {
      if (this._session.isDestroyed) this._start()
      this._session.load(segments, streamSwarmId, stream)
    }

    /** @param {string} id @returns {Promise<object | undefined>} */
    async getSegment (id) { return this._session.getSegment(id) }

    getSettings () { return this._session.settings() }
    getDetails () { return this._session.details() }
    /** Counters since the start. */
    getStats () { return this._session.stats() }

    async destroy () { return this._session.destroy() }

    /** A listener that throws is reported, and disturbs neither the others nor the loader. */
    emit (name, ...args) {
      const entries = entriesOf(this, name)
      for (const entry of entries) {
        try {
          entry.apply(this, args)
        } catch (error) {
          report(error)
        }
      }
      return entries.length > 0
    }
  }
}
