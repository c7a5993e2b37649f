// The player on this page: hls.js or dash.js in one video element, through the gateway as any other player.

import { bytes } from './format.js'

/** Seconds: what is loaded further ahead was loaded before peers had it. */
const ahead = 20

const library = name => import(new URL(name, import.meta.url).href)

/** A rendition of a stream, for the list of qualities. @typedef {{value: string, text: string}} Quality */

const qualityText = (height, bitrate) => [height ? `${height}p` : '', bitrate ? `${bytes(bitrate).replace('B', 'bit/s')}` : ''].filter(Boolean).join(', ') || 'one quality'

/** The best first, and before it, where there is a choice, that of the player itself. @returns {Quality[]} */
function withAutomatic (all, playing) {
  if (all.length < 2) return all
  const now = all.find(({ value }) => value === playing)
  return [{ value: 'auto', text: now ? `automatic (${now.text})` : 'automatic' }, ...all.sort((a, b) => b.bitrate - a.bitrate)]
}

/** hls.js, or the browser itself where it plays HLS and hls.js cannot. */
class HlsPlayback {
  static async start (video, url, tell) {
    const { Hls } = await library('hls.js')
    if (!Hls.isSupported()) {
      if (!video.canPlayType('application/vnd.apple.mpegurl')) throw new Error('this browser plays no HLS')
      video.src = url
      return new HlsPlayback(null)
    }
    const hls = new Hls({ maxBufferLength: ahead, maxMaxBufferLength: ahead })
    const playback = new HlsPlayback(hls)
    let recovered = false
    hls.on(Hls.Events.MANIFEST_PARSED, () => tell.qualities(playback.qualities()))
    hls.on(Hls.Events.LEVEL_SWITCHED, () => tell.qualities(playback.qualities()))
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return
      if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true
        return hls.recoverMediaError()
      }
      tell.failed(`${error.details}: ${error.response?.code ? `HTTP status ${error.response.code}` : error.error?.message ?? error.reason ?? 'no more is known'}`)
    })
    hls.loadSource(url)
    hls.attachMedia(video)
    return playback
  }

  constructor (hls) { this.hls = hls }

  /** @returns {Quality[]} */
  qualities () {
    if (!this.hls) return []
    const all = this.hls.levels.map((level, i) => ({ value: String(i), bitrate: level.bitrate, text: qualityText(level.height, level.bitrate) }))
    return withAutomatic(all, this.hls.autoLevelEnabled && String(this.hls.currentLevel))
  }

  choose (value) { this.hls.nextLevel = value === 'auto' ? -1 : Number(value) }
  stop () { this.hls?.destroy() }
}

class DashPlayback {
  static async start (video, url, tell) {
    const { MediaPlayer } = await library('dash.js')
    const dash = MediaPlayer().create()
    const playback = new DashPlayback(dash)
    const { events } = MediaPlayer
    dash.initialize()
    // No other server is asked for the time; this machine's clock has to do.
    dash.updateSettings({ debug: { logLevel: 0 }, streaming: { buffer: { bufferTimeDefault: ahead, bufferTimeAtTopQuality: ahead, bufferTimeAtTopQualityLongForm: ahead }, utcSynchronization: { enabled: false } } })
    for (const event of [events.STREAM_INITIALIZED, events.QUALITY_CHANGE_RENDERED]) dash.on(event, () => tell.qualities(playback.qualities()))
    dash.on(events.ERROR, ({ error }) => tell.failed(error?.message ?? String(error)))
    dash.attachView(video)
    dash.attachSource(url)
    return playback
  }

  #chosen = 'auto'

  constructor (dash) { this.dash = dash }

  /** @returns {Quality[]} */
  qualities () {
    const all = this.dash.getRepresentationsByType('video').map(one => ({ value: one.id, bitrate: one.bandwidth, text: qualityText(one.height, one.bandwidth) }))
    return withAutomatic(all, this.#chosen === 'auto' && this.dash.getCurrentRepresentationForType('video')?.id)
  }

  choose (value) {
    this.#chosen = value
    this.dash.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: value === 'auto' } } } })
    if (value !== 'auto') this.dash.setRepresentationForTypeById('video', value, true)
  }

  stop () { this.dash.destroy() }
}

/** Why the gateway, or the origin through it, refuses a manifest. */
async function refusalOf (answer) {
  const text = (await answer.text()).trim()
  const plain = answer.headers.get('content-type')?.startsWith('text/plain') && text.length > 0 && text.length < 500
  return new Error(plain ? text : `the origin answers with HTTP status ${answer.status}`)
}

export class Player {
  #video
  #tell
  #playback = null
  #turn = 0

  /** @param {HTMLVideoElement} video @param {{qualities (all: Quality[]): void, failed (why: string): void}} tell */
  constructor (video, tell) {
    this.#video = video
    this.#tell = tell
  }

  /** Opens a stream and plays it. Errors: what the gateway says to it. @param {string} url of the manifest */
  async open (url) {
    const turn = ++this.#turn
    let answer
    try {
      answer = await fetch(`/play?url=${encodeURIComponent(url)}`)
    } catch {
      throw new Error('the gateway does not answer')
    }
    if (!answer.ok) throw await refusalOf(answer)
    await answer.text()
    if (turn !== this.#turn) return
    this.#end()
    const dash = answer.headers.get('content-type')?.startsWith('application/dash+xml')
    const tell = { qualities: all => turn === this.#turn && this.#tell.qualities(all), failed: why => turn === this.#turn && this.#tell.failed(why) }
    const playback = await (dash ? DashPlayback : HlsPlayback).start(this.#video, answer.url, tell)
    if (turn !== this.#turn) return playback.stop()
    this.#playback = playback
    await this.#begin()
  }

  /** Where sound may not begin by itself, it begins without. */
  async #begin () {
    try {
      await this.#video.play()
    } catch (error) {
      if (error.name !== 'NotAllowedError') return  // its end, or another stream, came first
      this.#video.muted = true
      await this.#video.play().catch(() => {})
    }
  }

  choose (value) { this.#playback?.choose(value) }

  stop () {
    this.#turn++
    this.#end()
  }

  #end () {
    this.#playback?.stop()
    this.#playback = null
    this.#video.removeAttribute('src')
    this.#video.load()
  }

  /** Seconds that are there to be played; nothing while nothing is open, or at its end. */
  get buffer () {
    if (!this.#playback || this.#video.ended) return null
    const { buffered, currentTime } = this.#video
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.3 && currentTime < buffered.end(i)) return buffered.end(i) - currentTime
    }
    return 0
  }
}
