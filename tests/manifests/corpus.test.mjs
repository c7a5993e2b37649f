// The corpus read by p2pml and by npm's parsers: the same streams and segments (URLs, durations, starts, ranges, sequence
// numbers) but for what stands in the tables below, each with its reason. An entry that is not needed any more fails too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { baseOf, differences, filesOf, ours, parsers, probe, textOf } from './corpus.mjs';

/** file -> parser -> what differs, or "refused": the parser does not read it; and why p2pml does otherwise. */
const kDifferent = {
  'define-master.m3u8': { 'hls-parser': ['streams', 'no EXT-X-DEFINE there; RFC 8216 second edition, section 4.3 and 4.4.2.3: variables are substituted'] },
  'define-variables.m3u8': { 'hls-parser': ['url', 'as above, QUERYPARAM'] },
  'epoch-live-time.mpd': { 'mpd-parser': ['url', '$Time$ above 2^53 is rounded there; ISO/IEC 23009-1 5.3.9.6: S@t and S@d are unsigned integers, their sums exact'] },
  'prefixed-names.mpd': { 'mpd-parser': ['refused', 'a prefix on element names is not known there; Namespaces in XML 1.0, section 6: a prefix is no part of the local name'] },
  'progressive-file.mpd': { 'mpd-parser': ['refused', 'it fails where nothing says how segments are addressed; ISO/IEC 23009-1 5.3.9.1: BaseURL alone is one segment'] },
  'thumbnail-tiles.mpd': { 'mpd-parser': ['streams', 'images are no streams there; p2pml lists them, without sharing them'] },
  'usp-vod.mpd': { 'mpd-parser': ['streams', 'trick modes are plain video there; DASH-IF IOP 4.3, section 3.2.9: they are for seeking, so p2pml keeps them apart'] },
};

/** What p2pml does not read although it may look fine: the end of its message, and why. */
const kRefused = {
  'delta-update.m3u8': ['line 6: EXT-X-SKIP: this is a delta update, expected a whole playlist',
    'RFC 8216 second edition, 4.4.5.2: without the version before it its segments have no numbers'],
};

/** Broken and hostile manifests: what p2pml says. */
const kBroken = {
  'attribute-twice.m3u8': 'line 3: EXT-X-KEY: attribute "URI" appears twice, expected once',
  'both-kinds.m3u8': 'line 4: EXT-X-TARGETDURATION: expected no tag of a media playlist',
  'byterange-without-start.m3u8': 'line 5: URI: EXT-X-BYTERANGE without an offset',
  'control-character.m3u8': 'line 4: text: contains a control character',
  'cut-off.m3u8': 'the playlist is cut off',
  'cut-off.mpd': 'MPD: cut off within a tag',
  'deep-nesting.mpd': 'MPD: elements more than 64 deep',
  'define-bomb.m3u8': 'longer than 65536 bytes with its variables substituted',
  'define-cycle.m3u8': 'line 3: EXT-X-DEFINE: variable {$b}: expected an EXT-X-DEFINE of it before this line',
  'empty.m3u8': 'expected an HLS playlist, which begins with #EXTM3U, or an MPD, which is XML',
  'entity-bomb.mpd': 'MPD: a document type, expected none',
  'external-entity.mpd': 'MPD: a document type, expected none',
  'html-instead.m3u8': 'MPD: a document type, expected none',
  'huge-count.mpd': 'more than 400000 segments',
  'huge-duration.m3u8': 'line 3: EXTINF: expected a duration from 0 to 1000000 seconds',
  'huge-repeat.mpd': 'more than 400000 segments',
  'huge-sequence.m3u8': 'line 3: EXT-X-MEDIA-SEQUENCE: expected a whole number',
  'import-without-master.m3u8': 'line 3: EXT-X-DEFINE: IMPORT "a": expected the multivariant playlist to define it',
  'negative-duration.m3u8': 'line 3: EXTINF: expected a duration from 0 to 1000000 seconds, found "-1"',
  'negative-period.mpd': 'mediaPresentationDuration is "-PT10S"',
  'no-period.mpd': 'MPD: expected at least one Period',
  'no-target-duration.m3u8': 'expected an EXT-X-TARGETDURATION',
  'not-an-mpd.mpd': 'the root element is "html", expected "MPD"',
  'script-urls.m3u8': 'playlist: segment "javascript:alert(1)": expected a URL of http or https',
  'script-urls.mpd': '"file:///etc/passwd": expected a URL of http or https',
  'unordered-periods.mpd': 'MPD: Period 2: it starts before the Period before it',
  'wide-number.mpd': 'template: "Number%0999999999d", expected a width',
  'zero-duration.mpd': 'duration is "0", expected at least 1',
  'zero-timescale.mpd': 'timescale is "0", expected at least 1',
};

test('the corpus is as large as it should be', () => {
  const good = filesOf('hls').length + filesOf('dash').length;
  assert.ok(good >= 60, `${good} manifests`);
  for (const file of [...Object.keys(kDifferent), ...Object.keys(kRefused)]) {
    assert.ok([...filesOf('hls'), ...filesOf('dash')].includes(file), file);
  }
});

for (const [name, parser] of Object.entries(parsers)) {
  for (const file of filesOf(parser.folder)) {
    if (kRefused[file]) continue;
    test(`${file} as ${name} reads it`, () => {
      const [expected, reason] = kDifferent[file]?.[name] ?? ['', ''];
      let mine = ours(probe(parser.folder, file));
      let found;
      try {
        const theirs = parser.read(textOf(parser.folder, file), baseOf(file));
        // Of a playlist they say no kind.
        if (parser.folder === 'hls') mine = new Map([...mine].map(([key, rows]) => [key.slice(key.indexOf(' ') + 1), rows]));
        assert.ok(theirs.size > 0, 'no stream to compare');
        found = differences(mine, theirs).join(' ');
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        found = 'refused';
        assert.equal(expected, found, `${name} refuses: ${error.message}`);
      }
      assert.equal(found, expected, expected ? `expected to differ: ${reason}` : 'expected no difference');
    });
  }
}

for (const [file, [message, reason]] of Object.entries(kRefused)) {
  test(`${file} is refused`, () => assert.throws(() => probe('hls', file), { message }, reason));
}

for (const file of filesOf('broken')) {
  // What is behind xlink is not fetched, and what is not behind it counts: no error, but a note.
  if (file === 'xlink.mpd') continue;
  test(`${file} is refused in words`, () => {
    assert.ok(kBroken[file], 'expected a line in the table');
    assert.throws(() => probe('broken', file), error => {
      assert.ok(error.message.includes(kBroken[file]), error.message);
      return true;
    });
  });
}

test('xlink.mpd is read without what is elsewhere', () => {
  const model = probe('broken', 'xlink.mpd');
  assert.deepEqual(model.notes, ['Period 1: xlink:href is not followed; what stands in the element counts']);
  assert.equal(model.streams[0].segments.length, 2);
});
