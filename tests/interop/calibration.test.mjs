// The simulator tells what real processes do: the same swarms, by both policies, over real WebRTC and in virtual time. Small ones here;
// bench/calibration.mjs runs those of docs/benchmarks.md.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { runNativeSwarm } from './lib/native_swarm.mjs'
import { runSimulatedSwarm } from './lib/simulated_swarm.mjs'

const segment = { dur: 1, size: 1 << 18 }
const vod = { ...segment, mode: 'vod', viewers: 5, apart: 0.6, count: 16 }
const live = { ...segment, mode: 'live', viewers: 5, apart: 0.6, window: 8, liveBack: 6, seconds: 20 }

for (const schedulingPolicy of ['classic', 'cooperative']) {
  for (const swarm of [vod, live]) {
    test(`${swarm.mode}, ${schedulingPolicy}: offload within 5 points`, async context => {
      const settings = { schedulingPolicy }
      const real = await runNativeSwarm({ ...swarm, settings })
      const simulated = await runSimulatedSwarm({ ...swarm, settings })
      context.diagnostic(`real ${real.offload.toFixed(3)}, simulated ${simulated.offload.toFixed(3)} (${simulated.lowest.toFixed(3)} to ${simulated.highest.toFixed(3)})`)
      assert.equal(real.bad, 0)
      assert.equal(real.skipped, 0)
      assert.ok(Math.abs(real.offload - simulated.offload) <= 0.05, `${real.offload} and ${simulated.offload}; copies ${real.copies}`)
    })
  }
}
