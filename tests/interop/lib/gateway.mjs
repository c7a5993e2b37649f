// `p2pml play` and its player: the gateway as one viewer among pages.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { program } from '../p2pml.mjs'

export class Gateway {
  #child
  #folder

  /**
   * @param {string} id who the origin takes it for
   * @param {string} manifest
   * @param {{url: string}} tracker
   * @param {object} settings of the engine
   */
  static async start (id, manifest, tracker, settings) {
    const gateway = new Gateway()
    gateway.id = id
    gateway.#folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-interop-'))
    const file = path.join(gateway.#folder, 'settings.json')
    await writeFile(file, JSON.stringify(settings))
    gateway.#child = spawn(program, [
      'play', '--log-level', 'warn', '--settings', file, '--tracker', tracker.url, '--header', `x-interop-client: ${id}`,
      '--local-address', '127.0.0.1', manifest
    ], { stdio: ['ignore', 'pipe', 'inherit'] })
    const failed = once(gateway.#child, 'exit').then(([status]) => { throw new Error(`p2pml play ended with ${status}`) })
    failed.catch(() => {})
    const [address] = await Promise.race([once(createInterface(gateway.#child.stdout), 'line'), failed])
    gateway.address = address
    return gateway
  }

  /** What /api/stats says of the stream that has loaded or sent something; docs/gateway.md. */
  async stream () {
    const answer = await fetch(new URL('/api/stats', this.address))
    const { streams } = await answer.json()
    return streams.find(({ bytes }) => bytes.http + bytes.p2p > 0)
  }

  async stop () {
    if (this.#child.exitCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exit
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** What ffmpeg reads at an address: a hash of every packet, in order, one a line; it fails if ffmpeg says anything. */
export async function packetsOf (address) {
  const child = spawn('ffmpeg', ['-nostdin', '-v', 'warning', '-i', address, '-map', '0', '-c', 'copy', '-f', 'framemd5', '-'],
    { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let text = ''
  child.stderr.on('data', more => { said += more })
  child.stdout.on('data', more => { text += more })
  const [status] = await once(child, 'close')
  if (status !== 0 || said !== '') throw new Error(`ffmpeg ended with ${status}: ${said}`)
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
}
