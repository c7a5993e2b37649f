// The bytes of segments. They stay in JavaScript; the module knows them by a handle (src/platform/web/interface.hpp, PAYLOADS).

/** @typedef {[handle: number, offset: number, length: number]} Part of a payload; with handle 0 of the module's memory */

export class Payloads {
  table_ = new Map()
  last_ = 0

  /** A payload whose bytes are there, or come later: see put(). @returns {number} its handle */
  add (buffer) {
    const handle = ++this.last_
    this.put(handle, buffer)
    return handle
  }

  /** Gives a handle its bytes; null: they are still to come. The module may have let go of the handle and gets it anew. */
  put (handle, buffer) { this.table_.set(handle, { buffer, size: buffer ? buffer.byteLength : 0 }) }

  has (handle) { return this.table_.has(handle) }

  get count () { return this.table_.size }

  /** The bytes, if they have come and nobody has detached them. */
  intact_ (handle) {
    const payload = this.table_.get(handle)
    return payload && payload.buffer && payload.buffer.byteLength === payload.size ? payload.buffer : undefined
  }

  /**
   * @param {Part} part
   * @param {ArrayBuffer} memory the module's
   * @returns {ArrayBuffer | undefined} the very buffer where the part is all of it
   */
  buffer ([handle, offset, length], memory) {
    const buffer = handle ? this.intact_(handle) : memory
    if (!buffer || offset === 0 && length === buffer.byteLength) return buffer
    return buffer.slice(offset, offset + length)
  }

  /** @returns {Uint8Array | undefined} of the part; of the module's memory a copy, for that is used again */
  view ([handle, offset, length], memory) {
    if (!handle) return new Uint8Array(memory.slice(offset, offset + length))
    const buffer = this.intact_(handle)
    return buffer && new Uint8Array(buffer, offset, length)
  }

  clear () { this.table_.clear() }

  /** The module's four imports. They never throw. @param {() => ArrayBuffer} memory the module's, as it is now */
  imports (memory) {
    return {
      payloadPeek: (handle, offset, at, length) => {
        const target = new Uint8Array(memory(), at >>> 0, length >>> 0)
        this.copy_(target, handle >>> 0, offset >>> 0)
      },
      payloadJoin: (at, count) => {
        const pieces = new Uint32Array(memory().slice(at >>> 0, (at >>> 0) + 12 * count))
        let size = 0
        for (let i = 2; i < pieces.length; i += 3) size += pieces[i]
        let joined = null
        try {
          joined = new ArrayBuffer(size)
        } catch (error) {
          return this.add(null) // no room: a payload that is not intact
        }
        let end = 0
        for (let i = 0; i < pieces.length; i += 3) {
          const target = new Uint8Array(joined, end, pieces[i + 2])
          if (pieces[i]) this.copy_(target, pieces[i], pieces[i + 1])
          else target.set(new Uint8Array(memory(), pieces[i + 1], pieces[i + 2]))
          end += pieces[i + 2]
        }
        return this.add(joined)
      },
      payloadFree: handle => { this.table_.delete(handle >>> 0) },
      payloadIntact: handle => this.intact_(handle >>> 0) ? 1 : 0
    }
  }

  /** Zeros where there is nothing (any more). */
  copy_ (target, handle, offset) {
    const buffer = this.intact_(handle)
    if (buffer && offset + target.length <= buffer.byteLength) target.set(new Uint8Array(buffer, offset, target.length))
    else target.fill(0)
  }
}
