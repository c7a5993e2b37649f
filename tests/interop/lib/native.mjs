// `p2pml peer` as one viewer of a test (docs/measurement-peer.md).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { program } from '../p2pml.mjs'
import { segmentHash } from './synthetic.mjs'
import { Watch } from './watch.mjs'

/** Generations of docs/measurement-peer.md that it speaks and an npm package is here for. */
export const nativeGenerations = ['06', '22', '23']

/** A viewer: its face is described in viewer.mjs. */
export class NativePeer extends Watch {
  #child
  #folder
  #exit
  #stderr = ''
  #isEnding = false

  /** What the last line of progress said. */
  progress = { got: 0, peers: 0, bytes: { up: 0 } }
  /** After stop(): the result. */
  result

  /** @param {object} config of docs/measurement-peer.md, complete */
  static async start (config) {
    const peer = new NativePeer()
    peer.config = config
    await peer.#launch()
    await peer.until(() => peer.isReady, `${config.id} is ready`, 20_000)
    return peer
  }

  async #launch () {
    this.#folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-interop-'))
    const file = path.join(this.#folder, 'peer.json')
    await writeFile(file, JSON.stringify(this.config))
    this.#child = spawn(program, ['peer', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stderr.on('data', text => { this.#stderr = (this.#stderr + text).slice(-10_000) })
    createInterface(this.#child.stdout).on('line', line => this.#hear(line))
    this.#exit = once(this.#child, 'close')
    this.#exit.then(([status]) => {
      if (!this.#isEnding) this.fail(new Error(`p2pml peer ended with ${status}: ${this.#stderr}`))
    }, error => this.fail(error))
  }

  get pid () { return this.#child.pid }

  /** Asks it to end; fails unless it leaves in peace. */
  async stop () {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#child.kill('SIGTERM')
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    const [status, signal] = await this.#exit
    clearTimeout(deadline)
    await rm(this.#folder, { recursive: true })
    if (status !== 0) throw new Error(`p2pml peer ended with ${status ?? signal}: ${this.#stderr}`)
    if (!this.result) throw new Error('p2pml peer gave no result')
  }

  #hear (line) {
    const { ready, progress, result } = JSON.parse(line)
    if (ready) this.isReady = true
    if (progress) this.progress = progress
    if (result) {
      this.result = result
      if (result.errors > 0) this.errors.push(`${result.errors} errors counted by p2pml peer`)
    }
    this.changed()
  }

  get peers () { return this.progress.peers }
  get got () { return this.progress.got }
  get uploaded () { return (this.result ?? this.progress).bytes.up }

  /** The program itself compares made-up segments with what they must be, byte by byte; of others it tells the SHA-256. */
  get segments () {
    const { name, size } = this.config
    return this.result.loads.map(({ n, src, bytes, bad, sha256 }) => ({
      n, src, bytes, sha256: sha256 ?? (bad || bytes !== size ? 'not as it must be' : segmentHash(name, size, n))
    }))
  }
}
