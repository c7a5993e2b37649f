// Shows what the engine of player.js does. Not needed to play.

const { Events } = p2pml.core
const bytes = { http: 0, p2p: 0, uploaded: 0 }
let peers = 0

const text = (id, value) => { document.getElementById(id).textContent = value }
const size = count => count < 1e6 ? `${Math.round(count / 1e3)} KB` : `${(count / 1e6).toFixed(1)} MB`

function show () {
  const share = bytes.p2p / (bytes.http + bytes.p2p || 1)
  document.getElementById('share-p2p').style.width = `${100 * share}%`
  document.getElementById('share').setAttribute('aria-label', `${Math.round(100 * share)} % from viewers`)
  for (const name of Object.keys(bytes)) text(name, size(bytes[name]))
  if (share > 0) text('p2p', `${size(bytes.p2p)}, ${Math.round(100 * share)} %`)
  text('peers', peers)
}

function addSegment (segment, peerId) {
  const item = document.createElement('li')
  item.className = peerId === undefined ? 'http' : 'p2p'
  item.textContent = `${segment.url.split('?')[0].split('/').slice(-2).join('/')}, ${size(segment.data.byteLength)}, ${peerId === undefined ? 'server' : `viewer ${peerId.slice(-8)}`}`
  const list = document.getElementById('segments')
  list.prepend(item)
  while (list.children.length > 12) list.lastChild.remove()
}

if (engine) {
  engine.on(Events.PieceBytesDownloaded, (method, count) => { bytes[method] += count; show() })
  engine.on(Events.PieceBytesUploaded, (_method, count) => { bytes.uploaded += count; show() })
  engine.on(Events.PeerConnect, () => { ++peers; show() })
  engine.on(Events.PeerClose, () => { --peers; show() })
  engine.on(Events.SegmentLoaded, addSegment)
  engine.on(Events.SegmentError, (segment, error) => text('notice', `${segment.url}: ${error.message || error}`))
  engine.on(Events.TrackerError, (url, error) => text('notice', `${url}: ${error.message}`))
  engine.on(Events.TrackerUpdate, () => text('notice', ''))
} else {
  text('notice', 'This browser has no WebRTC data channels or no Media Source Extensions: everything comes from the server.')
}
