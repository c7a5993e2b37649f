// p2pml-core beside the original p2p-media-loader-core 0.6.2 in Chromium, in one run. docs/benchmarks.md says how to read it.
//
//   (cd js && npm ci --ignore-scripts && node build.mjs); (cd tests/interop && npm ci --ignore-scripts)
//   node bench/web.mjs [--only pair,memory,start] [--runs 3] [--count 100]
//
//   pair     segments of 2 MiB from one page to another: rate and processor seconds of all processes of that Chromium, alternating
//   memory   500 segments of 2 MiB over HTTP through the default store of 30: resident memory of the page's process after a garbage
//            collection, before, at several points, and after destroy()
//   start    the script tag and the first new HybridLoader() of a fresh page, and what it is made of: in the line after it, and later

import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
process.env.P2PML_BUILD_DIR ??= path.resolve(here, '../build/release')
const { Browser } = await import('../tests/interop/lib/browser.mjs')
const { Origin } = await import('../tests/interop/lib/origin.mjs')
const { cpuPressure, cpuSeconds, descendants, residentBytes } = await import('../tests/interop/lib/processes.mjs')
const { segmentHash } = await import('../tests/interop/lib/synthetic.mjs')
const { trackers } = await import('../tests/interop/lib/trackers.mjs')
const { folders } = await import('../tests/web/lib/folders.mjs')

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'pair,memory,start' },
    runs: { type: 'string', default: '3' },
    count: { type: 'string', default: '100' },
    pages: { type: 'string', default: '20' }
  }
})
const size = 2 << 20
const kinds = ['ours', 'original']

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const chromium = () => descendants(process.pid).filter(({ command }) => command.includes('chrom'))

/** Runs with a Chromium, an origin and a tracker of its own. */
async function inWorld (work) {
  const [browser, origin, tracker] = await Promise.all([
    Browser.start(), Origin.start({ ...folders, '/bench/': path.join(here, 'web') }), trackers.p2pml()
  ])
  try {
    return await work(browser, { name: 'web', size, swarm: 'bench', origin: origin.url, tracker: tracker.url })
  } finally {
    await Promise.all([browser.stop(), origin.stop(), tracker.stop()])
  }
}

async function open (browser, config, kind) {
  const page = await browser.open(`${config.origin}/bench/${kind}.html`, config.id)
  page.onReport = ({ whole, error }) => {
    if (whole) page.whole = whole
    if (error) page.errors.push(error)
  }
  return page
}

/** @returns {Promise<{rate: number, cpu: number, first: number}>} MB/s, processor seconds per GB, ms to the first byte of the peer */
function pair (kind) {
  const count = Number(options.count)
  return inWorld(async (browser, world) => {
    const start = async role => {
      const config = { ...world, id: role, role, count }
      const page = await open(browser, config, kind)
      return { page, run: () => page.evaluate(config => { window.transfer(config) }, config) }
    }
    const whole = async ({ page }, what) => {
      await page.until(() => page.whole || page.errors.length > 0, what, 300_000)
      if (page.errors.length > 0) throw new Error(page.errors.join('\n'))
      return page.whole
    }
    const seeder = await start('seed')
    await seeder.run()
    await whole(seeder, 'the seeder has all')
    const leecher = await start('leech')
    const cpu = () => chromium().reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
    const before = cpu()
    await leecher.run()
    const { bytes, p2p, ms, firstP2P, sha256 } = await whole(leecher, 'the leecher has all')
    const spent = cpu() - before
    if (bytes !== count * size || p2p < bytes || sha256 !== segmentHash('web', size, count - 1)) throw new Error(`${kind}: not what was sent`)
    return { rate: bytes / ms / 1000, cpu: spent / (bytes / 1e9), first: firstP2P }
  })
}

/** Resident megabytes of the page's process, when they do not fall any more. */
async function settled (page) {
  let last = Infinity
  for (let same = 0, tries = 0; same < 4 && tries < 40; ++tries) {
    if (tries % 4 === 0) await page.collectGarbage()
    await sleep(250)
    // Chromium keeps a spare process for the next page: the larger one is ours.
    const now = Math.max(...chromium().filter(({ command }) => command.includes('--type=renderer')).map(({ pid }) => residentBytes(pid))) / 1e6
    same = now < last - 1 ? 0 : same + 1
    last = Math.min(last, now)
  }
  return last
}

function memory (kind) {
  return inWorld(async (browser, world) => {
    const config = { ...world, id: kind }
    const page = await open(browser, config, kind)
    const points = [['before', await settled(page)]]
    for (let to = 100; to <= 500; to += 100) {
      await page.evaluate(([config, from, to]) => window.walk(config, from, to), [config, to - 100, to])
      points.push([String(to), await settled(page)])
    }
    await page.evaluate(() => window.end())
    points.push(['after destroy()', await settled(page)])
    if (page.errors.length > 0) throw new Error(page.errors.join('\n'))
    return points
  })
}

/** What is opened fresh for each measure of `start`, in turns. */
const starts = {
  'p2pml-core, in the next line': '?file=/js/p2pml-core.min.js',
  'p2pml-core, when the page was idle': '?file=/js/p2pml-core.min.js&idle',
  'p2pml-core.g0, in the next line': '?file=/js/p2pml-core.g0.min.js',
  '0.6.2, in the next line': '?file=/packages/core-0.6.2/build/p2p-media-loader-core.min.js'
}

/** @returns {Promise<Record<string, object[]>>} milliseconds by name, of all pages of each kind */
function start () {
  return inWorld(async (browser, world) => {
    const all = Object.fromEntries(Object.keys(starts).map(name => [name, []]))
    for (let i = 0; i < Number(options.pages); ++i) {
      for (const [name, query] of Object.entries(starts)) {
        // The first opening is before the page is listened to: what it reports comes with its readiness.
        const page = await browser.open(`${world.origin}/bench/start.html${query}`, `start-${i}`)
        all[name].push(page.ready.start)
        await page.close()
      }
    }
    return all
  })
}

const only = options.only.split(',')
const fixed = value => value.toFixed(1)
const cell = (runs, field) => `${fixed(median(runs.map(run => run[field])))} [${runs.map(run => fixed(run[field])).join(', ')}]`
const inOrder = i => i % 2 === 0 ? kinds : kinds.toReversed()

if (only.includes('pair')) {
  const runs = { ours: [], original: [] }
  for (let i = 0; i < Number(options.runs); ++i) {
    for (const kind of inOrder(i)) {
      runs[kind].push(await pair(kind))
      console.error(kind, runs[kind].at(-1), `psi ${cpuPressure()}`)
    }
  }
  console.log('| pair | MB/s | CPU-s per GB | ms to the first byte |\n|---|---|---|---|')
  for (const kind of kinds) console.log(`| ${kind} | ${cell(runs[kind], 'rate')} | ${cell(runs[kind], 'cpu')} | ${cell(runs[kind], 'first')} |`)
}
if (only.includes('memory')) {
  const rows = {}
  for (const kind of kinds) rows[kind] = await memory(kind)
  console.log(`| resident MB | ${rows.ours.map(([point]) => point).join(' | ')} |\n|---${'|---'.repeat(rows.ours.length)}|`)
  for (const kind of kinds) console.log(`| ${kind} | ${rows[kind].map(([, mb]) => Math.round(mb)).join(' | ')} |`)
}
if (only.includes('start')) {
  const all = await start()
  const names = Object.keys(Object.values(all)[0][0])
  console.log(`| ms, median of ${options.pages} [least] | ${names.join(' | ')} |\n|---${'|---'.repeat(names.length)}|`)
  for (const [kind, rows] of Object.entries(all)) {
    const of = name => rows.map(row => row[name])
    console.log(`| ${kind} | ${names.map(name => `${fixed(median(of(name)))} [${fixed(Math.min(...of(name)))}]`).join(' | ')} |`)
  }
}
