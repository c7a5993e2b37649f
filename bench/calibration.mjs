// Does the simulator tell what real processes do? The small swarms of docs/benchmarks.md with `p2pml peer` processes over real WebRTC, and
// the same in `p2pml sim`.
//
//   cd tests/interop && npm ci --ignore-scripts
//   node bench/calibration.mjs [--cases vod-2,vod-6,vod-16,live-7,live-3] [--policies http,classic,cooperative,p2pFirst] [--runs 1] [--json FILE]
//
// p2pFirst is the cooperative policy with startupPolicy p2pFirst; http is HTTP alone, to compare start-ups with.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

process.env.P2PML_BUILD_DIR ??= path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../build/release')
const { runNativeSwarm } = await import('../tests/interop/lib/native_swarm.mjs')
const { runSimulatedSwarm } = await import('../tests/interop/lib/simulated_swarm.mjs')

const segment = { dur: 4, size: 1 << 20, apart: 2 }
const vod = viewers => ({ ...segment, mode: 'vod', viewers, count: 16 })
const live = (viewers, liveBack) => ({ ...segment, mode: 'live', viewers, liveBack, window: 8, seconds: 180 })
const swarms = { 'vod-2': vod(2), 'vod-6': vod(6), 'vod-16': vod(16), 'live-7': live(6, 7), 'live-3': live(6, 3), 'live-2': live(2, 7), 'live-16': live(16, 7) }
const policies = {
  http: { useP2P: false },
  classic: { schedulingPolicy: 'classic' },
  cooperative: { schedulingPolicy: 'cooperative' },
  p2pFirst: { schedulingPolicy: 'cooperative', startupPolicy: 'p2pFirst' }
}

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: 'vod-2,vod-6,vod-16,live-7,live-3' },
    policies: { type: 'string', default: 'classic,cooperative,p2pFirst' },
    runs: { type: 'string', default: '1' },
    json: { type: 'string' }
  }
})

const three = value => value.toFixed(3)
const rows = []
console.log('| swarm | policy | real offload | simulated, mean (20 seeds) | start-up ms, median (max) | stalls (ms) | skipped, bad |')
console.log('|---|---|---|---|---|---|---|')
for (const name of options.cases.split(',')) {
  for (const policy of options.policies.split(',')) {
    const swarm = { ...swarms[name], settings: policies[policy] }
    const simulated = await runSimulatedSwarm(swarm)
    const runs = []
    for (let i = 0; i < Number(options.runs); ++i) runs.push(await runNativeSwarm(swarm))
    rows.push({ name, policy, simulated, runs })
    console.log(`| ${name} | ${policy} | ${runs.map(run => three(run.offload)).join(', ')} | ` +
      `${three(simulated.offload)} (${three(simulated.lowest)} to ${three(simulated.highest)}) | ` +
      `${runs.map(run => `${Math.round(run.startup)} (${Math.round(Math.max(...run.startups))})`).join(', ')} | ` +
      `${runs.map(run => `${run.stalls} (${Math.round(run.stalledMs)})`).join(', ')} | ${runs.map(run => `${run.skipped}, ${run.bad}`).join('; ')} |`)
    if (options.json) writeFileSync(options.json, JSON.stringify(rows))
  }
}
