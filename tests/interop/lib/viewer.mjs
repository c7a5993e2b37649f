// One viewer of a made-up stream, whatever it is made of: `p2pml peer` or a page with one of the npm packages. All have the same face:
//
//   config             what it was started with (docs/measurement-peer.md)
//   got, peers, uploaded   segments it has, peers it is connected to, bytes it has sent to peers
//   until(condition, what, ms)   see watch.mjs
//   stop()             ends it; after that
//   segments           [{n, src: 'http' | 'p2p', bytes, sha256}], in order of arrival
//   errors             texts; none unless something went wrong

import { NativePeer } from './native.mjs'

/** Generation by the name of docs/measurement-peer.md -> version of the npm package that stands for it. */
export const versions = new Map([['06', '0.6.2'], ['22', '2.2.2'], ['23', '2.3.1']])

/** A page that runs pages/core-06.mjs or its like. Besides: `page`, and `said`, the errors that it has reported itself. */
export class PageViewer {
  segments = []
  peers = 0
  uploaded = 0
  said = []

  /** @param {string} path of the page at the origin */
  static async start (browser, path, config) {
    const viewer = new PageViewer()
    viewer.config = config
    viewer.page = await browser.open(`${config.origin}${path}`, config.id)
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

  /** Ends without a goodbye. */
  crash () { return this.page.crash() }
  stop () { return this.page.close() }
}

/**
 * @param {'native' | 'page'} kind
 * @param {object} config of docs/measurement-peer.md
 * @param {import('./browser.mjs').Browser} browser for kind 'page'
 */
export function startViewer (kind, config, browser) {
  return kind === 'native' ? NativePeer.start(config) : PageViewer.start(browser, `/pages/core-${config.gen}.html`, config)
}
