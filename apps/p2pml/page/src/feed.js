// What the gateway tells: one object a second by /api/events, and the log. Comes back by itself when the gateway does.

/** Figures come every second; after so long without any the gateway is taken for gone. */
const patience = 5_000
const retryAfter = 2_000

export class Feed extends EventTarget {
  #source = null
  #heard = 0
  #state = 'waiting'

  start () {
    this.#connect()
    setInterval(() => { if (this.#state === 'live' && performance.now() - this.#heard > patience) this.#lost() }, 1_000)
  }

  #connect () {
    this.#source?.close()
    const source = this.#source = new EventSource('/api/events')
    let first = true
    source.addEventListener('stats', ({ data }) => {
      this.#heard = performance.now()
      this.#say('live')
      this.#tell('stats', JSON.parse(data))
      if (first) this.#backlog()
      first = false
    })
    source.addEventListener('log', ({ data }) => this.#tell('log', [JSON.parse(data)]))
    source.addEventListener('error', () => this.#lost())
  }

  #lost () {
    this.#source?.close()
    this.#say('gone')
    setTimeout(() => this.#connect(), retryAfter)
  }

  /** The events of before; those that come meanwhile may come twice. */
  async #backlog () {
    try {
      const answer = await fetch('/api/stats')
      if (answer.ok) this.#tell('log', (await answer.json()).events)
    } catch { /* gone again: the event source notices */ }
  }

  #say (state) {
    if (state === this.#state) return
    this.#state = state
    this.#tell('state', state)
  }

  #tell (type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })) }
}
