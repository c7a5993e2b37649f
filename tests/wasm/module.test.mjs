// p2pml.wasm itself, without the JavaScript that ships with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Page, compiled, flags, kind, segment } from './module.mjs';

const onlyG0 = /p2pml-g0\.wasm$/.test(process.env.P2PML_WASM ?? '');
const kib = 1024;
const mib = 1024 * kib;
const quiet = { trackerAnnounce: [], httpDownloadProbability: 0 };

test('it imports the payload functions, those for numbers, and nothing else', () => {
  const imports = WebAssembly.Module.imports(compiled).map(({ module, name }) => `${module}.${name}`);
  assert.deepEqual(imports.sort(), ['env.numberOf', 'env.numberText', 'env.payloadFree', 'env.payloadIntact',
    'env.payloadJoin', 'env.payloadPeek']);
});

test('settings are checked, named, and told with their defaults', () => {
  const page = new Page();
  assert.equal(page.exports.interfaceVersion(), 2);
  assert.throws(() => page.create({ cachedSegmentsCount: 'many' }), /cachedSegmentsCount/);
  assert.throws(() => page.create({ noSuchSetting: 1 }), /noSuchSetting/);
  page.create({ cachedSegmentsCount: 7, httpDownloadProbability: 0.06 });
  const settings = page.query('getSettings');
  assert.equal(settings.cachedSegmentsCount, 7);
  assert.equal(settings.httpDownloadProbability, 0.06);
  assert.equal(settings.simultaneousHttpDownloads, 2);
  assert.deepEqual(page.query('getDetails').peers, []);
});

test('before create and after destroy nothing happens', () => {
  const page = new Page();
  assert.equal(page.exports.deadline(), Infinity);
  page.tell('tick');
  page.tell('httpDone', 1);
  assert.equal(page.exports.getSettings(), 0);
  assert.deepEqual(page.effects(), []);
  page.create(quiet);
  page.load([segment(1)]);
  page.tell('destroy');
  assert.deepEqual(
    page.effects().map(([is]) => is),
    [kind.segmentStart, kind.httpStart, kind.httpCancel],
  );
  page.load([segment(2)]);
  page.tell('destroy');
  page.tell('tick');
  assert.deepEqual(page.effects(), []);
  assert.equal(page.exports.deadline(), Infinity);
});

test('a segment over HTTP: never copied, freed when it leaves the storage', () => {
  const page = new Page().create(quiet);
  page.load([segment(1)]);
  const [[, request, asked, range]] = page.effectsOf(kind.httpStart);
  assert.equal(asked.url, 'http://o/1');
  assert.equal(range, null);
  const body = new Uint8Array(300 * kib).fill(7);
  const handle = page.respond(request, body, 3);
  const effects = page.effects();
  const bytes = effects.filter(([is]) => is === kind.pieceBytesDownloaded).map((record) => record[2]);
  assert.deepEqual(bytes, [100 * kib, 100 * kib, 100 * kib]);
  const [, loaded, peerId] = effects.find(([is]) => is === kind.segmentLoaded);
  assert.equal(peerId, null);
  assert.equal(loaded.id, 'm+1');
  assert.deepEqual(loaded.data, [handle, 0, body.byteLength]);
  assert.equal(loaded.responseUrl, 'http://o/response');
  assert.equal(page.joins, 0);
  assert.equal(page.peekedBytes, 0);
  assert.equal(page.query('getStats').httpBytes, body.byteLength);

  page.tell('getSegment', 'm+1', 42);
  page.tell('getSegment', 'm+2', 43);
  const results = page.effectsOf(kind.segmentResult);
  assert.deepEqual(results.map(([, token, found]) => [token, found?.data ?? null]), [[42, [handle, 0, body.byteLength]], [43, null]]);

  page.payloads.set(handle, new Uint8Array(0)); // a player has detached it
  page.tell('getSegment', 'm+1', 44);
  const after = page.effects();
  assert.deepEqual(after.filter(([is]) => is === kind.segmentResult), [[kind.segmentResult, 44, null]]);
  assert.equal(after.filter(([is]) => is === kind.httpStart).length, 1, 'it is in the queue, so it is loaded anew');
  assert.equal(page.payloads.size, 0);
});

test('a load that is wrong changes nothing and says what is wrong', () => {
  const page = new Page().create(quiet);
  assert.throws(() => page.load([{ id: 5, url: 'u' }]), /segments\[0\]: id: expected a string, got number/);
  if (!onlyG0) assert.throws(() => page.load([segment(1)], 'm', '{"type":"third"}'), /stream: type: expected "main" or "secondary"/);
  assert.throws(() => page.load({}), /expected an array/);
  assert.deepEqual(page.effects(), []);
});

test('what the stream is, is of no use to the module of G0 alone', { skip: !onlyG0 }, () => {
  const page = new Page().create(quiet);
  page.load([segment(1)], 'm', '{"type":"third"}');
  assert.equal(page.effectsOf(kind.httpStart).length, 1);
});

test('hooks: a validator refuses, a custom storage keeps', () => {
  const page = new Page().create(quiet, flags.segmentValidator | flags.customStorage);
  page.load([segment(1)]);
  const [[, map, master]] = page.effectsOf(kind.storageMap);
  assert.equal(master, 'm');
  page.tell('hookSegments', map, '[]');
  const start = () => page.effectsOf(kind.httpStart)[0][1];
  page.respond(start(), new Uint8Array(10));
  const [[, question, judged, method]] = page.effectsOf(kind.validate);
  assert.equal(method, 'http');
  assert.equal(judged.data[2], 10);
  page.tell('hookFailed', question, 'it is all zeros');
  const [[, failed, error]] = page.effectsOf(kind.segmentError);
  assert.equal(failed.id, 'm+1');
  assert.match(error[1], /it is all zeros/);
  page.advanceTo(11_000);
  const handle = page.respond(start(), new Uint8Array(10).fill(1));
  page.tell('hookDone', page.effectsOf(kind.validate)[0][1]);
  const [[, storing, kept]] = page.effectsOf(kind.storageStore);
  assert.deepEqual(kept.data, [handle, 0, 10]);
  page.tell('hookDone', storing);
  assert.equal(page.effectsOf(kind.segmentLoaded).length, 1);
  page.tell('tick');
  assert.equal(page.payloads.size, 0, 'the storage has it now');
  page.tell('getSegment', 'm+1', 1);
  const [[, reading]] = page.effectsOf(kind.storageGet);
  page.tell('hookSegment', reading, JSON.stringify(segment(1)), page.add(new Uint8Array(10)), 10);
  assert.equal(page.effectsOf(kind.segmentResult)[0][2].data[2], 10);
  page.tell('destroy');
  assert.equal(page.effectsOf(kind.storageDestroy).length, 1);
});

// A tracker and a network between two pages: carries out what they want of each other until neither wants anything.
function connect(a, b) {
  const other = new Map([[a, b], [b, a]]);
  const channels = new Map(); // page -> its connection, once open
  const sent = new Map([[a, 0], [b, 0]]);
  const rest = new Map([[a, []], [b, []]]);
  const carryOut = (page, [is, id, what]) => {
    const peer = other.get(page);
    if (is === kind.socketOpen) page.tell('socketOpened', id);
    else if (is === kind.peerOffer) page.tell('offerCreated', id, `offer ${id}`);
    else if (is === kind.peerAnswer) {
      channels.set(page, id);
      page.tell('answerCreated', id, `answer to ${what}`);
    } else if (is === kind.peerSetAnswer) {
      channels.set(page, id);
      for (const each of [a, b]) each.tell('peerOpened', channels.get(each), '192.0.2.1');
    } else if (is === kind.peerSend) {
      peer.tell('peerMessage', channels.get(peer), peer.add(what), what.byteLength);
      sent.set(page, sent.get(page) + what.byteLength);
      page.tell('peerDrained', id, sent.get(page));
    } else if (is === kind.socketSend) {
      const { info_hash, peer_id, offers = [], answer, offer_id } = JSON.parse(what);
      const relayed = answer ? { answer, offer_id } : { offer: offers[0]?.offer, offer_id: offers[0]?.offer_id };
      if (channels.size === 0 && offers.length === 0) return;
      if (page.socket === undefined || peer.socket === undefined) return;
      if (channels.size > (answer ? 1 : 0)) return;
      peer.tell('socketMessage', peer.socket, JSON.stringify({ action: 'announce', info_hash, peer_id, ...relayed }));
    } else rest.get(page).push([is, id, what]);
  };
  const settle = () => {
    for (let busy = true; busy;) {
      busy = false;
      for (const page of [a, b]) {
        for (const effect of page.effects()) {
          busy = true;
          if (effect[0] === kind.socketOpen) page.socket = effect[1];
          carryOut(page, effect);
        }
      }
    }
  };
  const take = (page, is) => {
    const found = rest.get(page).filter(([each]) => each === is);
    rest.set(page, rest.get(page).filter(([each]) => each !== is));
    return found;
  };
  return { settle, take };
}

test('a segment from page to page: its bytes stay outside but for one join', () => {
  const settings = { trackerAnnounce: ['wss://tracker'], httpDownloadProbability: 0 };
  const a = new Page().create(settings, flags.webRtc, 1);
  const b = new Page().create(settings, flags.webRtc, 2);
  const world = connect(a, b);
  const body = Uint8Array.from({ length: 2 * mib }, (_, i) => (i * 2654435761) >>> 24);
  a.load([segment(1)]);
  world.settle();
  const [[, request]] = world.take(a, kind.httpStart);
  a.respond(request, body);
  world.settle();
  b.load([segment(1, 5)]); // not urgent: it waits for peers
  world.settle();
  for (let ms = 500; ms <= 40_000 && world.take(b, kind.peerConnect).length === 0; ms += 500) {
    a.advanceTo(ms);
    b.advanceTo(ms);
    world.settle();
  }
  world.settle();
  const loaded = world.take(b, kind.segmentLoaded);
  assert.equal(loaded.length, 1, 'it came');
  assert.equal(b.query('getStats').p2pBytes, body.byteLength);
  assert.equal(a.query('getStats').uploadedBytes, body.byteLength);
  assert.equal(b.joins, 1);
  assert.ok(a.peekedBytes < 1000 && b.peekedBytes < 2000, `${a.peekedBytes} and ${b.peekedBytes} bytes were read`);
  b.tell('getSegment', 'm+1', 1);
  const [[, , got]] = b.effectsOf(kind.segmentResult);
  assert.deepEqual(Buffer.from(b.bytesOf(got.data)), Buffer.from(body));
  assert.deepEqual([...b.payloads.keys()], [got.data[0]], 'only the whole segment is kept');
  assert.equal(b.query('getDetails').peers.length, 1);
});

test('memory does not grow over 500 segments of 2 MiB through a storage of 30', () => {
  const page = new Page().create({ ...quiet, cachedSegmentsCount: 30 });
  const body = new Uint8Array(2 * mib);
  let after100 = 0;
  for (let number = 1; number <= 500; ++number) {
    page.load([segment(number)]);
    const starts = page.effectsOf(kind.httpStart);
    assert.equal(starts.length, 1);
    // The bytes themselves do not matter here: one buffer stands for all.
    page.respond(starts[0][1], body, 32);
    assert.equal(page.effectsOf(kind.segmentLoaded).length, 1);
    page.advanceTo(page.now + 2000);
    if (number === 100) after100 = page.memoryBytes;
  }
  assert.ok(page.payloads.size <= 32, `${page.payloads.size} payloads are kept`);
  assert.equal(page.memoryBytes, after100);
  assert.ok(page.memoryBytes < mib, `${page.memoryBytes} bytes`);
  page.tell('destroy');
  page.effects();
  page.tell('tick');
  assert.equal(page.payloads.size, 0);
});
