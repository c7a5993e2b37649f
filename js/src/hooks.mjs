// The questions that the module puts to callbacks of the page: segmentValidator, segmentsStorage. Each is answered once.

import { detailOf } from './errors.mjs'
import { toRecord } from './segment.mjs'

/** Calls back and waits for what may be a promise; throwing counts as rejecting. */
function ask (call) {
  try {
    return Promise.resolve(call())
  } catch (error) {
    return Promise.reject(error)
  }
}

const isDetached = data => data instanceof ArrayBuffer && data.byteLength === 0

/** The buffer of a stored segment, if it is still alive. @returns {ArrayBuffer | undefined} */
function livingData (segment) {
  const { data } = segment
  if (data instanceof ArrayBuffer) return isDetached(data) ? undefined : data
  if (ArrayBuffer.isView(data) && data.byteLength) return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
  return undefined
}

export class Hooks {
  /** What a validator rejected with, by segment id, while the module is told: SegmentError passes on that very thing. */
  rejections_ = new Map()
  /** What the storage gave last, for that very object goes to the page. */
  fetched_ = new Map()

  /** @param {import('./session.mjs').Session} session */
  constructor (session) { this.session_ = session }

  get storage_ () { return this.session_.callbacks.segmentsStorage }

  /** Answers with hookFailed where `answer` is not reached. */
  ask_ (token, call, answer, failed, told) {
    ask(call).then(answer).catch(error => {
      if (failed) failed(error)
      this.session_.tell('hookFailed', token, detailOf(error))
      if (told) told()
    })
  }

  validate (token, segment, method, peerId) {
    const validate = this.session_.callbacks.segmentValidator
    this.ask_(token, () => validate(segment, method, peerId), () => this.session_.tell('hookDone', token),
      error => this.rejections_.set(segment.id, error), () => this.rejections_.delete(segment.id))
  }

  /** What the segment's validator rejected with, if that is why the module says `error`. */
  takeRejection (id, error) {
    const rejection = this.rejections_.get(id)
    const isIt = this.rejections_.has(id) && error.message.includes(detailOf(rejection))
    if (isIt) this.rejections_.delete(id)
    return isIt ? rejection : error
  }

  store (token, segment) {
    this.ask_(token, () => this.storage_.storeSegment(segment), () => this.session_.tell('hookDone', token))
  }

  map (token, masterSwarmId) {
    this.ask_(token, () => this.storage_.getSegmentsMap(masterSwarmId), map => {
      const records = []
      // Storages on disk may leave the data out of the map: only what is there can be seen to be dead.
      if (map) map.forEach(({ segment }) => { if (!isDetached(segment.data)) records.push(toRecord(segment)) })
      this.session_.tell('hookSegments', token, JSON.stringify(records))
    })
  }

  get (token, id, masterSwarmId) {
    this.ask_(token, () => this.storage_.getSegment(id, masterSwarmId), segment => {
      if (!segment) return this.session_.tell('hookSegment', token, '', 0, 0)
      const data = livingData(segment)
      this.fetched_.set(id, segment)
      this.session_.tell('hookSegment', token, JSON.stringify(toRecord(segment)),
        data ? this.session_.payloads.add(data) : 0, data ? data.byteLength : 0)
      this.fetched_.delete(id)
    })
  }

  fetched (id) { return this.fetched_.get(id) }

  /** As 0.6.2 calls it; a function that declares one parameter is written by the documentation, which knows only the filter. */
  clean (token, masterSwarmId, lockedIds) {
    const locked = new Set(lockedIds)
    const filter = id => locked.has(id)
    const storage = this.storage_
    this.ask_(token, () => storage.clean.length === 1 ? storage.clean(filter) : storage.clean(masterSwarmId, filter),
      removed => this.session_.tell('hookCleaned', token, removed ? 1 : 0))
  }

  /** @returns {Promise<void>} */
  destroyStorage () { return ask(() => this.storage_.destroy()).then(() => undefined) }
}
