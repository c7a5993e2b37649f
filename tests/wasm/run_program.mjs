// Runs one WebAssembly program that has a main(): node tests/wasm/run_program.mjs PROGRAM.wasm [ARGUMENT...]
//
// It may read the repository, under its own path, for the golden files, and write to standard output and error; nothing
// else. Its exit status is ours. The part of WASI preview 1 that this takes is here, because node:wasi of node 20 frees
// itself in the middle of its own calls (uv_mutex_destroy under uvwasi_fd_write, seen in the media tests).
import { closeSync, fstatSync, openSync, readFileSync, readSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [program, ...args] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const success = 0;
const badDescriptor = 8;
const noEntry = 44;
const notSupported = 52;
const directory = 3;
const regular = 4;
const character = 2;
const rootFd = 3;

class Exit extends Error {
  constructor(status) {
    super(`exit ${status}`);
    this.status = status;
  }
}

let memory;
const view = () => new DataView(memory.buffer);
const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);
const open = new Map([[rootFd, { path: root, names: undefined }]]); // descriptor -> {path, names} or {fd, position}
let lastFd = rootFd;

/** Texts one after the other, each ended by a zero, and where each begins. */
function putTexts(texts, pointers, at) {
  for (const text of texts) {
    view().setUint32(pointers, at, true);
    pointers += 4;
    const encoded = Buffer.from(`${text}\0`);
    bytes(at, encoded.length).set(encoded);
    at += encoded.length;
  }
  return success;
}
function putTextSizes(texts, countAt, sizeAt) {
  view().setUint32(countAt, texts.length, true);
  view().setUint32(sizeAt, texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0), true);
  return success;
}
/** Calls use(buffer) for each until one is not filled; the sum of what they answer goes to `at`. */
function each(vectors, count, at, use) {
  let total = 0;
  for (let i = 0; i < count; ++i) {
    const length = view().getUint32(vectors + 8 * i + 4, true);
    const done = use(bytes(view().getUint32(vectors + 8 * i, true), length));
    total += done;
    if (done < length) break;
  }
  view().setUint32(at, total, true);
  return success;
}
const pathAt = (at, length) => join(root, Buffer.from(bytes(at, length)).toString());
function typeOf(stat) {
  return stat.isDirectory() ? directory : regular;
}

const wasi = {
  args_get: (pointers, at) => putTexts([program, ...args], pointers, at),
  args_sizes_get: (count, size) => putTextSizes([program, ...args], count, size),
  environ_get: () => success,
  environ_sizes_get: (count, size) => putTextSizes([], count, size),
  clock_time_get: (_clock, _precision, at) => {
    view().setBigUint64(at, BigInt(Date.now()) * 1_000_000n, true);
    return success;
  },
  fd_close: (fd) => {
    const file = open.get(fd);
    if (!file || fd === rootFd) return badDescriptor;
    if (file.fd !== undefined) closeSync(file.fd);
    open.delete(fd);
    return success;
  },
  fd_fdstat_get: (fd, at) => {
    const file = open.get(fd);
    if (!file && fd > 2) return badDescriptor;
    bytes(at, 24).fill(0);
    view().setUint8(at, fd <= 2 ? character : file.fd === undefined ? directory : regular);
    for (const rights of [8, 16]) view().setBigUint64(at + rights, 0xffff_ffff_ffff_ffffn, true);
    return success;
  },
  fd_prestat_get: (fd, at) => {
    if (fd !== rootFd) return badDescriptor;
    view().setUint32(at, 0, true);
    view().setUint32(at + 4, Buffer.byteLength(root), true);
    return success;
  },
  fd_prestat_dir_name: (_fd, at, length) => {
    bytes(at, length).set(Buffer.from(root).subarray(0, length));
    return success;
  },
  fd_read: (fd, vectors, count, at) => {
    const file = open.get(fd);
    if (file?.fd === undefined) return badDescriptor;
    return each(vectors, count, at, (buffer) => {
      const done = readSync(file.fd, buffer, 0, buffer.length, file.position);
      file.position += done;
      return done;
    });
  },
  fd_readdir: (fd, at, length, cookie, usedAt) => {
    const folder = open.get(fd);
    if (folder?.path === undefined) return badDescriptor;
    folder.names ??= readdirSync(folder.path, { withFileTypes: true });
    const entries = folder.names.slice(Number(cookie)).map((entry, i) => {
      const name = Buffer.from(entry.name);
      const record = Buffer.alloc(24 + name.length);
      record.writeBigUInt64LE(cookie + BigInt(i) + 1n, 0);
      record.writeUInt32LE(name.length, 16);
      record.writeUInt8(typeOf(entry), 20);
      name.copy(record, 24);
      return record;
    });
    const all = Buffer.concat(entries).subarray(0, length);
    bytes(at, all.length).set(all);
    view().setUint32(usedAt, all.length, true);
    return success;
  },
  fd_seek: (fd, offset, whence, at) => {
    const file = open.get(fd);
    if (file?.fd === undefined) return badDescriptor;
    const from = [0, file.position, whence === 2 ? fstatSync(file.fd).size : 0][whence];
    file.position = from + Number(offset);
    view().setBigUint64(at, BigInt(file.position), true);
    return success;
  },
  fd_write: (fd, vectors, count, at) => {
    if (fd !== 1 && fd !== 2) return badDescriptor;
    return each(vectors, count, at, (buffer) => {
      for (let done = 0; done < buffer.length;) {
        try {
          done += writeSync(fd, buffer, done);
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error;
        }
      }
      return buffer.length;
    });
  },
  path_filestat_get: (_fd, _flags, path, length, at) => {
    const stat = statSync(pathAt(path, length), { throwIfNoEntry: false });
    if (!stat) return noEntry;
    bytes(at, 64).fill(0);
    view().setUint8(at + 16, typeOf(stat));
    view().setBigUint64(at + 32, BigInt(stat.size), true);
    return success;
  },
  path_open: (_fd, _flags, path, length, _how, _rights, _inherited, _status, at) => {
    const file = pathAt(path, length);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return noEntry;
    open.set(++lastFd, stat.isDirectory() ? { path: file } : { fd: openSync(file, 'r'), position: 0 });
    view().setUint32(at, lastFd, true);
    return success;
  },
  proc_exit: (status) => {
    throw new Exit(status);
  },
};

const module = new WebAssembly.Module(readFileSync(program));
for (const { name } of WebAssembly.Module.imports(module)) wasi[name] ??= () => notSupported;
const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
memory = instance.exports.memory;
try {
  instance.exports._start();
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  process.exitCode = error.status;
}
