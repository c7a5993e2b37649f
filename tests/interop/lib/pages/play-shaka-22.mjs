// Real playback of DASH in the generation "22": Shaka Player 4.16.9 over p2p-media-loader-shaka 2.2.2, which takes picture and sound to
// its engine.

import { ShakaP2PEngine } from 'p2p-media-loader-shaka'

import { reportFragment, watchedVideo } from './playback.mjs'
import { reportError, reportPeer, reportUploaded } from './stream.mjs'

const { shaka } = window

const everything = 1_000_000
const roles = {
  seed: { highDemandTimeWindow: everything, httpDownloadTimeWindow: everything },
  leech: { simultaneousHttpDownloads: 0, highDemandTimeWindow: 0 }
}

async function start ({ manifest, tracker, role, rate }) {
  shaka.polyfill.installAll()
  ShakaP2PEngine.registerPlugins()
  const engine = new ShakaP2PEngine({ core: { announceTrackers: [tracker], rtcConfig: { iceServers: [] }, ...roles[role] } })
  engine.addEventListener('onSegmentLoaded', ({ segmentUrl, bytesLength, downloadSource, peerId }) => {
    reportFragment(segmentUrl, bytesLength, downloadSource === 'p2p' ? peerId : undefined)
  })
  engine.addEventListener('onSegmentError', ({ error, segment }) => reportError(`segment ${segment.url}: ${error.type}`))
  engine.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
  engine.addEventListener('onPeerConnect', () => reportPeer(1))
  const video = watchedVideo()
  const player = new shaka.Player()
  await player.attach(video)
  player.addEventListener('error', ({ detail }) => reportError(`Shaka: ${detail.code} ${detail.message}`))
  player.configure({ streaming: { bufferingGoal: 60 } })
  engine.bindShakaPlayer(player)
  await player.load(manifest)
  video.playbackRate = rate
  await video.play()
}

Object.assign(window, {
  start: config => { start(config).catch(error => reportError(`gave up: ${error.code ?? ''} ${error.stack ?? error}`)) }
})
window.report({ ready: true })
