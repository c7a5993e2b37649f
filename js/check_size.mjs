// Compares what build.mjs has made with size-budget.json: `node check_size.mjs [FOLDER]`. Exit status 1 if a file is larger or missing.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = path.dirname(fileURLToPath(import.meta.url))
const dist = path.resolve(process.argv[2] ?? path.join(here, 'dist'))
const { why, ...budgets } = JSON.parse(readFileSync(path.join(here, 'size-budget.json'), 'utf8'))

for (const [name, budget] of Object.entries(budgets)) {
  const file = path.join(dist, name)
  if (!existsSync(file)) {
    console.error(`${name}: not built`)
    process.exitCode = 1
    continue
  }
  const bytes = readFileSync(file)
  const size = gzipSync(bytes, { level: 9 }).length
  console.log(`${name}: ${size} of ${budget} bytes after gzip (${bytes.length} before)`)
  if (size > budget) {
    console.error(`${name} is ${size - budget} bytes too large. ${why}`)
    process.exitCode = 1
  }
}
