// The API of p2pml-core: that of p2p-media-loader-core 0.6, and beyond it what peers of later generations and diagnosis need.

/** A media segment. `load()` needs `id`, `url` and `priority`; everything below `neededIn` is filled in by the loader. */
export interface SegmentLike {
  /** Unique across peers; the URL where that is the same for all peers. */
  id: string
  url: string
  /** Value of an HTTP Range header. */
  range?: string | undefined
  /** Non-negative; the lower the value, the higher the priority. Default 0. */
  priority?: number
  /** The manifest's swarm. Default: the stream's swarm. */
  masterSwarmId?: string | undefined
  masterManifestUri?: string | undefined
  streamId?: string | undefined
  /** The segment's name within its stream. */
  sequence?: string | undefined
  /** The segment's number among peers of generations after G0, where the sequence is none. */
  externalId?: number | undefined
  /** How long it plays, in milliseconds: the cooperative policy goes by it. */
  duration?: number | undefined
  /** Milliseconds from this load() until the player must have it; 0: it waits for it now. Default: estimated from priority and duration. */
  neededIn?: number | undefined
  /** Present only when the segment is fully loaded. */
  data?: ArrayBuffer | undefined
  /** Bytes per millisecond. */
  downloadBandwidth?: number | undefined
  downloadSpeed?: number | undefined
  requestUrl?: string | undefined
  responseUrl?: string | undefined
}

export class Segment implements SegmentLike {
  constructor (id: string, url: string, range?: string, priority?: number)
  id: string
  url: string
  range: string | undefined
  priority: number
  masterSwarmId: string | undefined
  masterManifestUri: string | undefined
  streamId: string | undefined
  sequence: string | undefined
  externalId?: number | undefined
  duration?: number | undefined
  neededIn?: number | undefined
  data: ArrayBuffer | undefined
  downloadBandwidth: number | undefined
  downloadSpeed: number | undefined
  requestUrl: string | undefined
  responseUrl: string | undefined
}

/** What a manifest says of a stream: peers of generations after G0 name their swarms by it. */
export interface Stream {
  type?: 'main' | 'secondary'
  index?: number
  bitrate?: number
  codecs?: string
  width?: number
  height?: number
  language?: string
  channels?: string
  name?: string
  /** Hertz, as JavaScript prints the number. */
  frameRate?: string
  videoRange?: string
  key?: string
  bitrateDistinguishes?: boolean
  codecsOfG4?: string
  /** The swarm that the manifest's address names after redirects, where it is another than before. */
  redirectedSwarmId?: string
}

export type Method = 'http' | 'p2p'
/** Generations of peers: G0 is 0.6, G2 1.0.4 to 2.2, G3 2.3 to 4, G4 5.0 of p2p-media-loader-core. */
export type Generation = 'G0' | 'G2' | 'G3' | 'G4'

/** What the loader tells of an error: `code` says what to do about it. */
export interface LoaderError extends Error {
  code: 'invalidArgument' | 'malformed' | 'limitExceeded' | 'notFound' | 'unavailable' | 'timeout' | 'aborted' | 'internal'
}

export interface Peer {
  id: string
  remoteAddress: string
  protocol: Generation
}

export interface TrackerStatus {
  url: string
  complete?: number | undefined
  incomplete?: number | undefined
  intervalMs: number
}

/** Where downloaded segments are kept, instead of in memory. */
export interface SegmentsStorage {
  storeSegment (segment: SegmentLike): Promise<void>
  getSegmentsMap (masterSwarmId: string): Promise<Map<string, { segment: SegmentLike }>>
  getSegment (id: string, masterSwarmId: string): Promise<SegmentLike | undefined>
  /** Removes what is too old or too much, but nothing for which the filter says true. Resolves to whether anything was removed. A function that declares one parameter gets the filter only. */
  clean: ((masterSwarmId: string, lockedSegmentsFilter: (id: string) => boolean) => Promise<boolean>) |
    ((lockedSegmentsFilter: (id: string) => boolean) => Promise<boolean>)
  destroy (): Promise<void>
}

/** All may be left out; docs/settings.md says what each does and accepts. */
export interface HybridLoaderSettings {
  cachedSegmentExpiration: number
  cachedSegmentsCount: number
  requiredSegmentsPriority: number
  useP2P: boolean
  consumeOnly: boolean
  simultaneousHttpDownloads: number
  httpDownloadProbability: number
  httpDownloadProbabilityInterval: number
  httpDownloadProbabilitySkipIfNoPeers: boolean
  httpFailedSegmentTimeout: number
  httpDownloadMaxPriority: number
  httpDownloadInitialTimeout: number
  httpDownloadInitialTimeoutPerSegment: number
  httpUseRanges: boolean
  simultaneousP2PDownloads: number
  p2pDownloadMaxPriority: number
  p2pSegmentDownloadTimeout: number
  webRtcMaxMessageSize: number
  trackerAnnounce: string[]
  peerRequestsPerAnnounce: number
  rtcConfig: RTCConfiguration
  /** Resolves if the segment is valid; what it rejects with is given to SegmentError. */
  segmentValidator?: (segment: SegmentLike, method: Method, peerId?: string) => Promise<void>
  /** Called when the request is open, before it is sent. */
  xhrSetup?: (xhr: XMLHttpRequest, url: string) => void
  segmentUrlBuilder?: (segment: SegmentLike) => string
  segmentsStorage?: SegmentsStorage
  // Beyond the seed.
  p2pNotReceivingBytesTimeout: number
  httpNotReceivingBytesTimeout: number
  maxPeers: number
  peerTurnoverInterval: number
  peerProtocols: Generation[]
  simultaneousUploads: number
  uploadBandwidthLimit: number
  schedulingPolicy: 'classic' | 'cooperative'
  startupPolicy: 'fast' | 'p2pFirst'
  peerExtension: boolean
  httpPrefetchTime: number
}

export interface Details {
  /** 40 hex digits. */
  peerId: string
  peers: Array<{ id: string, generation: Generation, remoteAddress: string, bytesDownloaded: number, bytesUploaded: number, segments: number }>
  swarms: Array<{ generation: Generation, streamSwarmId: string, infoHash: string, peerId: string, peers: number }>
}

/** Counters since the start. */
export interface Stats {
  httpBytes: number
  p2pBytes: number
  uploadedBytes: number
  segmentsOverHttp: number
  segmentsOverP2p: number
  staleInputs: number
  peerFaults: number
  mapsSent: number
}

export const Events: {
  readonly SegmentLoaded: 'segment_loaded'
  readonly SegmentError: 'segment_error'
  readonly SegmentAbort: 'segment_abort'
  readonly PeerConnect: 'peer_connect'
  readonly PeerClose: 'peer_close'
  readonly PieceBytesDownloaded: 'piece_bytes_downloaded'
  readonly PieceBytesUploaded: 'piece_bytes_uploaded'
  // Beyond the seed.
  readonly SegmentStart: 'segment_start'
  readonly TrackerUpdate: 'tracker_update'
  readonly TrackerWarning: 'tracker_warning'
  readonly TrackerError: 'tracker_error'
  readonly PeerError: 'peer_error'
  readonly StorageError: 'storage_error'
}

/** By event: its listeners' arguments. A peer's id is undefined for HTTP. */
export interface EventArguments {
  segment_loaded: [segment: SegmentLike & { data: ArrayBuffer }, peerId: string | undefined]
  /** The error is a LoaderError, or what segmentValidator rejected with. */
  segment_error: [segment: SegmentLike, error: any, peerId: string | undefined]
  segment_abort: [segment: SegmentLike]
  peer_connect: [peer: Peer]
  peer_close: [peerId: string]
  piece_bytes_downloaded: [method: Method, bytes: number, peerId: string | undefined]
  piece_bytes_uploaded: [method: Method, bytes: number, peerId: string | undefined]
  segment_start: [segment: SegmentLike, method: Method, peerId: string | undefined]
  tracker_update: [status: TrackerStatus]
  tracker_warning: [url: string, message: string]
  tracker_error: [url: string, error: LoaderError]
  peer_error: [peerId: string | undefined, error: LoaderError]
  storage_error: [error: LoaderError]
}

type Name = keyof EventArguments
type Listener<N extends Name> = (...args: EventArguments[N]) => void

export class HybridLoader {
  /** Whether there are WebRTC data channels here; where not, everything goes over HTTP. */
  static isSupported (): boolean

  /** Throws a TypeError that names the setting and what is accepted. */
  constructor (settings?: Partial<HybridLoaderSettings>)

  /** Replaces the queue. Events give back the very objects that are in `segments`. */
  load (segments: SegmentLike[], streamSwarmId: string, stream?: Stream): Promise<void>
  getSegment (id: string): Promise<SegmentLike | undefined>
  getSettings (): HybridLoaderSettings
  getDetails (): Details
  getStats (): Partial<Stats>
  /** Ends everything. A load() after it begins anew. */
  destroy (): Promise<void>

  on<N extends Name> (name: N, listener: Listener<N>): this
  addListener<N extends Name> (name: N, listener: Listener<N>): this
  prependListener<N extends Name> (name: N, listener: Listener<N>): this
  once<N extends Name> (name: N, listener: Listener<N>): this
  prependOnceListener<N extends Name> (name: N, listener: Listener<N>): this
  off<N extends Name> (name: N, listener: Listener<N>): this
  removeListener<N extends Name> (name: N, listener: Listener<N>): this
  removeAllListeners (name?: Name): this
  emit<N extends Name> (name: N, ...args: EventArguments[N]): boolean
  listenerCount (name: Name): number
  listeners (name: Name): Function[]
  rawListeners (name: Name): Function[]
  eventNames (): Name[]
  getMaxListeners (): number
  setMaxListeners (count: number): this
}

/** API version. */
export const version: string

declare global {
  interface Window {
    p2pml: {
      core: {
        HybridLoader: typeof HybridLoader
        Events: typeof Events
        Segment: typeof Segment
        version: string
      }
      [name: string]: any
    }
  }
}
