// The real p2p-media-loader-core 2.2.2 or 2.3.1, whichever the import map names, with the made-up stream, reporting what happens to it.

import { Core } from 'p2p-media-loader-core'

import { reportError, reportPeer, reportUploaded, segmentUrl } from './stream.mjs'

/**
 * @param {object} config of docs/measurement-peer.md, of the generation "22" or "23"
 * @param {object} settings of the page's role; those in the config go before them
 * @returns {{core: object, urls: string[], peerOf: Map<string, string | undefined>}} `urls` by segment; `peerOf` by URL: who it came from
 */
export function makeCore (config, settings) {
  const { gen, tracker, swarm, count, dur } = config
  const core = new Core({ announceTrackers: [tracker], rtcConfig: { iceServers: [] }, swarmId: swarm, ...settings, ...config.settings })
  core.setManifestResponseUrl(`${config.origin}/master.m3u8`)
  // In 2.2 the index is a number, in 2.3 a text, made of the stream's properties by integrations with players: here the text "0".
  // Both are put into the swarm's name as they are: v2-{swarm}-main-0.
  core.addStreamIfNoneExists({ runtimeId: 'stream', type: 'main', index: gen === '22' ? 0 : '0' })
  const urls = Array.from({ length: count }, (_, n) => segmentUrl(config, n))
  core.updateStream('stream', urls.map((url, n) => ({
    runtimeId: url, externalId: n, url, startTime: n * dur, endTime: (n + 1) * dur
  })))
  const peerOf = new Map()
  core.addEventListener('onSegmentLoaded', ({ segmentUrl: url, downloadSource, peerId }) => {
    peerOf.set(url, downloadSource === 'p2p' ? peerId : undefined)
  })
  core.addEventListener('onSegmentError', ({ error, segment, downloadSource, peerId }) => {
    reportError(`segment ${segment.externalId} from ${peerId ?? downloadSource}: ${error.type ?? error}`)
  })
  core.addEventListener('onPeerError', ({ error, peerId }) => reportError(`peer ${peerId}: ${error}`))
  core.addEventListener('onChunkUploaded', bytes => reportUploaded(bytes))
  core.addEventListener('onPeerConnect', () => reportPeer(1))
  core.addEventListener('onPeerClose', () => reportPeer(-1))
  return { core, urls, peerOf }
}
