// What the pages that a test steers share: they ask for the segments that they are told to, one at a time, and can behave badly.

import { reportError } from './stream.mjs'
import { wire } from './wire.mjs'

/** Has a peer something? An announcement without this says so of nothing. */
export const isAnnouncement = ({ c, l, p, m }, isJson) => isJson ? c === 2 && m !== undefined : c === 0 && (l ?? p) !== undefined

/**
 * Makes window.start and what a test calls after it:
 *   want(n | undefined)  asks for segment n, and for none that it asked for before
 *   deaf(on)             whether the engine hears what peers have
 * config.onBody {bytes, want}: when that many bytes of segments have come, at once asks for another segment instead.
 * config.hold {bytes, until}: when it has sent that many bytes of segments, it sends nothing more until a peer has sent that command.
 * @param {boolean} isJson whether commands are those of generation "06"
 * @param {(config) => (n: number | undefined) => void} create makes the engine; what that gives is its want()
 */
export function steer (isJson, create) {
  window.start = config => {
    const want = create(config)
    const counted = { page: 0, peer: 0 }
    wire.onBody = (from, bytes) => {
      counted[from] += bytes
      window.report({ body: { from, bytes: counted[from] } })
      if (from === 'peer' && config.onBody && counted.peer >= config.onBody.bytes) {
        const { want: next } = config.onBody
        delete config.onBody
        want(next)
      }
    }
    if (config.hold) wire.isHeld = () => counted.page >= config.hold.bytes
    let isDeaf = false
    wire.isUnheard = command => {
      if (config.hold && command.c === config.hold.until) wire.release()
      return isDeaf && isAnnouncement(command, isJson)
    }
    Object.assign(window, { want, deaf: on => { isDeaf = on } })
  }
  window.addEventListener('unhandledrejection', ({ reason }) => reportError(`unhandled: ${reason?.stack ?? reason}`))
  window.report({ ready: true })
}
