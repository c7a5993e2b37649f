// Real playback of DASH in the generation "06": Shaka Player 2.5.23 over p2p-media-loader-shaka 0.6.2. The integration takes the
// picture to its engine and leaves the sound to the player.

import { reportFragment, watchedVideo } from './playback.mjs'
import { reportError, reportPeer, reportUploaded } from './stream.mjs'

const { shaka } = window
const { Events } = window.p2pml.core
const { Engine } = window.p2pml.shaka

const roles = {
  seed: { requiredSegmentsPriority: 1_000_000_000 },
  leech: { requiredSegmentsPriority: -1, httpDownloadProbability: 0 }
}

async function start ({ manifest, tracker, role, rate }) {
  shaka.polyfill.installAll()
  const engine = new Engine({ loader: { trackerAnnounce: [tracker], rtcConfig: { iceServers: [] }, ...roles[role] } })
  engine.on(Events.SegmentLoaded, (segment, peer) => reportFragment(segment.url, segment.data.byteLength, peer))
  engine.on(Events.SegmentError, (segment, error) => reportError(`segment ${segment.id}: ${error}`))
  engine.on(Events.PieceBytesUploaded, (_method, bytes) => reportUploaded(bytes))
  engine.on(Events.PeerConnect, () => {
    reportPeer(1)
    // As in core-06.mjs: what the peer said before this event has been overlooked.
    engine.segmentManager.refreshLoad()
  })
  const video = watchedVideo()
  const player = new shaka.Player(video)
  player.addEventListener('error', ({ detail }) => reportError(`Shaka: ${detail.code} ${detail.message}`))
  player.configure({ streaming: { bufferingGoal: 60 } })
  engine.initShakaPlayer(player)
  await player.load(manifest)
  video.playbackRate = rate
  await video.play()
}

Object.assign(window, {
  start: config => { start(config).catch(error => reportError(`gave up: ${error.code ?? ''} ${error.stack ?? error}`)) }
})
window.report({ ready: true })
