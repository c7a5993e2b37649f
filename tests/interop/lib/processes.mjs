// What processes cost, by /proc: for tests that look at memory over time and for benchmarks.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Node runs on

/** Contents of that file of a process; undefined if the process has gone. */
function read (pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined
    throw error
  }
}

// The fields after the name, which is in parentheses and may hold anything: state, parent...
const statOf = pid => read(pid, 'stat')?.replace(/^.*\) /s, '').split(' ')

/** Bytes of resident memory; 0 for a process that has gone. */
export const residentBytes = pid => 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status') ?? '')?.[1] ?? 0)

/** Seconds of processor time so far, in user and kernel mode; 0 for a process that has gone. */
export function cpuSeconds (pid) {
  const stat = statOf(pid)
  return stat ? (Number(stat[11]) + Number(stat[12])) / ticksPerSecond : 0
}

/** @returns {{pid: number, command: string}[]} processes that descend from that one */
export function descendants (ancestor) {
  const children = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(statOf(entry)?.[1])
    if (!children.has(parent)) children.set(parent, [])
    children.get(parent).push(Number(entry))
  }
  const found = []
  for (const next = [ancestor]; next.length > 0;) {
    for (const pid of children.get(next.pop()) ?? []) {
      found.push({ pid, command: (read(pid, 'cmdline') ?? '').replaceAll('\0', ' ') })
      next.push(pid)
    }
  }
  return found
}

/** @returns {number} datagrams that the kernel has thrown away because the present UDP sockets of these processes were full */
export function udpDrops (pids) {
  const sockets = new Set()
  for (const pid of pids) {
    let descriptors
    try {
      descriptors = readdirSync(`/proc/${pid}/fd`)
    } catch {
      continue // has gone
    }
    for (const descriptor of descriptors) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1]
        if (inode) sockets.add(inode)
      } catch {} // closed meanwhile
    }
  }
  let drops = 0
  for (const table of ['udp', 'udp6']) {
    for (const line of (read('self', `net/${table}`) ?? '').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (sockets.has(fields[9])) drops += Number(fields.at(-1))
    }
  }
  return drops
}

/** How much of the last ten seconds some task of this machine waited for a processor, in per cent; NaN where the kernel does not say. */
export function cpuPressure () {
  try {
    return Number(/^some avg10=([\d.]+)/m.exec(readFileSync('/proc/pressure/cpu', 'latin1'))?.[1])
  } catch {
    return NaN
  }
}
