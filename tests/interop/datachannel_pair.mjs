// Two WebRTC peers in two processes, whatever they are made of, driven by the JSON lines of bench/support/rtc_worker.hpp.

import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const buildDir = path.resolve(here, process.env.P2PML_BUILD_DIR ?? '../../build/dev')
const nativeProgram = process.env.P2PML_RTC_WORKER ?? path.join(buildDir, 'bench/p2pml_bench_datachannel')

export class Worker {
  /** @param {'native' | 'node-datachannel' | 'wrtc'} kind */
  constructor (kind) {
    this.kind = kind
    const [program, ...args] =
      kind === 'native' ? [nativeProgram, '--worker'] : [process.execPath, path.join(here, 'datachannel_worker.mjs'), kind]
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.waiting = []
    this.events = []
    createInterface(this.child.stdout).on('line', line => {
      this.events.push(JSON.parse(line))
      this.#settle()
    })
    this.child.on('error', error => this.#end(error))
    this.child.on('exit', code => this.#end(new Error(`the ${kind} worker ended (${code})`)))
  }

  tell (command) { this.child.stdin.write(JSON.stringify(command) + '\n') }

  /** The next event of that name (and id); rejects if the connection closes or the time is up. */
  next (ev, id, milliseconds = 120_000) {
    return new Promise((resolve, reject) => {
      const entry = { ev, id, resolve, reject }
      entry.timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(entry), 1)
        reject(new Error(`${this.kind}: no ${ev} of ${id} within ${milliseconds} ms`))
      }, milliseconds)
      this.waiting.push(entry)
      this.#settle()
    })
  }

  stop () {
    this.stopping = true
    if (this.child.exitCode === null) this.child.stdin.end(JSON.stringify({ cmd: 'quit' }) + '\n')
  }

  #settle () {
    for (const entry of [...this.waiting]) {
      const matches = name => this.events.findIndex(event => event.ev === name && (entry.id === undefined || event.id === entry.id))
      const at = matches(entry.ev)
      const closed = at < 0 && entry.ev !== 'closed' ? matches('closed') : -1
      if (at < 0 && closed < 0) continue
      this.waiting.splice(this.waiting.indexOf(entry), 1)
      clearTimeout(entry.timer)
      if (at >= 0) entry.resolve(this.events.splice(at, 1)[0])
      else entry.reject(new Error(`${this.kind}: closed while waiting for ${entry.ev}: ${this.events[closed].reason}`))
    }
  }

  #end (error) {
    for (const entry of this.waiting.splice(0)) {
      clearTimeout(entry.timer)
      if (!this.stopping) entry.reject(error)
    }
  }
}

/** Offer from a, answer from b; resolves when both are open. */
export async function connect (a, b, id) {
  a.tell({ cmd: 'offer', id })
  const offer = await a.next('description', id)
  b.tell({ cmd: 'answer', id, sdp: offer.sdp })
  const answer = await b.next('description', id)
  a.tell({ cmd: 'accept', id, sdp: answer.sdp })
  await Promise.all([a.next('open', id), b.next('open', id)])
}

/** Sends from one to the other; gives seconds and both hashes (empty if not wanted). */
export async function transfer (from, to, id, { bytes, message = 65535, hash = false }) {
  to.tell({ cmd: 'receive', id, bytes, hash })
  // What comes before it is ready would be counted to the transfer before.
  await to.next('receiving', id)
  const start = performance.now()
  from.tell({ cmd: 'send', id, bytes, message, hash })
  const received = await to.next('received', id, 600_000)
  const seconds = (performance.now() - start) / 1000
  const sent = await from.next('sent', id)
  return { seconds, sent: sent.sha256, received: received.sha256, bytes: received.bytes, messages: received.messages }
}

export async function usage (worker) {
  worker.tell({ cmd: 'usage' })
  return await worker.next('usage')
}
