// dash.js as a player of the matrix: one quality, from where dash.js begins to the end.

import { tellFragment, watchVideo } from './watch.mjs'

const { MediaPlayer, Version } = window.dashjs

function start ({ url }) {
  const player = MediaPlayer().create()
  player.updateSettings({
    streaming: {
      abr: { autoSwitchBitrate: { video: false, audio: false } },
      // ffmpeg suggests one segment, which leaves nothing to wait with.
      delay: { liveDelay: 8, useSuggestedPresentationDelay: false },
      // No time server is asked: origin and player are on one machine.
      utcSynchronization: { enabled: false }
    }
  })
  player.on(MediaPlayer.events.FRAGMENT_LOADING_COMPLETED, ({ request, response, error }) => {
    if (error || !(response instanceof ArrayBuffer)) return
    tellFragment(`${request.mediaType} ${request.type}`, request.url, request.range, response)
  })
  player.on(MediaPlayer.events.ERROR, ({ error }) => window.report({ error: `dash.js: ${error.message}` }))
  watchVideo()
  // It begins by itself: dash.js follows a live manifest only if it has seen the video begin.
  player.initialize(document.querySelector('video'), url, true)
}

Object.assign(window, { start })
window.report({ ready: true, version: Version ?? MediaPlayer().create().getVersion() })
