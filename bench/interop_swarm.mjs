// What a native peer adds to a swarm of browsers: viewers made of the real npm packages in Chromium watch a made-up stream, with and
// without p2pml among them. docs/interop.md says what the figures mean.
//
//   cd tests/interop && npm ci --ignore-scripts
//   node bench/interop_swarm.mjs [--gens 06,23] [--cases pages,seeder] [--runs 3] [--json FILE]
//
// Cases, each with as many viewers:
//   pages        all are pages
//   seeder       one page fewer, and a native seeder: it loads everything over HTTP once, before the viewers come
//   all+seeder   all pages and a native seeder beside them
//   viewer       one page fewer, and a native viewer, the first to come

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
process.env.P2PML_BUILD_DIR ??= path.resolve(here, '../build/release')
const { Browser } = await import('../tests/interop/lib/browser.mjs')
const { NativePeer } = await import('../tests/interop/lib/native.mjs')
const { Origin } = await import('../tests/interop/lib/origin.mjs')
const { cpuSeconds, descendants } = await import('../tests/interop/lib/processes.mjs')
const { infoHash, untilMembers } = await import('../tests/interop/lib/swarm.mjs')
const { trackers } = await import('../tests/interop/lib/trackers.mjs')

const { values: options } = parseArgs({
  options: {
    gens: { type: 'string', default: '06,23' },
    cases: { type: 'string', default: 'pages,seeder' },
    runs: { type: 'string', default: '3' },
    viewers: { type: 'string', default: '6' },
    count: { type: 'string', default: '16' },
    dur: { type: 'string', default: '4' },
    apart: { type: 'string', default: '2' },
    json: { type: 'string' }
  }
})
const viewers = Number(options.viewers)
const count = Number(options.count)
const dur = Number(options.dur)
const apart = Number(options.apart) * 1000
const stream = { name: 'bench', size: 1 << 20, count, dur, ahead: 8, forward: 20, mode: 'vod' }
const gens = options.gens.split(',')
const cases = options.cases.split(',')

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const sum = values => values.reduce((total, value) => total + value, 0)
/** Microseconds since boot that some task waited for a processor. */
const waited = () => Number(/^some .*total=(\d+)/m.exec(readFileSync('/proc/pressure/cpu', 'latin1'))?.[1])

let swarms = 0

/** One swarm from the first to the last viewer. */
async function run (gen, kind) {
  const browser = await Browser.start()
  const origin = await Origin.start({ '/bench/': path.join(here, 'swarm') })
  const tracker = await trackers.p2pml()
  const natives = []
  try {
    const swarm = `bench-${++swarms}`
    const hash = infoHash(gen, swarm)
    const config = { ...stream, gen, swarm, origin: origin.url, tracker: tracker.url }
    const startNative = async (id, role) => {
      const native = await NativePeer.start({ ...config, id, role, stay: true })
      natives.push(native)
      return native
    }
    if (kind.endsWith('seeder')) {
      const seeder = await startNative('seeder', 'seed')
      await seeder.until(() => seeder.got === count, 'the seeder has all segments')
      await untilMembers(tracker.url, hash, 1)
    }
    // Chromium starts a page in some hundred milliseconds, on a busy machine: they are ready before the first viewer starts.
    const pages = []
    for (let i = 0; i < viewers - (kind === 'seeder' || kind === 'viewer' ? 1 : 0); ++i) {
      const id = `page-${i}`
      const page = await browser.open(`${origin.url}/bench/viewer-${gen}.html`, id)
      page.onReport = ({ result }) => { if (result) page.result = { id, ...result } }
      pages.push(page)
    }
    const chromiumCpu = () => sum(descendants(process.pid).filter(({ command }) => command.includes('chrom')).map(({ pid }) => cpuSeconds(pid)))
    const before = { cpu: chromiumCpu(), waited: waited(), at: performance.now() }
    const results = []
    if (kind === 'viewer') {
      const viewer = await startNative('viewer', 'viewer')
      results.push(viewer.until(() => viewer.progress.done, 'the native viewer has played', (count * dur + 60) * 1000))
      await sleep(apart)
    }
    for (const [i, page] of pages.entries()) {
      if (i > 0) await sleep(apart)
      await page.evaluate(start => { window.start(start) }, { ...config, id: page.id })
      const isOver = () => page.errors.length > 0 || page.result
      results.push(page.until(isOver, `${page.id} has played`, (count * dur + 60) * 1000).then(() => {
        if (!page.result) throw new Error(page.errors.join('\n'))
      }))
    }
    await Promise.all(results)
    const after = { cpu: chromiumCpu(), waited: waited(), at: performance.now() }
    for (const native of natives) await native.stop()
    const watched = pages.map(({ result }) => result)
    for (const { config: { role, id }, result } of natives) {
      if (role !== 'viewer') continue
      watched.push({ id, startup: result.startupMs, stalls: result.stalls, skipped: 0, delivered: result.bytes.delivered, bytes: result.bytes, peersMax: result.peersMax, errors: result.errors })
    }
    const delivered = sum(watched.map(viewer => viewer.delivered))
    const fromOrigin = sum(watched.map(({ id }) => origin.served(id).bytes))
    const seeded = origin.served('seeder').bytes
    return {
      gen,
      kind,
      offload: 1 - fromOrigin / delivered,
      offloadWithSeeder: 1 - (fromOrigin + seeded) / delivered,
      delivered,
      fromOrigin,
      seeded,
      nativeUp: sum(natives.map(native => native.result.bytes.up)),
      startup: median(watched.map(({ startup }) => startup)),
      startupMax: Math.max(...watched.map(({ startup }) => startup)),
      stalls: sum(watched.map(({ stalls }) => stalls.length)),
      stalled: sum(watched.flatMap(({ stalls }) => stalls.map(({ ms }) => ms))),
      skipped: sum(watched.map(({ skipped }) => skipped)),
      errors: sum(watched.map(({ errors }) => errors)),
      peersMax: Math.max(...watched.map(({ peersMax }) => peersMax)),
      chromiumCpu: after.cpu - before.cpu,
      pressure: (after.waited - before.waited) / 10 / (after.at - before.at),
      viewers: watched
    }
  } finally {
    await Promise.all([browser.stop(), origin.stop(), tracker.stop(), ...natives.map(native => native.stop())])
  }
}

const runs = []
for (let i = 0; i < Number(options.runs); ++i) {
  for (const gen of gens) {
    for (const kind of cases) {
      const result = await run(gen, kind)
      runs.push(result)
      const { viewers: _, ...short } = result
      console.error(JSON.stringify(short))
      if (options.json) writeFileSync(options.json, JSON.stringify(runs))
    }
  }
}

const three = number => number.toFixed(3)
const cell = (of, field, show) => `${show(median(of.map(result => result[field])))} [${of.map(result => show(result[field])).join(', ')}]`
console.log('| generation | case | offload | with the seeder\'s bytes | start-up ms, median (max) | stalls | peers | Chromium CPU-s | psi % |')
console.log('|---|---|---|---|---|---|---|---|---|')
for (const gen of gens) {
  for (const kind of cases) {
    const of = runs.filter(result => result.gen === gen && result.kind === kind)
    console.log(`| ${gen} | ${kind} | ${cell(of, 'offload', three)} | ${cell(of, 'offloadWithSeeder', three)} | ` +
      `${cell(of, 'startup', Math.round)} (${Math.round(Math.max(...of.map(({ startupMax }) => startupMax)))}) | ` +
      `${of.map(({ stalls }) => stalls).join(', ')} | ${median(of.map(({ peersMax }) => peersMax))} | ` +
      `${cell(of, 'chromiumCpu', value => value.toFixed(1))} | ${of.map(({ pressure }) => Math.round(pressure)).join(', ')} |`)
  }
}
