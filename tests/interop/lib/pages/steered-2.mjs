// A viewer of the generation "22" or "23" that a test steers: see steered.mjs.

import './wire.mjs'
import { makeCore } from './made-core-2.mjs'
import { steer } from './steered.mjs'
import { reportError, reportSegment } from './stream.mjs'

function create (config) {
  const { count, dur, refuse = [] } = config
  const { core, urls, peerOf } = makeCore(config, {
    simultaneousHttpDownloads: 0,
    highDemandTimeWindow: 0,
    p2pDownloadTimeWindow: dur / 2, // only the one that is asked for
    validateP2PSegment: async url => !refuse.includes(urls.indexOf(url))
  })
  let wanted
  const want = async n => {
    if (wanted !== undefined) core.abortSegmentLoading(urls[wanted])
    wanted = n
    if (n === undefined) return
    await core.loadSegment(urls[n], {
      onSuccess ({ data }) {
        wanted = undefined
        reportSegment(n, data, peerOf.get(urls[n]))
      },
      onError () {} // onSegmentError tells, and what is given up here is no error
    })
    core.updatePlayback(n * dur, 1)
  }
  // Without asking for a segment it goes to no tracker. The position is left where nothing is to be loaded: not at the end of the
  // last segment, which still counts as that segment.
  want(0).then(() => {
    core.updatePlayback((count + 1) * dur, 1)
    return want(undefined)
  }).catch(error => reportError(`gave up: ${error.stack ?? error}`))
  return n => { want(n).catch(error => reportError(`gave up: ${error.stack ?? error}`)) }
}

steer(false, create)
