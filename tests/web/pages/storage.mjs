// Segments are kept in IndexedDB, whose quota is real; callbacks throw where the test says so.

const { Events, HybridLoader, Segment } = window.p2pml.core

const done = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(request.error)
})

/** As the seed's SegmentsStorage. */
class DiskStorage {
  /** What is in it. */
  ids = new Map()

  async open () {
    const opening = indexedDB.open('segments')
    opening.onupgradeneeded = () => opening.result.createObjectStore('data')
    this.database = await done(opening)
    return this
  }

  async storeSegment ({ id, url, masterSwarmId, sequence, data }) {
    // Written to the end, not only taken: the quota speaks up at the end.
    const transaction = this.database.transaction('data', 'readwrite')
    transaction.objectStore('data').put(data, id)
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve
      transaction.onabort = transaction.onerror = () => reject(transaction.error)
    })
    this.ids.set(id, { segment: { id, url, masterSwarmId, sequence } })
  }

  async getSegmentsMap () { return this.ids }

  async getSegment (id) {
    const item = this.ids.get(id)
    return item && { ...item.segment, data: await done(this.database.transaction('data').objectStore('data').get(id)) }
  }

  async clean () { return false }
  async destroy () { this.database.close() }
}

/** Loads `count` segments one after the other, as a player does; resolves to what was heard. */
window.play = async ({ count, size, throwing }) => {
  const storage = await new DiskStorage().open()
  const fail = name => () => { throw new Error(`${name} throws`) }
  const loader = new HybridLoader({ segmentsStorage: storage, useP2P: false, httpFailedSegmentTimeout: 50, [throwing]: throwing && fail(throwing) })
  const heard = { loaded: [], errors: [], storageErrors: [] }
  loader.on(Events.StorageError, error => heard.storageErrors.push(error.message))
  loader.on(Events.SegmentError, (_segment, error) => heard.errors.push(error.message))
  if (throwing === 'listener') loader.on(Events.SegmentLoaded, fail(throwing))
  const next = new Promise(resolve => {
    loader.on(Events.SegmentLoaded, ({ sequence, data }) => {
      heard.loaded.push([Number(sequence), data.byteLength])
      if (heard.loaded.length === count) resolve()
      else load(heard.loaded.length)
    })
    loader.on(Events.SegmentError, () => { if (heard.errors.length === 3) resolve() })
  })
  const load = n => loader.load([Object.assign(new Segment(`segment-${n}`, `/synth/disk/${size}/${n}.bin`), { sequence: String(n) })], 'swarm')
  load(0)
  await next
  const first = await loader.getSegment('segment-0')
  heard.first = first && first.data.byteLength
  await loader.destroy()
  return heard
}

window.report({ ready: true })
