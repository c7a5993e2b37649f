// Waiting for something to become true of an object that hears of changes: never by sleeping, always with a deadline.

export class Watch {
  #waiting = new Set()
  #failure

  /** To be called after every change: settles whoever waited for it. */
  changed () {
    for (const look of [...this.#waiting]) look()
  }

  /** Whoever waits, now or later, hears of the error instead. The first error is kept. */
  fail (error) {
    this.#failure ??= error
    this.changed()
  }

  /** What went wrong so far, for the error of a wait that ends in vain. */
  errors = []

  /**
   * @template T
   * @param {() => T} condition asked now and after every change until it gives something true
   * @param {string} what named in the error when the deadline passes
   * @param {number} [ms]
   * @returns {Promise<T>} what the condition gave
   */
  until (condition, what, ms = 60_000) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(deadline)
        this.#waiting.delete(look)
        settle(value)
      }
      const look = () => {
        if (this.#failure) return end(reject, this.#failure)
        const value = condition()
        if (value) end(resolve, value)
      }
      const deadline = setTimeout(() => {
        end(reject, new Error([`not within ${ms} ms: ${what}`, ...this.errors].join('\n')))
      }, ms)
      this.#waiting.add(look)
      look()
    })
  }
}
