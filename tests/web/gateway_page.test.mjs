// The page at the gateway's address, in Chromium: it plays, its figures move, peers are seen, and troubles are told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Browser } from '../interop/lib/browser.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { GatewayPage } from './lib/gateway_page.mjs'
import { HeadlessPlayer, SampleOrigin, startGateway } from './lib/gateways.mjs'

let browser, origin, tracker
before(async () => { [browser, origin, tracker] = await Promise.all([Browser.start(), SampleOrigin.start(), trackers.p2pml()]) })
after(() => Promise.all([browser.stop(), origin.stop(), tracker.stop()]))

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

async function gatewayAndPage (t, look) {
  const gateway = await startGateway('gateway', tracker)
  t.after(() => gateway.stop())
  const page = await GatewayPage.open(browser, gateway, look)
  t.after(() => page.close())
  return { gateway, page }
}

test('HLS plays, figures move, and another gateway is a peer in table and picture', { timeout: 60_000 }, async t => {
  const { page } = await gatewayAndPage(t)
  await page.untilText('#link', 'Connected')
  assert.equal(await page.text('#peers-empty'), 'No peer is connected.')
  const url = `${origin.url}/live/360p/index.m3u8`
  await page.play(url)
  await page.untilPlayed(1)
  await page.untilText('#figure-http', '[kM]B')
  await page.untilText('#playing-state', 'playing')
  await page.untilText('#streams', 'single stream.*live')
  await page.untilText('#log', 'opened http')
  assert.match(await page.text('#recent'), /360p\/index.m3u8/)

  const other = await startGateway('gateway', tracker)
  const viewer = new HeadlessPlayer(other, url)
  t.after(() => viewer.stop())
  t.after(() => other.stop())
  await page.untilCount('#peers tbody tr', 1)
  await page.untilCount('#network .peer', 1)
  await page.untilText('#figure-peers', '^1$')
  await page.untilText('#peers tbody', 'ms')
  await page.untilText('#figure-upload', '[kM]B')
  await page.untilText('#figure-saved', '[kM]B')
  const [name] = (await page.text('#peers tbody tr')).match(/^[0-9a-f]{8}/)
  assert.equal(await page.text('#network .peer .title'), name)
  assert.match(await page.evaluate(() => document.querySelector('#network svg').getAttribute('aria-label')), /1 peer: [0-9a-f]{8} \(G\d\), received/)
  // Charts have been drawn: something else than the background is on them.
  const drawn = await page.evaluate(() => [...document.querySelectorAll('.chart canvas')].map(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)))
  assert.deepEqual(drawn, [true, true])

  viewer.stop()
  await other.stop()
  await page.untilText('#peers-empty', 'No peer')
  await page.untilText('#figure-peers', '^0$')
  assert.deepEqual(page.errors, [])
})

test('the qualities of a master playlist are to be chosen from', { timeout: 30_000 }, async t => {
  const { gateway } = await gatewayAndPage(t)
  const page = await GatewayPage.open(browser, gateway, { path: `/?play=${encodeURIComponent(`${origin.url}/hls/master.m3u8`)}` })
  t.after(() => page.close())
  await page.untilPlayed(0.5)
  await page.untilCount('#quality option', 3)
  await page.untilText('#quality', 'automatic \\(360p, 518 kbit/s\\)360p, 518 kbit/s180p, 238 kbit/s')
  await page.evaluate(() => {
    const quality = document.getElementById('quality')
    quality.value = [...quality.options].find(option => option.text.startsWith('180p')).value
    quality.dispatchEvent(new Event('change'))
  })
  await page.untilText('#streams', '180p')
  await page.evaluate(() => document.getElementById('stop').click())
  assert.equal(await page.evaluate(() => document.getElementById('playing').hidden), true)
  assert.deepEqual(page.errors, [])
})

test('DASH plays', { timeout: 30_000 }, async t => {
  const { page } = await gatewayAndPage(t)
  await page.play(`${origin.url}/dash/manifest.mpd`)
  await page.untilPlayed(1)
  await page.untilText('#playing-state', 'playing')
  assert.deepEqual(page.errors, [])
})

test('what cannot be opened is told, and the next one plays', { timeout: 30_000 }, async t => {
  const { page } = await gatewayAndPage(t)
  for (const [url, said] of [
    ['', 'Enter the address of a stream'],
    ['ftp://example.com/a.m3u8', 'expected the URL of a manifest, with http or https'],
    [`${origin.url}/none.m3u8`, 'The origin answers with HTTP status 404'],
    [`${origin.url}/dash/init.mp4`, 'The origin answers|ot .*manifest'],
    ['http://127.0.0.1:1/a.m3u8', '127.0.0.1:1']
  ]) {
    await page.play(url)
    await page.untilText('#open-error', said)
    await page.untilText('#play', 'Play')
  }
  await page.untilCount('#log .trouble', 1)
  assert.equal(await page.evaluate(() => document.getElementById('address').getAttribute('aria-invalid')), 'true')
  await page.play(`${origin.url}/hls/master.m3u8`)
  await page.untilPlayed(0.5)
  assert.equal(await page.evaluate(() => document.getElementById('open-error').hidden), true)
  assert.deepEqual(page.errors, [])
})

test('a gateway that is gone is told, and found again', { timeout: 30_000 }, async t => {
  const { gateway, page } = await gatewayAndPage(t)
  await page.untilText('#link', 'Connected')
  gateway.kill()
  await page.untilText('#link', 'does not answer')
  await page.play(`${origin.url}/hls/master.m3u8`)
  await page.untilText('#open-error', 'The gateway does not answer')
  const again = await startGateway('gateway', tracker, ['--listen', `127.0.0.1:${gateway.port}`])
  t.after(() => again.stop())
  await page.untilText('#link', 'Connected')
  assert.deepEqual(page.errors.filter(error => !error.includes('ERR_')), [])
})

test('it fits a phone, and its policy lets nothing else in', { timeout: 30_000 }, async t => {
  const { page } = await gatewayAndPage(t, phone)
  await page.play(`${origin.url}/live/360p/index.m3u8`)
  await page.untilPlayed(0.5)
  await page.untilText('#streams', 'single stream')
  assert.equal(await page.overflow(), 0)
  assert.deepEqual(page.errors, [])
  const refused = await page.evaluate(async () => {
    const script = document.createElement('script')
    script.textContent = 'window.intruder = true'
    document.body.append(script)
    const elsewhere = await fetch('http://127.0.0.1:1/').then(() => 'loaded', error => error.name)
    return { inline: window.intruder, elsewhere }
  })
  assert.deepEqual(refused, { inline: undefined, elsewhere: 'TypeError' })
  assert.match(page.errors.join('\n'), /Content Security Policy/)
})
