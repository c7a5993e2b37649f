// The module p2pml.wasm driven by hand, as the JavaScript around it drives it (src/platform/web/interface.hpp): payloads
// in a map, a clock that the test moves, effects as they are recorded.
import { readFileSync } from 'node:fs';

const path = process.env.P2PML_WASM ?? new URL('../../build/wasm/p2pml.wasm', import.meta.url);
export const compiled = new WebAssembly.Module(readFileSync(path));

export const kind = {
  httpStart: 1, httpCancel: 2, socketOpen: 3, socketSend: 4, socketClose: 5, peerOffer: 6, peerAnswer: 7,
  peerSetAnswer: 8, peerSend: 9, peerClose: 10, validate: 11, storageStore: 12, storageMap: 13, storageGet: 14,
  storageClean: 15, storageDestroy: 16, segmentResult: 17, segmentLoaded: 32, segmentError: 33, segmentAbort: 34,
  peerConnect: 35, peerClosed: 36, pieceBytesDownloaded: 37, pieceBytesUploaded: 38, segmentStart: 39,
  trackerUpdate: 40, trackerWarning: 41, trackerError: 42, peerError: 43, storageError: 44,
};
export const flags = { webRtc: 1, segmentValidator: 2, customStorage: 4 };

export class Page {
  payloads = new Map();  // handle -> Uint8Array, or null until its bytes come
  freed = 0;
  joins = 0;
  peekedBytes = 0;
  now = 0;
  #lastHandle = 0;

  constructor() {
    const bytes = (handle, offset, length) =>
      handle === 0 ? new Uint8Array(this.#memory, offset, length) : this.payloads.get(handle).subarray(offset, offset + length);
    const env = {
      payloadPeek: (handle, offset, target, length) => {
        this.peekedBytes += length;
        const to = new Uint8Array(this.#memory, target, length);
        if (env.payloadIntact(handle)) to.set(bytes(handle, offset, length));
        else to.fill(0);
      },
      payloadJoin: (at, count) => {
        ++this.joins;
        const table = new Uint32Array(this.#memory.slice(at, at + 12 * count));
        const parts = Array.from({ length: count }, (_, i) => bytes(...table.subarray(3 * i, 3 * i + 3)));
        return this.add(Buffer.concat(parts));
      },
      payloadFree: (handle) => {
        if (!this.payloads.delete(handle)) throw new Error(`payload ${handle} was freed twice`);
        ++this.freed;
      },
      payloadIntact: (handle) => (this.payloads.get(handle)?.byteLength > 0 ? 1 : 0),
      numberOf: (at, length) => Number(Buffer.from(this.#memory, at, length).toString()),
      numberText: (value, at) => Buffer.from(this.#memory, at, 32).write(String(value)),
    };
    this.exports = new WebAssembly.Instance(compiled, { env }).exports;
    this.exports._initialize();
  }

  get #memory() {
    return this.exports.memory.buffer;
  }
  get memoryBytes() {
    return this.#memory.byteLength;
  }

  /** A payload with its handle; null: its bytes come later. */
  add(bytes) {
    this.payloads.set(++this.#lastHandle, bytes);
    return this.#lastHandle;
  }
  /** Calls an export; strings become place and length. */
  call(name, ...args) {
    const texts = args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : null));
    const size = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
    let place = size > 0 ? this.exports.scratch(size) : 0;
    const flat = args.flatMap((arg, i) => {
      if (texts[i] === null) return [arg];
      new Uint8Array(this.#memory).set(texts[i], place);
      place += texts[i].length;
      return [place - texts[i].length, texts[i].length];
    });
    return this.exports[name](...flat);
  }
  /** The text that an export left, by the length it answered. */
  text(length) {
    const at = this.exports.text();
    return Buffer.from(this.#memory.slice(at, at + length)).toString();
  }
  /** Calls an input export at the present time. */
  tell(name, ...args) {
    return this.call(name, this.now, ...args);
  }
  create(settings = {}, withFlags = 0, seed = 1) {
    const length = this.tell('create', JSON.stringify(settings), withFlags, seed, 0);
    if (length > 0) throw new Error(this.text(length));
    return this;
  }
  load(segments, swarm = 'm', stream = '') {
    const length = this.tell('load', JSON.stringify(segments), swarm, stream);
    if (length > 0) throw new Error(this.text(length));
  }
  query(name) {
    return JSON.parse(this.text(this.exports[name]()));
  }
  /** Effects since the last call; each peerSend's payload as its bytes. */
  effects() {
    const length = this.exports.effects();
    const records = length > 0 ? JSON.parse(this.text(length)) : [];
    for (const record of records) {
      if (record[0] === kind.peerSend) record[2] = this.bytesOf(record[2]);
    }
    return records;
  }
  /** Only those of that kind. */
  effectsOf(which) {
    return this.effects().filter(([is]) => is === which);
  }
  bytesOf([handle, offset, length]) {
    const source = handle === 0 ? new Uint8Array(this.#memory) : this.payloads.get(handle);
    return source.slice(offset, offset + length);
  }
  /** Moves time to `ms`, ticking at each deadline on the way. */
  advanceTo(ms) {
    while (this.exports.deadline() <= ms) {
      this.now = Math.max(this.now, this.exports.deadline());
      this.tell('tick');
    }
    this.now = ms;
  }

  /** A whole answer to an HTTP request, as XMLHttpRequest gives it: progress first, the bytes at the end. */
  respond(request, body, pieces = 1) {
    this.tell('httpHead', request, 200, body.byteLength, -1, -1, 0, 'http://o/request', 'http://o/response');
    const handle = this.add(null);
    for (let i = 0; i < pieces; ++i) {
      const from = Math.floor((body.byteLength * i) / pieces);
      const to = Math.floor((body.byteLength * (i + 1)) / pieces);
      if (i === pieces - 1) this.payloads.set(handle, body);
      this.tell('httpData', request, handle, from, to - from);
    }
    this.tell('httpDone', request);
    return handle;
  }
}

export function segment(number, priority = 0) {
  return { id: `m+${number}`, url: `http://o/${number}`, priority, masterSwarmId: 'm', sequence: String(number) };
}
