// A viewer of a made-up stream in a page: what tests/interop/lib/viewer.mjs starts for the packages of the original, for any page that
// runs tests/interop/lib/pages/core-06.mjs.

export class PageViewer {
  segments = []
  peers = 0
  uploaded = 0
  said = []

  /** @param {string} page path at the origin @param {object} config of docs/measurement-peer.md */
  static async start (browser, page, config) {
    const viewer = new PageViewer()
    viewer.config = config
    viewer.page = await browser.open(`${config.origin}${page}`, config.id)
    viewer.page.onReport = said => viewer.#hear(said)
    await viewer.page.evaluate(start => { window.start(start) }, config)
    return viewer
  }

  #hear ({ segment, uploaded, peer, error }) {
    if (segment) this.segments.push(segment)
    if (uploaded) this.uploaded += uploaded
    if (peer) this.peers += peer
    if (error) this.said.push(error)
  }

  get got () { return new Set(this.segments.map(({ n }) => n)).size }
  get errors () { return [...this.said, ...this.page.errors] }

  until (condition, what, ms) { return this.page.until(condition, what, ms) }
  stop () { return this.page.close() }
}
