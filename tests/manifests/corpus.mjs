// The corpus: where each manifest comes from, and what p2pml and others make of it, brought to one form.
//
// A row is one segment: { url, duration and start in microseconds, range "offset+length" or "", number }. Fields that a
// parser does not have are left out of its rows.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import hlsParser from 'hls-parser';
import { Parser as M3u8Parser } from 'm3u8-parser';
import mpdParser from 'mpd-parser';

const here = dirname(fileURLToPath(import.meta.url));
const build = resolve(process.env.P2PML_BUILD_DIR ?? join(here, '../../build/dev'));

/** The clock at which dynamic MPDs are read. */
export const kNow = '2026-01-01T00:10:00Z';

export const filesOf = folder => readdirSync(join(here, folder)).sort();
export const textOf = (folder, file) => readFileSync(join(here, folder, file), 'utf8');
export const baseOf = file => `https://example.com/manifests/${file}?token=t1`;

/** The model that `p2pml probe` prints; throws with its message if it refuses the manifest. */
export function probe(folder, file) {
  const args = ['--log-level', 'error', 'probe', '--json', '--manifest', join(here, folder, file), '--base', baseOf(file), '--now', kNow];
  try {
    return JSON.parse(execFileSync(join(build, 'p2pml'), args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] }));
  } catch (error) {
    if (error.status !== 1) throw error;
    // "DATE TIME error probe: FILE: MESSAGE"
    throw new Error(error.stderr.trim().split('\n').at(-1).replace(/^.* error probe: /, '').replace(`${join(here, folder, file)}: `, ''));
  }
}

const micro = seconds => Math.round(seconds * 1e6);
const rangeOf = range => (range ? `${range.offset}+${range.length}` : '');
const rowOf = segment => ({ url: segment.url, duration: micro(segment.duration), start: micro(segment.start), range: rangeOf(segment.range), number: segment.number });

/** Streams of p2pml's model: from kind and id to rows. */
export function ours(model) {
  const streams = new Map();
  for (const stream of model.streams) {
    const rows = stream.segments.map(rowOf);
    for (const index of stream.indexes ?? []) rows.push({ url: index.url, range: rangeOf(index.range) });
    streams.set(`${stream.kind} ${stream.id}`, rows);
  }
  return streams;
}

const absolute = (uri, base) => new URL(uri, base).href;

export const parsers = {
  'm3u8-parser': {
    folder: 'hls',
    read(text, base) {
      const parser = new M3u8Parser({ uri: base });
      parser.push(text);
      parser.end();
      const { manifest } = parser;
      const streams = new Map();
      if (manifest.playlists) {
        for (const playlist of manifest.playlists) streams.set(absolute(playlist.uri, base), []);
        for (const groups of Object.values(manifest.mediaGroups)) {
          for (const group of Object.values(groups)) {
            for (const rendition of Object.values(group)) if (rendition.uri) streams.set(absolute(rendition.uri, base), []);
          }
        }
        for (const playlist of manifest.iFramePlaylists ?? []) streams.set(absolute(playlist.uri, base), []);
        return streams;
      }
      const rows = manifest.segments.map((segment, i) => ({
        url: absolute(segment.uri, base), duration: micro(segment.duration), range: rangeOf(segment.byterange), number: manifest.mediaSequence + i,
      }));
      return streams.set(base, rows);
    },
  },
  'hls-parser': {
    folder: 'hls',
    read(text, base) {
      hlsParser.setOptions({ strictMode: false, silent: true });
      const playlist = hlsParser.parse(text);
      const streams = new Map();
      if (playlist.isMasterPlaylist) {
        for (const variant of playlist.variants) {
          streams.set(absolute(variant.uri, base), []);
          for (const group of ['audio', 'video', 'subtitles']) {
            for (const rendition of variant[group]) if (rendition.uri) streams.set(absolute(rendition.uri, base), []);
          }
        }
        return streams;
      }
      // A segment without a URI is what it makes of parts that have no segment yet.
      const rows = playlist.segments.filter(segment => segment.uri).map(segment => ({
        url: absolute(segment.uri, base), duration: micro(segment.duration), range: rangeOf(segment.byterange), number: segment.mediaSequenceNumber,
      }));
      return streams.set(base, rows);
    },
  },
  'mpd-parser': {
    folder: 'dash',
    read(text, base) {
      const manifest = mpdParser.parse(text, { manifestUri: base, NOW: Date.parse(kNow) });
      const streams = new Map();
      const add = (kind, playlist) => {
        const rows = playlist.segments.map(segment => ({
          url: segment.resolvedUri, duration: micro(segment.duration), range: rangeOf(segment.byterange),
          ...(segment.presentationTime === undefined ? {} : { start: micro(segment.presentationTime) }),
        }));
        if (playlist.sidx) rows.push({ url: playlist.sidx.resolvedUri, range: rangeOf(playlist.sidx.byterange) });
        // Playlists of one name are the Periods of a stream, or its mirrors, which begin again.
        const key = `${kind} ${playlist.attributes.NAME}`;
        const known = streams.get(key) ?? [];
        if (known.length === 0 || rows[0]?.start > known.at(-1).start) streams.set(key, [...known, ...rows]);
      };
      for (const playlist of manifest.playlists) add('video', playlist);
      for (const [kind, name] of [['audio', 'AUDIO'], ['subtitles', 'SUBTITLES']]) {
        for (const group of Object.values(manifest.mediaGroups[name])) {
          for (const rendition of Object.values(group)) for (const playlist of rendition.playlists) add(kind, playlist);
        }
      }
      return streams;
    },
  },
};

/** In what two readings of one manifest differ: "streams", "count", or fields of rows that both have. */
export function differences(mine, theirs) {
  const found = new Set();
  const keys = new Set([...mine.keys(), ...theirs.keys()]);
  for (const key of keys) {
    const a = mine.get(key);
    const b = theirs.get(key);
    if (!a || !b) {
      found.add('streams');
      continue;
    }
    if (a.length !== b.length) {
      found.add('count');
      continue;
    }
    for (let i = 0; i < a.length; ++i) {
      for (const field of ['url', 'duration', 'start', 'range', 'number']) {
        if (!(field in a[i]) || !(field in b[i])) continue;
        // Others reckon with doubles: two microseconds are the same time.
        const same = typeof a[i][field] === 'number' && field !== 'number' ? Math.abs(a[i][field] - b[i][field]) <= 2 : a[i][field] === b[i][field];
        if (!same) found.add(field);
      }
    }
  }
  return [...found].sort();
}
