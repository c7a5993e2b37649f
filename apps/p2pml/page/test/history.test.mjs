import assert from 'node:assert/strict'
import { test } from 'node:test'

import { History, span } from '../src/history.js'

const peer = (downloaded, uploaded = 0) => ({ id: 'a', downloaded, uploaded })
function stats (second, http, { peers = [], players = [], live = true } = {}) {
  return {
    now: second * 1000,
    total: { http, p2p: 0, upload: 0 },
    bytes: { delivered: http },
    streams: [{ manifest: 'm', label: 'l', type: 'main', live, segments: 5, peers, players }]
  }
}

test('rates are means, and what is older than five minutes is gone', () => {
  const history = new History()
  for (let i = 0; i <= span + 60; i++) history.add(stats(i, i * 100), null)
  assert.equal(history.points.length, span + 1)
  assert.equal(history.points[0].at, 60)
  assert.deepEqual([...new Set(history.points.map(point => point.http))], [100])
  assert.equal(history.totalRate('http'), 100)
  assert.equal(history.totalRate('p2p'), 0)
})

test('a burst is spread over the seconds of the mean', () => {
  const history = new History()
  for (let i = 0; i < 20; i++) history.add(stats(i, i < 10 ? 0 : 500), null)
  assert.deepEqual(history.points.slice(9, 16).map(point => point.http), [0, 100, 100, 100, 100, 100, 0])
})

test('while nothing was heard there is a gap, and no rate over it', () => {
  const history = new History()
  for (const [at, http] of [[0, 0], [1, 100], [60, 100_000], [61, 100_100]]) history.add(stats(at, http), null)
  assert.deepEqual(history.points.map(point => point.http ?? null), [null, 100, null, null, 100])
})

test('another gateway at the same address begins anew', () => {
  const history = new History()
  for (const at of [100, 101, 102]) history.add(stats(at, at * 1000), 3)
  history.add(stats(1, 10), null)
  assert.equal(history.points.length, 1)
  history.add(stats(2, 20), null)
  assert.equal(history.points.at(-1).http, 10)
})

test('figures that come twice count once', () => {
  const history = new History()
  for (const at of [1, 2, 2]) history.add(stats(at, at), null)
  assert.equal(history.points.length, 2)
})

test('each peer has its rates; one that came back starts anew', () => {
  const history = new History()
  const given = Array.from({ length: 6 }, (_, i) => stats(i, 0, { peers: [peer(i * 10, i * 20)] }))
  for (const figures of given) history.add(figures, null)
  const stream = given.at(-1).streams[0]
  assert.deepEqual(history.peerRates(stream, peer()), { down: 10, up: 20 })
  history.add(stats(6, 0), null)
  history.add(stats(7, 0, { peers: [peer(1000)] }), null)
  assert.deepEqual(history.peerRates(stream, peer()), { down: 0, up: 0 })
})

test('two streams that say the same of themselves are two', () => {
  const history = new History()
  const given = [0, 1].map(i => {
    const figures = stats(i, 0, { peers: [peer(i * 10)] })
    figures.streams.push({ ...figures.streams[0], peers: [peer(i * 70)] })
    return figures
  })
  for (const figures of given) history.add(figures, null)
  assert.deepEqual(given[1].streams.map(stream => history.peerRates(stream, peer()).down), [10, 70])
})

test('the least buffer is that of players who still play', () => {
  const history = new History()
  const player = (segment, buffer, active = true) => ({ segment, buffer, active })
  history.add(stats(1, 0, { players: [player(1, 7), player(2, 4), player(1, 0, false)] }), 2.5)
  assert.equal(history.points.at(-1).least, 4)
  assert.equal(history.points.at(-1).own, 2.5)
  history.add(stats(2, 0, { live: false, players: [player(4, 0), player(2, 6)] }), null)
  assert.equal(history.points.at(-1).least, 6)
  history.add(stats(3, 0), null)
  assert.equal(history.points.at(-1).least, null)
})
