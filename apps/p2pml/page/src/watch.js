// The part of the page where a stream is opened and watched: address, streams of before, player, quality.

import { byId, el, setText } from './dom.js'
import { stream as named } from './format.js'
import { Player } from './player.js'

/** The streams opened last on this page; addresses may hold tokens and stay in this browser. */
const recent = {
  key: 'p2pml.recent',
  most: 5,
  all () {
    try {
      const read = JSON.parse(localStorage.getItem(this.key) ?? '[]')
      return Array.isArray(read) ? read.filter(url => typeof url === 'string').slice(0, this.most) : []
    } catch {
      return []
    }
  },
  keep (urls) {
    try {
      localStorage.setItem(this.key, JSON.stringify(urls.slice(0, this.most)))
    } catch { /* a browser that keeps nothing */ }
  }
}

export class Watch {
  #video = byId('video')
  #player = new Player(this.#video, { qualities: all => this.#qualities(all), failed: why => this.#failed(`playback ended: ${why}`) })
  #playing = null

  constructor () {
    byId('open').addEventListener('submit', event => {
      event.preventDefault()
      this.open(byId('address').value.trim())
    })
    byId('forget').addEventListener('click', () => {
      recent.keep([])
      this.#showRecent()
      byId('address').focus()
    })
    byId('stop').addEventListener('click', () => this.#stop())
    byId('quality').addEventListener('change', ({ target }) => this.#player.choose(target.value))
    byId('copy').addEventListener('click', ({ target }) => this.#copy(target))
    for (const event of ['playing', 'pause', 'waiting', 'ended']) this.#video.addEventListener(event, () => this.#state())
    this.#showRecent()
    setText(byId('how'), `${location.origin}/play?url=…`)
    const asked = new URLSearchParams(location.search).get('play')
    if (asked) {
      byId('address').value = asked
      this.open(asked)
    }
  }

  /** Seconds; nothing while nothing is open. */
  get buffer () { return this.#player.buffer }

  /** @param {string} url of a manifest */
  async open (url) {
    this.#failed('')
    if (!url) return this.#failed('enter the address of a stream: of an HLS playlist or a DASH manifest')
    byId('address').value = url
    byId('play').disabled = true
    this.#screen('opening', 'Opening…')
    try {
      await this.#player.open(url)
      this.#playing = url
      recent.keep([url, ...recent.all().filter(other => other !== url)])
      this.#showRecent()
      this.#screen('playing')
      const { host, file } = named(url)
      setText(byId('playing-name'), `${file.split('?')[0]} (${host})`)
      byId('playing').hidden = false
      this.#state()
    } catch (error) {
      this.#stop()
      this.#failed(error.message)
    } finally {
      byId('play').disabled = false
    }
  }

  #stop () {
    this.#player.stop()
    this.#playing = null
    byId('playing').hidden = true
    this.#qualities([])
    this.#screen('empty', 'Open a stream above, or one from the list of streams. HLS and MPEG\u2011DASH.')
  }

  #screen (state, hint = '') {
    byId('screen').dataset.state = state
    setText(byId('screen-hint'), hint)
  }

  #failed (why) {
    setText(byId('open-error'), why && why[0].toUpperCase() + why.slice(1))
    byId('open-error').hidden = !why
    byId('address').setAttribute('aria-invalid', String(Boolean(why)))
  }

  #qualities (all) {
    const select = byId('quality')
    const chosen = select.value || all[0]?.value
    select.replaceChildren(...all.map(({ value, text }) => el('option', { value, textContent: text, selected: value === chosen })))
    for (const part of [select, ...select.labels]) part.hidden = all.length < 2
  }

  #state () {
    const { paused, ended, readyState } = this.#video
    setText(byId('playing-state'), ended ? 'at its end' : paused ? 'paused' : readyState < 3 ? 'waiting for data' : 'playing')
  }

  async #copy (button) {
    const address = `${location.origin}/play?url=${encodeURIComponent(this.#playing)}`
    const said = await navigator.clipboard?.writeText(address).then(() => 'Copied', () => null) ?? 'Not allowed here'
    const usual = button.dataset.usual ??= button.textContent
    setText(button, said)
    setTimeout(() => setText(button, usual), 2_000)
  }

  #showRecent () {
    const urls = recent.all()
    byId('recent').hidden = urls.length === 0
    byId('recent').querySelector('ul').replaceChildren(...urls.map(url => {
      const { host, file } = named(url)
      const button = el('button', { type: 'button', class: 'chip', title: url }, el('span', {}, file), ' ', el('small', {}, host))
      button.addEventListener('click', () => this.open(url))
      return el('li', {}, button)
    }))
  }
}
