// The page at a gateway's address as a person sees and uses it.

export class GatewayPage {
  #page

  /** @param {import('../../interop/lib/browser.mjs').Browser} browser @param {{url: string}} gateway @param {object} [look] see Browser.open */
  static async open (browser, gateway, { path = '/', ...look } = {}) {
    const page = new GatewayPage()
    page.#page = await browser.visit(gateway.url + path, 'page', look)
    return page
  }

  /** Types the address and presses Enter. */
  async play (url) {
    await this.evaluate(url => {
      document.getElementById('address').value = url
      document.getElementById('open').requestSubmit()
    }, url)
  }

  evaluate (run, argument) { return this.#page.evaluate(run, argument) }
  text (selector) { return this.evaluate(selector => document.querySelector(selector)?.textContent ?? null, selector) }

  /** Waits until a function in the page gives something true, and gives that. */
  until (look, argument) {
    return this.evaluate(([source, argument]) => new Promise(resolve => {
      // A page's policy forbids making functions of text; Playwright's own evaluation is not the page's.
      const look = () => {
        const found = source.startsWith('text:')
          ? new RegExp(argument).test(document.querySelector(source.slice(5))?.textContent ?? '') && document.querySelector(source.slice(5)).textContent
          : document.querySelectorAll(source).length >= argument
        if (found) resolve(found)
        else setTimeout(look, 50)
      }
      look()
    }), [look, argument])
  }

  untilText (selector, pattern) { return this.until(`text:${selector}`, pattern) }
  untilCount (selector, least) { return this.until(selector, least) }

  /** The video has been played that far. */
  untilPlayed (seconds) {
    return this.evaluate(seconds => new Promise(resolve => {
      const look = () => document.getElementById('video').currentTime > seconds ? resolve() : setTimeout(look, 50)
      look()
    }), seconds)
  }

  /** Pixels by which the page is wider than its window. */
  overflow () { return this.evaluate(() => document.documentElement.scrollWidth - window.innerWidth) }
  get errors () { return this.#page.errors }
  screenshot (file, how) { return this.#page.screenshot(file, how) }
  close () { return this.#page.close() }
}
