// Pictures of the example page: node tests/web/screenshots.mjs FOLDER. Light and dark, at the width of a desktop and of a phone; alone,
// and with a second tab. Exit status 1 if a page reports an error, is wider than its window, or nothing came from the other tab.

import { mkdir } from 'node:fs/promises'
import path from 'node:path'

import { servePage } from '../../examples/web/serve.mjs'
import { Browser } from '../interop/lib/browser.mjs'
import { trackers } from '../interop/lib/trackers.mjs'
import { ExamplePage } from './lib/example.mjs'

const folder = process.argv[2] ?? 'build/screenshots'
await mkdir(folder, { recursive: true })

const widths = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }
}

let failed = 0

async function shoot (browser, site, name, look) {
  // A tracker each: the pages of other pictures are other viewers.
  const tracker = await trackers.p2pml()
  const open = which => ExamplePage.open(browser, site, tracker, `${name}-${which}`, look)
  const take = async (example, which) => {
    const file = path.join(folder, `${name}-${which}.png`)
    await example.screenshot(file)
    const faults = await example.faults()
    const overflow = await example.overflow()
    if (overflow > 0) faults.push(`${overflow} pixels wider than the window`)
    failed += faults.length
    console.log([file, ...faults].join('\n  '))
  }
  const first = await open('alone')
  await first.untilBytes('http')
  await first.untilPlayed(2)
  await take(first, 'alone')
  const second = await open('second')
  await second.untilBytes('p2p')
  await first.untilBytes('uploaded')
  await second.untilPlayed(4)
  await take(first, 'first-of-two')
  await take(second, 'second-of-two')
  await Promise.all([first.close(), second.close(), tracker.stop()])
}

const [browser, site] = await Promise.all([Browser.start(), servePage(0, ExamplePage.change)])
// Whatever is waited for comes within seconds or not at all.
const deadline = setTimeout(() => {
  console.error('not within two minutes: a page that plays, and takes from the other tab')
  process.exit(1)
}, 120_000)
try {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, look] of Object.entries(widths)) await shoot(browser, site, `${width}-${colorScheme}`, { ...look, colorScheme })
  }
} finally {
  clearTimeout(deadline)
  await Promise.all([browser.stop(), site.stop()])
}
process.exitCode = failed ? 1 : 0
