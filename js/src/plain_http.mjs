// What is left when there is no module: it could not be compiled, or it has trapped. The queue goes over plain HTTP, so that the page
// plays on.

import { errorOf, malformed, unavailable } from './errors.mjs'
import { Events } from './events.mjs'
import { sendRequest } from './http.mjs'

const codeNames = { [malformed]: 'malformed', [unavailable]: 'unavailable' }

/** As the engine calls it: the origin says that there is nothing, or that it cannot say now. */
const codeOf = ({ status }) => status >= 400 && status < 500 && ![408, 416, 425, 429].includes(status) ? 'notFound' : 'unavailable'

/**
 * The bytes of the segment in the answer to a request for them. With a 200 to a request for a range the whole body has come (RFC 9110
 * section 14.2); as in the module, a range is cut out of it.
 * @param {XMLHttpRequest} xhr
 * @param {string} [range] as the Range header
 * @returns {ArrayBuffer | undefined} none: they are not in it
 */
function segmentBytes ({ status, response }, range) {
  if (!range) return response
  const [isOne, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) || []
  const length = last ? last - first + 1 : undefined
  if (status === 206) return !length || response.byteLength === length ? response : undefined
  const bytes = isOne && response.slice(first, length && Number(last) + 1)
  return bytes && bytes.byteLength && (!length || bytes.byteLength === length) ? bytes : undefined
}

export class PlainHttp {
  queue_ = []
  /** By segment id: the requests under way, the segments that are there, until when others are left alone. */
  active_ = new Map()
  loaded_ = new Map()
  failed_ = new Map()
  timer_ = undefined

  /**
   * @param {object} callbacks of the settings
   * @param {object} values the page's settings
   * @param {(name: string, ...args: any[]) => void} emit
   */
  constructor (callbacks, values, emit) {
    this.callbacks_ = callbacks
    this.emit_ = emit
    this.most_ = Math.max(1, values.simultaneousHttpDownloads || 2)
    this.pause_ = values.httpFailedSegmentTimeout || 10000
    this.room_ = values.cachedSegmentsCount || 30
  }

  load (segments) {
    const ids = new Set(segments.map(({ id }) => id))
    const leaving = this.queue_.filter(({ id }) => !ids.has(id))
    this.queue_ = segments.slice().sort((a, b) => a.priority - b.priority)
    for (const segment of leaving) {
      this.abort_(segment.id)
      if (!this.loaded_.has(segment.id)) this.emit_(Events.SegmentAbort, segment)
    }
    for (const [id] of this.loaded_) if (this.loaded_.size > this.room_ && !ids.has(id)) this.loaded_.delete(id)
    this.next_()
  }

  getSegment (id) {
    const segment = this.loaded_.get(id)
    return segment && segment.data.byteLength ? segment : undefined
  }

  /** What the page had before. */
  keep (segment) { this.loaded_.set(segment.id, segment) }

  destroy () {
    clearTimeout(this.timer_)
    this.queue_ = []
    for (const id of [...this.active_.keys()]) this.abort_(id)
    this.loaded_.clear()
  }

  abort_ (id) {
    const request = this.active_.get(id)
    this.active_.delete(id)
    if (request && request.xhr) request.xhr.abort()
  }

  next_ () {
    clearTimeout(this.timer_)
    const now = performance.now()
    let soonest = Infinity
    for (const segment of this.queue_) {
      if (this.active_.size >= this.most_) return
      if (this.active_.has(segment.id) || this.getSegment(segment.id)) continue
      const again = this.failed_.get(segment.id)
      if (again > now) soonest = Math.min(soonest, again)
      else this.start_(segment)
    }
    if (soonest < Infinity) this.timer_ = setTimeout(() => this.next_(), soonest - now + 1)
  }

  start_ (segment) {
    const request = { xhr: undefined }
    this.failed_.delete(segment.id)
    this.active_.set(segment.id, request)
    let known = 0
    const isOpen = () => this.active_.get(segment.id) === request
    const fail = error => {
      if (!isOpen()) return
      this.active_.delete(segment.id)
      this.failed_.set(segment.id, performance.now() + this.pause_)
      this.emit_(Events.SegmentError, segment, error, undefined)
      this.next_()
    }
    const progress = (xhr, { loaded }) => {
      if (!isOpen()) return
      if (loaded > known) this.emit_(Events.PieceBytesDownloaded, 'http', loaded - known, undefined)
      known = loaded
    }
    const load = async xhr => {
      if (!isOpen()) return
      if (xhr.status < 200 || xhr.status > 299) return fail(errorOf([codeOf(xhr), `${segment.requestUrl}: status ${xhr.status}`]))
      const data = segmentBytes(xhr, segment.range)
      if (!data) return fail(errorOf(['unavailable', `${segment.requestUrl}: status ${xhr.status} with other bytes than ${segment.range}`]))
      segment.responseUrl = xhr.responseURL || undefined
      try {
        const validate = this.callbacks_.segmentValidator
        if (validate) await validate({ ...segment, data }, 'http', undefined)
      } catch (error) {
        return fail(error)
      }
      if (!isOpen()) return
      this.active_.delete(segment.id)
      segment.data = data
      this.loaded_.set(segment.id, segment)
      this.emit_(Events.SegmentLoaded, segment, undefined)
      this.next_()
    }
    try {
      request.xhr = sendRequest(this.callbacks_, segment, segment.range, {
        progress, load, fail: (code, detail) => fail(errorOf([codeNames[code], detail]))
      })
    } catch (error) {
      setTimeout(fail, 0, error) // not in here: next_() is on its way through the queue
    }
  }
}
