// Our data channels against two other implementations, in both roles: 100 MiB each way, unchanged.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, transfer, Worker } from './datachannel_pair.mjs'

const megabytes = 100
const bytes = megabytes * 1024 * 1024

for (const partner of ['node-datachannel', 'wrtc']) {
  for (const [offerer, answerer] of [['native', partner], [partner, 'native']]) {
    test(`${offerer} offers, ${answerer} answers: ${megabytes} MiB each way`, { timeout: 300_000 }, async t => {
      const a = new Worker(offerer)
      const b = new Worker(answerer)
      t.after(() => { a.stop(); b.stop() })
      await connect(a, b, 1)
      for (const [from, to] of [[a, b], [b, a]]) {
        const done = await transfer(from, to, 1, { bytes, hash: true })
        assert.equal(done.bytes, bytes)
        assert.equal(done.messages, Math.ceil(bytes / 65535))
        assert.equal(done.received, done.sent)
      }
      // Closing one end is seen at the other.
      a.tell({ cmd: 'close', id: 1 })
      await b.next('closed', 1, 30_000)
    })
  }

  test(`${partner}: messages of 1 byte and of 262144`, { timeout: 120_000 }, async t => {
    const a = new Worker('native')
    const b = new Worker(partner)
    t.after(() => { a.stop(); b.stop() })
    await connect(a, b, 1)
    for (const message of [1, 262144]) {
      for (const [from, to] of [[a, b], [b, a]]) {
        const done = await transfer(from, to, 1, { bytes: message * 20, message, hash: true })
        assert.equal(done.messages, 20)
        assert.equal(done.received, done.sent)
      }
    }
  })
}
