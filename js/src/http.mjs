// HTTP by XMLHttpRequest, so that xhrSetup(xhr, url) gets a real one.

import { detailOf, internal, invalidArgument, malformed, unavailable } from './errors.mjs'

/**
 * Opens and sends the request for a segment. `segmentUrlBuilder` and `xhrSetup` are called as 0.6.2 did: the latter when the request
 * is open and has its Range header.
 * @param {object} callbacks of the settings
 * @param {object} segment the application's object; its requestUrl is set
 * @param {string} [range]
 * @param {{progress (xhr, event): void, load (xhr): void, fail (code: number, detail: string, event?: object): void}} hear
 * @returns {XMLHttpRequest} Throws what the callbacks throw
 */
export function sendRequest (callbacks, segment, range, hear) {
  const url = callbacks.segmentUrlBuilder ? callbacks.segmentUrlBuilder(segment) : segment.url
  if (typeof url !== 'string') throw new TypeError(`segmentUrlBuilder gave ${typeof url}, expected a string`)
  segment.requestUrl = url
  const xhr = new XMLHttpRequest()
  xhr.open('GET', url, true)
  xhr.responseType = 'arraybuffer'
  if (range) xhr.setRequestHeader('Range', range)
  xhr.addEventListener('progress', event => hear.progress(xhr, event))
  xhr.addEventListener('load', () => hear.load(xhr))
  xhr.addEventListener('error', () => hear.fail(unavailable, `no answer for ${url}`))
  xhr.addEventListener('timeout', () => hear.fail(unavailable, `xhr.timeout for ${url}`))
  xhr.addEventListener('abort', () => hear.fail(unavailable, `xhr.abort() for ${url}`)) // the page's; of ours nobody hears
  if (callbacks.xhrSetup) callbacks.xhrSetup(xhr, url)
  xhr.send()
  return xhr
}

export class Http {
  open_ = new Map()

  /** @param {import('./session.mjs').Session} session */
  constructor (session) { this.session_ = session }

  start (id, segment, range) {
    const session = this.session_
    const request = { id, handle: 0, known: 0, hasHead: false, xhr: undefined, url: '' }
    this.open_.set(id, request)
    try {
      request.xhr = sendRequest(session.callbacks, segment, range, {
        progress: (xhr, event) => { if (this.open_.has(id)) this.progress_(request, xhr, event) },
        load: xhr => { if (this.open_.has(id)) this.load_(request, xhr) },
        fail: (code, detail) => this.fail_(id, code, detail)
      })
      request.url = segment.requestUrl
    } catch (error) {
      session.report(error)
      this.fail_(id, invalidArgument, detailOf(error))
    }
  }

  cancel (id) {
    const request = this.open_.get(id)
    this.open_.delete(id)
    if (request && request.xhr) request.xhr.abort()
  }

  closeAll () { for (const id of [...this.open_.keys()]) this.cancel(id) }

  fail_ (id, code, detail) {
    if (this.open_.delete(id)) this.session_.tell('httpFailed', id, code, detail)
  }

  /** Tells of the head: not before the first bytes, for only their event says whether Content-Length counts what we are given. */
  head_ (request, xhr, size) {
    if (request.hasHead) return
    request.hasHead = true
    const [, start = -1, total = -1] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headerOf(xhr, 'content-range')) || []
    this.session_.tell('httpHead', request.id, xhr.status, size, xhr.status === 206 ? Number(start) : -1,
      xhr.status === 206 ? Number(total) : -1, headerOf(xhr, 'accept-ranges') === 'bytes' ? 1 : 0,
      request.url, xhr.responseURL || '')
  }

  progress_ (request, xhr, { loaded, total, lengthComputable }) {
    this.head_(request, xhr, lengthComputable ? total : -1)
    this.piece_(request, loaded, null)
  }

  /** Tells of the body up to `end`; its bytes come with `load`. */
  piece_ (request, end, buffer) {
    const { payloads } = this.session_
    if (!this.open_.has(request.id)) return
    if (end > request.known) {
      if (!request.handle) request.handle = payloads.add(buffer)
      else if (buffer || !payloads.has(request.handle)) payloads.put(request.handle, buffer)
      const begin = request.known
      request.known = end
      this.session_.tell('httpData', request.id, request.handle, begin, end - begin)
    } else if (buffer && payloads.has(request.handle)) {
      payloads.put(request.handle, buffer)
    }
  }

  load_ (request, xhr) {
    const buffer = xhr.response
    if (!(buffer instanceof ArrayBuffer)) {
      return this.fail_(request.id, internal, 'the browser gave no body: out of memory, or xhrSetup has changed responseType')
    }
    if (buffer.byteLength < request.known) {
      return this.fail_(request.id, malformed, `${request.known} bytes were announced, ${buffer.byteLength} came`)
    }
    this.head_(request, xhr, buffer.byteLength)
    this.piece_(request, buffer.byteLength, buffer)
    if (this.open_.delete(request.id)) this.session_.tell('httpDone', request.id)
  }
}

/** '' where there is none or CORS hides it; asking for a hidden one would make Chromium complain on the console. */
function headerOf (xhr, name) {
  const line = (xhr.getAllResponseHeaders() || '').split('\r\n').find(text => text.toLowerCase().startsWith(`${name}:`))
  return line ? line.slice(name.length + 1).trim() : ''
}
