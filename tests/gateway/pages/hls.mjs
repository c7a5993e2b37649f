// hls.js as a player of the matrix: one quality, from where hls.js begins to the end.

import { tellFragment, watchVideo } from './watch.mjs'

const { Hls } = window

function start ({ url }) {
  const video = watchVideo()
  const hls = new Hls({ enableWorker: false })
  // What is handed over may be taken away by the transmuxer: it is hashed from a copy.
  hls.on(Hls.Events.FRAG_LOADED, (_event, { frag, payload }) => tellFragment(frag.type, frag.url, frag.byteRange, payload))
  hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => { if (fatal) window.report({ error: `hls.js: ${details}` }) })
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    hls.currentLevel = 0
    video.play().catch(error => window.report({ error: `play: ${error}` }))
  })
  hls.loadSource(url)
  hls.attachMedia(video)
}

Object.assign(window, { start })
window.report({ ready: true, version: Hls.version })
