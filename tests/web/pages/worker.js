// A worker has no WebRTC: everything goes over HTTP.
importScripts('/js/p2pml-core.min.js')

const { HybridLoader, Events, Segment, version } = self.p2pml.core
const loader = new HybridLoader()
loader.on(Events.SegmentLoaded, ({ id, data }) => postMessage({ id, size: data.byteLength, isSupported: HybridLoader.isSupported(), version }))
loader.load([new Segment('a', `${location.origin}/synth/worker/5000/1.bin`)], 'swarm')
