// Debian's Chromium, one per test file, a fresh profile for each viewer.

import { chromium } from 'playwright-core'

import { Watch } from './watch.mjs'

const executablePath = process.env.P2PML_CHROMIUM ?? '/usr/bin/chromium'

const args = [
  '--no-sandbox', // tests may run as root, where there is none
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Viewers that nobody looks at keep their timers and their players.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--autoplay-policy=no-user-gesture-required',
  // Peers on one machine that may have no interface but lo, and no one who answers mDNS.
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns'
]

export class Browser {
  #browser

  static async start () {
    const browser = new Browser()
    browser.#browser = await chromium.launch({ executablePath, args })
    return browser
  }

  get version () { return this.#browser.version() }

  /**
   * Opens a page as one viewer.
   * @param {string} url
   * @param {string} id who the origin takes it for
   * @param {object} [look] viewport, colorScheme and so on: see Playwright's newContext
   * @returns {Promise<Page>} when the page has said {ready: true}
   */
  async open (url, id, look = {}) {
    const context = await this.#browser.newContext({ ...look, extraHTTPHeaders: { 'x-interop-client': id } })
    // Without these Chromium offers no addresses of loopback interfaces, whatever its flags say.
    await context.grantPermissions(['microphone', 'camera'], { origin: new URL(url).origin })
    const page = new Page(id, context, await context.newPage())
    await page.open(url)
    return page
  }

  /** The same of a page that reports nothing: when it has been loaded. @returns {Promise<Page>} */
  async visit (url, id, look = {}) {
    const context = await this.#browser.newContext(look)
    const page = new Page(id, context, await context.newPage())
    await page.visit(url)
    return page
  }

  async stop () { await this.#browser.close() }
}

/** A page that reports by calling window.report(object), which onReport hears in order. `errors`: what nobody caught, console.error. */
export class Page extends Watch {
  #context
  #page
  #closing = false

  /** What the page said when it was ready. */
  ready

  constructor (id, context, page) {
    super()
    this.id = id
    this.#context = context
    this.#page = page
    page.on('pageerror', error => this.#note(`uncaught: ${error.stack ?? error}`))
    page.on('console', message => {
      // Chromium itself notes every answer that is no success here; who may ask for what is the origin's to say.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.#note(message.text())
    })
    page.on('crash', () => { if (!this.#closing) this.fail(new Error(`the page of ${id} crashed`)) })
  }

  #note (text) {
    this.errors.push(text)
    this.changed()
  }

  async open (url) {
    await this.#page.exposeBinding('report', (_source, said) => {
      if (said.ready) this.ready = said
      this.onReport?.(said)
      this.changed()
    })
    await this.#page.goto(url)
    await this.until(() => this.ready || this.errors.length > 0, `${this.id} is ready`, 20_000)
    if (this.errors.length > 0) throw new Error(`${url}: ${this.errors.join('\n')}`)
  }

  async visit (url) { await this.#page.goto(url) }

  /** Runs a function in the page: see Playwright's page.evaluate. */
  evaluate (run, argument) { return this.#page.evaluate(run, argument) }

  /** Everything that is garbage by now is collected. */
  collectGarbage () { return this.#devTools('HeapProfiler.collectGarbage') }

  /** That many bytes may pages of the origin keep on disk. */
  limitStorage (origin, bytes) { return this.#devTools('Storage.overrideQuotaForOrigin', { origin, quotaSize: bytes }) }

  async #devTools (method, parameters) {
    const session = await this.#context.newCDPSession(this.#page)
    await session.send(method, parameters)
  }

  /** @param {object} [how] see Playwright's page.screenshot */
  screenshot (file, how = {}) { return this.#page.screenshot({ path: file, ...how }) }

  /** The renderer dies at once, as it does when memory runs out: nobody hears a goodbye. */
  async crash () {
    this.#closing = true
    const crashed = new Promise(resolve => this.#page.once('crash', resolve))
    const session = await this.#context.newCDPSession(this.#page)
    session.send('Page.crash').catch(() => {}) // is not answered
    await crashed
  }

  async close () {
    this.#closing = true
    await this.#context.close()
  }
}
