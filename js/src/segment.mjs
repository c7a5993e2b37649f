// The seed's Segment, and how segments cross the border of the module: as objects of these fields (src/platform/web/interface.hpp).

export class Segment {
  /**
   * @param {string} id unique across peers
   * @param {string} url
   * @param {string} [range] value of an HTTP Range header
   * @param {number} [priority] non-negative; the lower the value, the higher the priority
   */
  constructor (id, url, range, priority = 0) {
    this.id = id
    this.url = url
    this.range = range
    this.priority = priority
    this.masterSwarmId = undefined
    this.masterManifestUri = undefined
    this.streamId = undefined
    this.sequence = undefined
    this.data = undefined
    this.downloadBandwidth = undefined
    this.downloadSpeed = undefined
    this.requestUrl = undefined
    this.responseUrl = undefined
  }
}

const texts = ['id', 'url', 'range', 'masterSwarmId', 'masterManifestUri', 'streamId', 'sequence', 'requestUrl', 'responseUrl']
const numbers = ['priority', 'externalId', 'duration', 'neededIn', 'downloadBandwidth', 'downloadSpeed']

const isGiven = value => value !== undefined && value !== null
const whole = value => Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER))

/**
 * What the module is told of a segment: everything but its data. Numbers in fields of text are written out, as 0.6.2 did when it joined
 * them; its own numbers are whole: Infinity is how JavaScript says "last", and 0.6.2 has left fractions in storages.
 */
export function toRecord (segment) {
  const record = { priority: 0 }
  for (const name of texts) if (isGiven(segment[name])) record[name] = String(segment[name])
  for (const name of numbers) if (isGiven(segment[name])) record[name] = whole(segment[name])
  return record
}

/**
 * Writes what the loader found out into the object that the application gave. What the application said of the segment is left
 * as it is: integrations compare `range` with ===, also where it is undefined.
 */
export function fill (segment, record) {
  if (record.data) segment.data = record.data
  if (record.downloadBandwidth !== undefined) segment.downloadBandwidth = record.downloadBandwidth
  if (record.downloadSpeed !== undefined) segment.downloadSpeed = record.downloadSpeed
  if (record.requestUrl !== undefined) segment.requestUrl = record.requestUrl
  if (record.responseUrl !== undefined) segment.responseUrl = record.responseUrl
  return segment
}

/** A Segment of its own for a record. */
export function fromRecord (record) {
  return Object.assign(new Segment(record.id, record.url, undefined, 0), record)
}
