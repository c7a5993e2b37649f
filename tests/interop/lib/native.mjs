// p2pml as one viewer of a test: `p2pml peer` for made-up streams (docs/measurement-peer.md), `p2pml demo` for real ones.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { program } from '../p2pml.mjs'
import { segmentHash } from './synthetic.mjs'
import { Watch } from './watch.mjs'

/** Those that p2pml speaks. */
export const nativeGenerations = ['06', '22', '23']

/** A running p2pml that is told what to do by a JSON file; `hear` gets what it prints, line by line. */
class Program extends Watch {
  #child
  #folder
  #exit
  #stderr = ''
  #isEnding = false

  /** @param {object} file @param {(file: string) => string[]} args the program's arguments, given the name of that file */
  async launch (file, args) {
    this.#folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-interop-'))
    const name = path.join(this.#folder, 'file.json')
    await writeFile(name, JSON.stringify(file))
    this.#child = spawn(program, args(name), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stderr.on('data', text => { this.#stderr = (this.#stderr + text).slice(-10_000) })
    createInterface(this.#child.stdout).on('line', line => {
      this.hear(line)
      this.changed()
    })
    this.#exit = once(this.#child, 'close')
    this.#exit.then(([status]) => {
      this.status = status
      if (!this.#isEnding && status !== 0) this.fail(new Error(`p2pml ended with ${status}: ${this.#stderr}`))
      this.changed()
    }, error => this.fail(error))
  }

  get pid () { return this.#child.pid }

  /** Asks it to end, if it has not; fails unless it leaves in peace: with status 0, or `ifAsked` when it had to be asked. */
  async stop (ifAsked = 0) {
    if (this.#isEnding) return
    this.#isEnding = true
    const wanted = this.status === undefined ? ifAsked : 0
    if (this.status === undefined) this.#child.kill('SIGTERM')
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    const [status, signal] = await this.#exit
    clearTimeout(deadline)
    await rm(this.#folder, { recursive: true })
    if (status !== wanted) throw new Error(`p2pml ended with ${status ?? signal}: ${this.#stderr}`)
  }
}

/** A viewer of a made-up stream: see viewer.mjs. */
export class NativePeer extends Program {
  /** What the last line of progress said. */
  progress = { got: 0, peers: 0, bytes: { up: 0 } }
  /** After stop(): the result. */
  result

  /** @param {object} config of docs/measurement-peer.md, complete */
  static async start (config) {
    const peer = new NativePeer()
    peer.config = config
    await peer.launch(config, file => ['peer', '--config', file])
    await peer.until(() => peer.isReady, `${config.id} is ready`, 20_000)
    return peer
  }

  hear (line) {
    const { ready, progress, result } = JSON.parse(line)
    if (ready) this.isReady = true
    if (progress) this.progress = progress
    if (!result) return
    this.result = result
    if (result.errors > 0) this.errors.push(`${result.errors} errors counted by p2pml peer`)
  }

  get peers () { return this.progress.peers }
  get got () { return this.progress.got }
  get uploaded () { return (this.result ?? this.progress).bytes.up }

  /** The program compares each segment with what it must be, byte by byte. */
  get segments () {
    const { name, size } = this.config
    return this.result.loads.map(({ n, src, bytes, bad }) => ({
      n, src, bytes, sha256: bad || bytes !== size ? 'not as it must be' : segmentHash(name, size, n)
    }))
  }
}

const everything = 1_000_000_000
const playerRoles = {
  seed: { requiredSegmentsPriority: everything },
  leech: { requiredSegmentsPriority: -1, httpDownloadProbability: 0 }
}

/** A viewer of a real HLS stream, playing in real time. After it has ended, `summary` is what `p2pml demo --json` says. */
export class NativePlayer extends Program {
  #json = ''

  /** @param {{manifest: string, tracker: string, role: 'seed' | 'leech', rendition: number}} config */
  static async start ({ manifest, tracker, role, rendition }) {
    const player = new NativePlayer()
    const settings = { trackerAnnounce: [tracker], rtcConfig: { iceServers: [] }, ...playerRoles[role] }
    await player.launch(settings, file =>
      ['demo', '--url', manifest, '--rendition', String(rendition), '--viewers', '1', '--settings', file, '--json'])
    return player
  }

  hear (line) { this.#json += line }
  /** It calls it a failure not to have played to the end. */
  stop () { return super.stop(1) }
  get summary () { return JSON.parse(this.#json) }
}
