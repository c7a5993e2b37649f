// The example page as a person sees it: what it says, and when.

export class ExamplePage {
  #page

  /**
   * @param {import('../../interop/lib/browser.mjs').Browser} browser
   * @param {{url: string}} site of examples/web/serve.mjs, with `change` below @param {{url: string}} tracker
   * @param {object} [look] see Browser.open
   */
  static async open (browser, site, tracker, id, look) {
    const example = new ExamplePage()
    example.#page = await browser.open(`${site.url}?tracker=${tracker.url}`, id, look)
    return example
  }

  /** What the pages of this browser are expected to tell: that they are there. */
  static change = page => page.replace('</body>', '<script>window.report({ ready: true })</script></body>')

  /** Waits until the element's text matches. @returns {Promise<string>} */
  until (id, wanted) {
    return this.#page.evaluate(([id, wanted]) => new Promise(resolve => {
      const element = document.getElementById(id)
      const look = () => { if (new RegExp(wanted).test(element.textContent)) resolve(element.textContent) }
      new MutationObserver(look).observe(element, { childList: true })
      look()
    }), [id, wanted])
  }

  /** Bytes are shown there. */
  untilBytes (id) { return this.until(id, '[1-9]\\d* KB|MB') }

  /** The video has been played that far. */
  untilPlayed (seconds) {
    return this.#page.evaluate(seconds => new Promise(resolve => {
      video.ontimeupdate = () => { if (video.currentTime > seconds) resolve() }
    }), seconds)
  }

  /** What went wrong: errors of the page, and what it tells its visitor. */
  async faults () {
    const notice = await this.#page.evaluate(() => document.getElementById('notice').textContent)
    return notice ? [...this.#page.errors, notice] : [...this.#page.errors]
  }

  /** Pixels by which the page is wider than its window. */
  overflow () { return this.#page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth) }

  screenshot (file) { return this.#page.screenshot(file) }
  close () { return this.#page.close() }
}
