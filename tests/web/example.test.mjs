// The example page, as a page owner copies it: a second tab takes from the first.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { servePage } from '../../examples/web/serve.mjs'
import { Browser } from '../interop/lib/browser.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { ExamplePage } from './lib/example.mjs'

test('the example page: a second tab joins and takes from the first', { timeout: 90_000 }, async t => {
  const [browser, site, tracker] = await Promise.all([Browser.start(), servePage(0, ExamplePage.change), trackers.p2pml()])
  t.after(() => Promise.all([browser.stop(), site.stop(), tracker.stop()]))
  const first = await ExamplePage.open(browser, site, tracker, 'first')
  await first.untilBytes('http')
  const second = await ExamplePage.open(browser, site, tracker, 'second')
  await second.until('peers', '^1$')
  await second.untilBytes('p2p')
  await first.untilBytes('uploaded')
  assert.deepEqual([...await first.faults(), ...await second.faults()], [])
})
