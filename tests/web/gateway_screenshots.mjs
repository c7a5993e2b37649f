// Pictures of the page at the gateway's address: node tests/web/gateway_screenshots.mjs FOLDER [SECONDS]. Light and dark, at the width of
// a desktop and of a phone, after SECONDS of a live stream that peers of three generations share; before anything was opened; and with an
// address that leads nowhere. Exit status 1 if a page reports an error or is wider than its window.

import { mkdir, writeFile, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

import { Browser } from '../interop/lib/browser.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { GatewayPage } from './lib/gateway_page.mjs'
import { HeadlessPlayer, SampleOrigin, startGateway } from './lib/gateways.mjs'

const folder = process.argv[2] ?? 'build/screenshots'
const seconds = Number(process.argv[3] ?? 60)
await mkdir(folder, { recursive: true })

const widths = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }
}
const looks = ['light', 'dark'].flatMap(colorScheme => Object.entries(widths).map(([width, look]) => ({ name: `${width}-${colorScheme}`, look: { ...look, colorScheme } })))

let failed = 0

async function take (page, name) {
  const file = path.join(folder, `gateway-${name}.png`)
  await page.screenshot(file, { fullPage: true })
  const faults = [...page.errors]
  const overflow = await page.overflow()
  if (overflow > 0) faults.push(`${overflow} pixels wider than the window`)
  failed += faults.length
  console.log([file, ...faults].join('\n  '))
}

const scratch = await mkdtemp(path.join(os.tmpdir(), 'p2pml-screenshots-'))
const [browser, origin, tracker] = await Promise.all([Browser.start(), SampleOrigin.start(), trackers.p2pml()])
const running = []
const start = async (command, args) => {
  const gateway = await startGateway(command, tracker, args)
  running.push(gateway)
  return gateway
}
// Whatever is waited for comes within seconds or not at all.
const deadline = setTimeout(() => {
  console.error('not in time: a page that plays, with three peers')
  process.exit(1)
}, (seconds + 90) * 1_000)
const players = []
try {
  const gateway = await start('gateway')
  const settings = async generation => {
    const file = path.join(scratch, `${generation}.json`)
    await writeFile(file, JSON.stringify({ peerProtocols: [generation] }))
    return ['--settings', file]
  }
  for (const generation of ['G0', 'G2', 'G3']) {
    const other = await start('gateway', await settings(generation))
    players.push(new HeadlessPlayer(other, `${origin.url}/live/360p/index.m3u8`))
  }
  const idle = looks.filter(({ name }) => /desktop-light|phone-dark/.test(name))
  for (const { name, look } of idle) {
    const page = await GatewayPage.open(browser, gateway, look)
    await page.untilText('#link', 'Connected')
    await take(page, `empty-${name}`)
    await page.play(`${origin.url}/nothing/here.m3u8`)
    await page.untilText('#open-error', 'HTTP status 404')
    await take(page, `error-${name}`)
    await page.close()
  }
  const pages = []
  for (const { name, look } of looks) pages.push({ name, page: await GatewayPage.open(browser, gateway, look) })
  await pages[0].page.play(`${origin.url}/live/360p/index.m3u8`)
  await pages[0].page.untilPlayed(1)
  await pages[1].page.play(`${origin.url}/hls/master.m3u8`)
  await pages[0].page.untilCount('#peers tbody tr', 3)
  await new Promise(resolve => setTimeout(resolve, seconds * 1_000))
  for (const { name, page } of pages) await take(page, name)
} finally {
  clearTimeout(deadline)
  for (const player of players) player.stop()
  await browser.stop()
  await Promise.all(running.map(gateway => gateway.stop()))
  await Promise.all([origin.stop(), tracker.stop()])
  await rm(scratch, { recursive: true })
}
process.exitCode = failed ? 1 : 0
