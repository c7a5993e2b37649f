// Starts the program under test. P2PML_BIN names it, or P2PML_BUILD_DIR the build folder that it lies in.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

export const program = process.env.P2PML_BIN ?? path.join(process.env.P2PML_BUILD_DIR ?? '../../build/dev', 'p2pml')

/**
 * Starts `p2pml tracker` on a free port of 127.0.0.1.
 * @param {string[]} args further options
 * @returns {Promise<{url: string, stop: () => Promise<number | null>}>} its ws:// URL; stop() gives its exit status
 */
export async function startTracker (args = []) {
  const child = spawn(program, ['tracker', '--listen', '127.0.0.1:0', '--log-level', 'warn', ...args], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const failed = once(child, 'exit').then(([status]) => {
    throw new Error(`${program} ended with ${status} before it listened`)
  })
  failed.catch(() => {})
  const lines = createInterface(child.stdout)
  const [line] = await Promise.race([once(lines, 'line'), failed])
  const url = /^tracker listening on (ws:\/\/\S+)$/.exec(line)?.[1]
  if (!url) throw new Error(`unexpected first line of ${program} tracker: ${line}`)
  return {
    url,
    async stop () {
      if (child.exitCode !== null) return child.exitCode
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      return (await exit)[0]
    }
  }
}
