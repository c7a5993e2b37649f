// dash.js as a player of the matrix: one quality, from where dash.js begins to the end.

import { tellFragment, watchVideo } from './watch.mjs'

const { MediaPlayer, Version } = window.dashjs

function start ({ url }) {
  const player = MediaPlayer().create()
  // No time server is asked: origin and player are on one machine.
  player.updateSettings({
    streaming: { abr: { autoSwitchBitrate: { video: false, audio: false } }, utcSynchronization: { enabled: false } }
  })
  player.on(MediaPlayer.events.FRAGMENT_LOADING_COMPLETED, ({ request, response, error }) => {
    if (error || !(response instanceof ArrayBuffer)) return
    tellFragment(`${request.mediaType} ${request.type}`, request.url, request.range, response)
  })
  player.on(MediaPlayer.events.ERROR, ({ error }) => window.report({ error: `dash.js: ${error.message}` }))
  player.initialize(document.querySelector('video'), url, false)
  watchVideo()
}

Object.assign(window, { start })
window.report({ ready: true, version: Version ?? MediaPlayer().create().getVersion() })
