// What the playing pages share: reports of what a person would see on the video.

import { reportError } from './stream.mjs'

function buffered ({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; ++i) {
    if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime
  }
  return 0
}

/** The page's video; its fate is reported as {video: {event, time, ahead}}: seconds, the latter of what it has for the next. */
export function watchedVideo () {
  const video = document.querySelector('video')
  for (const event of ['playing', 'timeupdate', 'seeking', 'ended', 'waiting']) {
    video.addEventListener(event, () => {
      if (event === 'waiting' && video.ended) return // browsers say it at the end too
      window.report({ video: { event, time: video.currentTime, ahead: buffered(video) } })
    })
  }
  video.addEventListener('error', () => reportError(`video: ${video.error.message}`))
  return video
}

/**
 * Plays with an hls.js of any version, and tells what it says.
 * @param {{manifest: string, level: number, rate: number}} config of player.mjs
 */
export function playHls (Hls, hls, { manifest, level, rate }) {
  const video = watchedVideo()
  hls.on(Hls.Events.ERROR, (_event, { details, fatal }) => window.report({ hls: { details, fatal } }))
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    hls.currentLevel = level // all viewers of these tests watch the same rendition: that is their swarm
    video.playbackRate = rate
    video.play().catch(error => reportError(`play: ${error}`))
  })
  window.switchTo = other => { hls.nextLevel = other }
  hls.loadSource(manifest)
  hls.attachMedia(video)
}

export const reportFragment = (url, bytes, peer) => window.report({ fragment: { url, bytes, src: peer === undefined ? 'http' : 'p2p' } })
