import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bits, bytes, count, duration, latency, percent, rate, stream } from '../src/format.js'

test('amounts have three digits and a unit', () => {
  assert.deepEqual([0, 999, 999.6, 1000, 1234567, 12.34e6, 123.4e6, 999.9e6, 5e15].map(n => bytes(n)),
    ['0 B', '999 B', '1.00 kB', '1.00 kB', '1.23 MB', '12.3 MB', '123 MB', '1.00 GB', '5000 TB'])
  assert.deepEqual([0, 100, 125, 125_000, 1_250_000].map(n => rate(n)), ['0', '0', '1.00 kbit/s', '1.00 Mbit/s', '10.0 Mbit/s'])
  assert.deepEqual([8e6, 1.5e6, 250_000].map(n => bits(n, 3)), ['8 Mbit/s', '1.5 Mbit/s', '250 kbit/s'])
})

test('a share is never rounded to all or nothing', () => {
  assert.deepEqual([0, 0.001, 0.5, 0.996, 1].map(percent), ['0 %', '<1 %', '50 %', '99 %', '100 %'])
})

test('times', () => {
  assert.deepEqual([null, 0, 0.0254, 1.25].map(latency), ['–', '<1 ms', '25 ms', '1.3 s'])
  assert.deepEqual([0.9, 59, 60, 3_900, 190_000].map(duration), ['0 s', '59 s', '1 min', '1 h 05 min', '2 d 4 h'])
  assert.deepEqual([1, 2].map(n => count(n, 'peer')), ['1 peer', '2 peers'])
})

test('a stream is named by its host and the end of its path', () => {
  assert.deepEqual(stream('https://example.com/a/b/master.m3u8?...'), { host: 'example.com', file: 'b/master.m3u8' })
  assert.deepEqual(stream('nonsense'), { host: '', file: 'nonsense' })
})
