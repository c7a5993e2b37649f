// The example page, as a page owner copies it: a second tab takes from the first.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'

import { servePage } from '../../examples/web/serve.mjs'
import { Browser } from '../interop/lib/browser.mjs'
import { trackers } from '../interop/lib/trackers.mjs'

test('the example page: a second tab joins and takes from the first', { timeout: 90_000 }, async t => {
  const change = page => page.replace('</body>', '<script>window.report({ ready: true })</script></body>')
  const [browser, site, tracker] = await Promise.all([Browser.start(), servePage(0, change), trackers.p2pml()])
  t.after(() => Promise.all([browser.stop(), site.stop(), tracker.stop()]))
  const url = `${site.url}?tracker=${tracker.url}`
  /** Waits in the page until its numbers satisfy the condition. */
  const until = (page, id, wanted) => page.evaluate(([id, wanted]) => new Promise(resolve => {
    const element = document.getElementById(id)
    const look = () => { if (new RegExp(wanted).test(element.textContent)) resolve(element.textContent) }
    new MutationObserver(look).observe(element, { childList: true })
    look()
  }), [id, wanted])
  const open = async id => {
    const page = await browser.open(url, id)
    t.after(() => page.close())
    return page
  }
  const first = await open('first')
  await until(first, 'http', '[1-9]\\d* KB|MB')
  const second = await open('second')
  await until(second, 'peers', '^1$')
  await until(second, 'p2p', '[1-9]\\d* KB|MB')
  await until(first, 'uploaded', '[1-9]\\d* KB|MB')
  if (process.env.P2PML_SCREENSHOTS) {
    await second.evaluate(() => new Promise(resolve => { video.ontimeupdate = () => { if (video.currentTime > 2) resolve() } }))
    await second.screenshot(path.join(process.env.P2PML_SCREENSHOTS, 'example-web.png'))
  }
  assert.deepEqual([...first.errors, ...second.errors], [])
})
