// The same swarm as native_swarm.mjs runs with real processes, run by `p2pml sim` (docs/simulator.md).

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

import { program } from '../p2pml.mjs'

const here = { latencyMs: 0.1 } // one machine: no limit of rate, hardly a delay

/** @param {object} swarm as runNativeSwarm takes it */
export function scenarioOf ({ mode, viewers, apart, dur, size, count, liveBack, window, seconds, settings = {} }) {
  return {
    title: 'A swarm that also ran with real processes',
    ...(mode === 'live' && { duration: seconds }),
    stream: { kind: mode, segmentSeconds: dur, segmentBytes: size, ...(mode === 'live' ? { window, liveBack } : { count }) },
    groups: [{ name: 'viewers', count: viewers, arrive: { every: apart }, line: here }],
    origin: { line: here },
    tracker: { line: here },
    settings
  }
}

/**
 * @param {object} swarm as runNativeSwarm takes it
 * @param {number} seeds how many runs
 * @returns {Promise<{offload: number, lowest: number, highest: number, stalls: number}>} offload: the mean of the runs
 */
export async function runSimulatedSwarm (swarm, seeds = 20) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-sim-'))
  try {
    const scenario = path.join(folder, 'scenario.json')
    const json = path.join(folder, 'runs.json')
    await writeFile(scenario, JSON.stringify(scenarioOf(swarm)))
    const offloads = []
    let stalls = 0
    for (let seed = 1; seed <= seeds; ++seed) {
      await promisify(execFile)(program, ['sim', '--scenario', scenario, '--seed', String(seed), '--json', json])
      const run = JSON.parse(await readFile(json, 'utf8'))
      offloads.push(run.offload)
      stalls += run.stalls
    }
    return {
      offload: offloads.reduce((total, value) => total + value, 0) / seeds,
      lowest: Math.min(...offloads),
      highest: Math.max(...offloads),
      stalls
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
