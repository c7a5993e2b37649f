// What the pages of all generations share: the made-up stream of docs/measurement-peer.md, and reports about its segments.

/** URL of segment n as the viewer of that configuration asks for it. */
export const segmentUrl = ({ origin, id, name, size }, n) => `${origin}/t/${id}/synth/${name}/${size}/${n}.bin`

const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, '0')).join('')

/** Reports a segment that the engine has handed over. */
export async function reportSegment (n, data, peer) {
  const sha256 = hex(await crypto.subtle.digest('SHA-256', data))
  window.report({ segment: { n, src: peer === undefined ? 'http' : 'p2p', peer, bytes: data.byteLength, sha256 } })
}

export const reportUploaded = bytes => window.report({ uploaded: bytes })
export const reportPeer = change => window.report({ peer: change })
export const reportError = text => window.report({ error: text })
