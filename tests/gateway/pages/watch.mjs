// What the pages of the matrix share: a hash of every fragment, told in the order in which they came, and what the video shows.

const hex = buffer => [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, '0')).join('')
let telling = Promise.resolve()

export function tellFragment (track, url, range, body) {
  const hash = crypto.subtle.digest('SHA-256', body.slice(0))
  const name = new URL(url).pathname.split('/').slice(-2).join('/')
  telling = telling.then(async () => {
    window.report({ fragment: { track, item: `${name} ${range ?? ''} ${hex(await hash)}`, size: body.byteLength } })
  })
}

/** The page's video. */
export function watchVideo () {
  const video = document.querySelector('video')
  const tell = () => {
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality()
    window.report({ video: { time: video.currentTime, ended: video.ended, frames: totalVideoFrames, dropped: droppedVideoFrames, waits, waited: waited + (since ? performance.now() - since : 0) } })
  }
  let waits = 0
  let begun = false
  let since = 0 // since when it stands still, and where
  let place = 0
  let waited = 0 // milliseconds, before that
  const goesOn = () => {
    if (since) waited += performance.now() - since
    since = 0
  }
  video.addEventListener('playing', () => { begun = true })
  video.addEventListener('waiting', () => {
    if (!begun || video.ended) return
    ++waits
    since ||= performance.now()
    place = video.currentTime
  })
  video.addEventListener('timeupdate', () => { if (video.currentTime > place + 0.1) goesOn() })
  video.addEventListener('error', () => window.report({ error: `video: ${video.error.message}` }))
  video.addEventListener('ended', () => {
    goesOn()
    telling.then(tell)
  })
  setInterval(tell, 1000)
  return video
}
