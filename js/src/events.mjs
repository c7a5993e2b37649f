// The events of HybridLoader: the seed's seven with its values, then those beyond the seed (include/p2pml/events.hpp).

export const Events = {
  SegmentLoaded: 'segment_loaded',
  SegmentError: 'segment_error',
  SegmentAbort: 'segment_abort',
  PeerConnect: 'peer_connect',
  PeerClose: 'peer_close',
  PieceBytesDownloaded: 'piece_bytes_downloaded',
  PieceBytesUploaded: 'piece_bytes_uploaded',
  SegmentStart: 'segment_start',
  TrackerUpdate: 'tracker_update',
  TrackerWarning: 'tracker_warning',
  TrackerError: 'tracker_error',
  PeerError: 'peer_error',
  StorageError: 'storage_error'
}
