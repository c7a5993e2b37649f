// The same by the module that bundlers take.
import { Events, HybridLoader, Segment, version } from '/js/p2pml-core.mjs'

const loader = new HybridLoader()
loader.on(Events.SegmentLoaded, ({ id, data }) => postMessage({ id, size: data.byteLength, isSupported: HybridLoader.isSupported(), version }))
loader.load([new Segment('a', `${location.origin}/synth/worker/5000/1.bin`)], 'swarm')
