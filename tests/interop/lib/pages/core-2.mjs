// A seeder or leecher made of the real p2p-media-loader-core 2.2.2 or 2.3.1, whichever the import map names: generations "22" and
// "23" of docs/measurement-peer.md.

import { makeCore } from './made-core-2.mjs'
import { reportError, reportSegment } from './stream.mjs'

const everything = 1_000_000
const roles = {
  seed: { highDemandTimeWindow: everything, simultaneousHttpDownloads: 4 },
  leech: { simultaneousHttpDownloads: 0, highDemandTimeWindow: 0, p2pDownloadTimeWindow: everything }
}

async function start (config) {
  const { role } = config
  const { core, urls, peerOf } = makeCore(config, roles[role])
  core.addEventListener('onTrackerError', ({ error }) => reportError(`tracker: ${error}`))
  core.addEventListener('onTrackerWarning', ({ warning }) => reportError(`tracker warns: ${warning}`))

  for (const [n, url] of urls.entries()) {
    const data = await new Promise((resolve, reject) => core.loadSegment(url, {
      onSuccess: response => resolve(response.data),
      onError: reject
    }).catch(reject))
    await reportSegment(n, data, peerOf.get(url))
  }
  // 2.2 loses announcements: one that is asked for while another is under way is dropped, and that other one was made before
  // the last segment was stored. A seeder that is through would never say what it has. Turning uploads off and on says it again.
  if (role === 'seed') {
    core.applyDynamicConfig({ isP2PUploadDisabled: true })
    await Promise.resolve()
    core.applyDynamicConfig({ isP2PUploadDisabled: false })
  }
}

Object.assign(window, {
  start: config => { start(config).catch(error => reportError(`gave up: ${error.stack ?? error}`)) }
})
window.report({ ready: true })
