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

/** Those that `p2pml peer` speaks. */
export const nativeGenerations = ['06']

export class NativePeer extends Watch {
  #child
  #folder
  #exit
  #stderr = ''
  #ending = false

  /** What the last line of progress said. */
  progress = { got: 0, bad: 0, peers: 0, bytes: { http: 0, p2p: 0, up: 0, delivered: 0 } }
  /** After stop(): the result. */
  result

  /** @param {object} config of docs/measurement-peer.md, complete */
  static async start (config) {
    const peer = new NativePeer()
    peer.config = config
    peer.#folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-interop-'))
    const file = path.join(peer.#folder, 'peer.json')
    await writeFile(file, JSON.stringify(config))
    peer.#child = spawn(program, ['peer', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    peer.#child.stderr.on('data', text => { peer.#stderr = (peer.#stderr + text).slice(-10_000) })
    peer.#exit = once(peer.#child, 'exit')
    peer.#exit.catch(() => {})
    peer.#child.on('error', error => peer.fail(error))
    createInterface(peer.#child.stdout).on('line', line => peer.#hear(line))
    peer.#child.on('close', status => {
      if (!peer.#ending) peer.fail(new Error(`p2pml peer ended with ${status}: ${peer.#stderr}`))
    })
    await peer.until(() => peer.ready, `${config.id} is ready`, 20_000)
    return peer
  }

  #hear (line) {
    const said = JSON.parse(line)
    if (said.ready) this.ready = true
    if (said.progress) this.progress = said.progress
    if (said.result) {
      this.result = said.result
      if (said.result.errors > 0) this.errors.push(`${said.result.errors} errors counted by p2pml peer`)
    }
    this.changed()
  }

  get peers () { return this.progress.peers }
  get got () { return this.progress.got }
  get uploaded () { return (this.result ?? this.progress).bytes.up }

  /** Segments as the result has them: n, src, bytes, sha256. The program compares each with what it must be, byte by byte. */
  get segments () {
    const { name, size } = this.config
    return this.result.loads.map(({ n, src, bytes, bad }) => ({
      n, src, bytes, sha256: bad || bytes !== size ? 'not as it must be' : segmentHash(name, size, n)
    }))
  }

  async stop () {
    if (this.#ending) return
    this.#ending = true
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM')
      const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
      const [status, signal] = await this.#exit
      clearTimeout(deadline)
      if (status !== 0) throw new Error(`p2pml peer ended with ${status ?? signal}: ${this.#stderr}`)
    }
    await rm(this.#folder, { recursive: true })
    await this.until(() => this.result, `${this.config.id} gave its result`, 5_000)
  }
}
