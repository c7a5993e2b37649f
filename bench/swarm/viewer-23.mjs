// A viewer made of the real p2p-media-loader-core 2.3.1 with its default settings.

import { Core, CoreRequestError } from 'p2p-media-loader-core'

import { Counters, Player, reportResult, segmentUrl } from './player.mjs'

function start (config) {
  const { tracker, swarm, count, dur } = config
  const counters = new Counters()
  const core = new Core({ announceTrackers: [tracker], rtcConfig: { iceServers: [] }, swarmId: swarm })
  core.setManifestResponseUrl(`${config.origin}/master.m3u8`)
  core.addStreamIfNoneExists({ runtimeId: 'stream', type: 'main', index: '0' })
  const urls = Array.from({ length: count }, (_, n) => segmentUrl(config, n))
  core.updateStream('stream', urls.map((url, n) => ({
    runtimeId: url, externalId: n, url, startTime: n * dur, endTime: (n + 1) * dur
  })))
  const player = new Player(config, {
    request (n) {
      core.loadSegment(urls[n], {
        onSuccess: ({ data }) => player.onDelivered(n, data.byteLength),
        onError: error => error instanceof CoreRequestError && error.type === 'aborted' ? player.onAborted(n) : player.onFailed(n)
      })
    },
    position: position => core.updatePlayback(position * dur, 1)
  })
  core.addEventListener('onSegmentError', () => { ++counters.errors })
  core.addEventListener('onChunkDownloaded', (bytes, source) => { counters.bytes[source] += bytes })
  core.addEventListener('onChunkUploaded', bytes => { counters.bytes.up += bytes })
  core.addEventListener('onPeerConnect', () => counters.connected())
  core.addEventListener('onPeerClose', () => { --counters.peers })
  reportResult(player, counters)
  player.start()
}

Object.assign(window, { start })
window.report({ ready: true })
