// The seed's settings as pages write them: read as leniently as 0.6.2 did. What is a setting at all, what it may be and what it is by
// default is the module's to say (docs/settings.md); here is what it cannot know, because JavaScript is read.

const names = ['cachedSegmentExpiration', 'cachedSegmentsCount', 'requiredSegmentsPriority', 'useP2P', 'consumeOnly',
  'simultaneousHttpDownloads', 'httpDownloadProbability', 'httpDownloadProbabilityInterval', 'httpDownloadProbabilitySkipIfNoPeers',
  'httpFailedSegmentTimeout', 'httpDownloadMaxPriority', 'httpDownloadInitialTimeout', 'httpDownloadInitialTimeoutPerSegment',
  'httpUseRanges', 'simultaneousP2PDownloads', 'p2pDownloadMaxPriority', 'p2pSegmentDownloadTimeout', 'webRtcMaxMessageSize',
  'trackerAnnounce', 'peerRequestsPerAnnounce', 'p2pNotReceivingBytesTimeout', 'httpNotReceivingBytesTimeout', 'maxPeers', 'peerTurnoverInterval',
  'peerProtocols', 'simultaneousUploads', 'uploadBandwidthLimit', 'schedulingPolicy', 'startupPolicy', 'peerExtension', 'httpPrefetchTime',
  'bufferedSegmentsCount']
const callbackNames = ['segmentValidator', 'xhrSetup', 'segmentUrlBuilder', 'segmentsStorage']

const largestInteger = 2147483647

function integer (value) { return Math.max(-largestInteger, Math.min(Math.floor(value), largestInteger)) }

function warn (text) { console.warn(`p2pml: ${text}`) }

/** What trackers' clients in browsers have always done with others: left them out. */
function webSocketUrls (urls) {
  const list = typeof urls === 'string' ? [urls] : Array.from(urls)
  const usable = list.filter(url => /^wss?:/i.test(url))
  if (usable.length < list.length) warn(`trackerAnnounce: only ws:// and wss:// can be used here, not ${list.filter(url => !usable.includes(url)).join(', ')}`)
  return usable
}

function valueOf (name, value) {
  if (name === 'trackerAnnounce') return webSocketUrls(value)
  if (name === 'peerRequestsPerAnnounce' && value > 10) return 10 // "Maximum is 10."
  // Infinity is how JavaScript says "no limit". NaN is nobody's setting: the module refuses what JSON makes of it.
  if (typeof value === 'number' && name !== 'httpDownloadProbability' && !Number.isNaN(value)) return integer(value)
  return value
}

/**
 * @param {object} settings as the page gave them; undefined and null stand for the default
 * @returns {{values: object, callbacks: object, rtcConfig: object | undefined}} what goes to the module, and what stays here
 */
export function readSettings (settings) {
  const values = {}
  const callbacks = {}
  let rtcConfig
  for (const name of Object.keys(settings)) {
    const value = settings[name]
    if (value === undefined || value === null) continue
    if (name === 'rtcConfig') {
      rtcConfig = value
    } else if (callbackNames.includes(name)) {
      const wanted = name === 'segmentsStorage' ? 'object' : 'function'
      if (typeof value !== wanted) throw new TypeError(`${name}: ${typeof value}, expected ${wanted}`) // eslint-disable-line valid-typeof
      callbacks[name] = value
    } else if (names.includes(name)) {
      values[name] = valueOf(name, value)
    } else {
      warn(`there is no setting "${name}"`)
    }
  }
  return { values, callbacks, rtcConfig }
}
