// Data channels compared: the same transfer between two processes for ours, libdatachannel (npm node-datachannel) and libwebrtc
// (npm @roamhq/wrtc), interleaved in one run. Absolute figures depend on the machine; the ratios are the result.
//
//   cd tests/interop && npm ci --ignore-scripts
//   P2PML_BUILD_DIR=$PWD/build/release node bench/datachannel.mjs [--bytes N] [--runs N] [--connections N] [--json FILE]

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

process.env.P2PML_BUILD_DIR ??= path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../build/release')
const { connect, transfer, usage, Worker } = await import('../tests/interop/datachannel_pair.mjs')

const { values: options } = parseArgs({
  options: {
    bytes: { type: 'string', default: String(512 * 1024 * 1024) },
    runs: { type: 'string', default: '3' },
    connections: { type: 'string', default: '50' },
    json: { type: 'string' }
  }
})
const bytes = Number(options.bytes)
const gigabytes = bytes / 1e9
const pairs = [
  ['native', 'native'], ['node-datachannel', 'node-datachannel'], ['wrtc', 'wrtc'],
  ['native', 'node-datachannel'], ['node-datachannel', 'native'], ['native', 'wrtc'], ['wrtc', 'native']
]

const median = values => values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)]

async function measure (a, b) {
  const start = performance.now()
  await connect(a, b, 1)
  const open = performance.now() - start
  const before = [await usage(a), await usage(b)]
  const done = await transfer(a, b, 1, { bytes })
  const after = [await usage(a), await usage(b)]
  const [send, receive] = after.map((x, i) => (x.cpu - before[i].cpu) / gigabytes)
  return { open, rate: bytes / 1e6 / done.seconds, send, receive, cpu: send + receive }
}

/** All connections at once. */
async function many (kind, count) {
  const a = new Worker(kind)
  const b = new Worker(kind)
  try {
    await connect(a, b, 1)
    const before = await usage(a)
    const start = performance.now()
    await Promise.all(Array.from({ length: count }, (_, i) => connect(a, b, i + 2)))
    const seconds = (performance.now() - start) / 1000
    const after = await usage(a)
    return { seconds, memory: (after.rss - before.rss) / count / 1000, threads: after.threads }
  } finally {
    a.stop()
    b.stop()
  }
}

const results = new Map(pairs.map(pair => [pair.join(' -> '), []]))
for (let run = 0; run < Number(options.runs); run++) {
  for (const [from, to] of pairs) {
    const a = new Worker(from)
    const b = new Worker(to)
    try {
      results.get(`${from} -> ${to}`).push(await measure(a, b))
    } finally {
      a.stop()
      b.stop()
    }
  }
}

const table = [...results].map(([pair, runs]) => {
  const of = key => median(runs.map(run => run[key]))
  return { pair, open: of('open'), rate: of('rate'), send: of('send'), receive: of('receive'), cpu: of('cpu') }
})
const reference = table[0]
const row = cells => console.log(cells.map((cell, i) => i === 0 ? String(cell).padEnd(38) : String(cell).padStart(11)).join(''))
console.log(`${bytes} bytes in messages of 65535, median of ${options.runs} runs; processor seconds per 10^9 bytes`)
row(['sender -> receiver', 'open ms', 'MB/s', 'cpu send', 'cpu recv', 'cpu sum', 'rate ratio', 'cpu ratio'])
for (const line of table) {
  row([line.pair, line.open.toFixed(0), line.rate.toFixed(0), line.send.toFixed(1), line.receive.toFixed(1), line.cpu.toFixed(1),
    (line.rate / reference.rate).toFixed(2), (line.cpu / reference.cpu).toFixed(2)])
}

const count = Number(options.connections)
const crowds = []
if (count > 0) {
  console.log(`\n${count} connections at once between two processes`)
  row(['both ends', 's to open', 'kB/peer', 'threads'])
  for (const kind of ['native', 'node-datachannel', 'wrtc']) {
    const crowd = { kind, ...await many(kind, count) }
    crowds.push(crowd)
    row([kind, crowd.seconds.toFixed(2), crowd.memory.toFixed(0), crowd.threads])
  }
}
if (options.json) writeFileSync(options.json, JSON.stringify({ bytes, table, crowds }, null, 2) + '\n')
process.exit(0)
