// Makes dist/, which the program embeds: index.html, and under page/ the scripts and the style sheet. Each with its packed form; of the
// players' libraries, which only browsers load, the packed form alone. Files that come out as they were are not touched.
//
//   node build.mjs

import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { build } from 'esbuild'

const here = path.dirname(fileURLToPath(import.meta.url))
const dist = path.join(here, 'dist')
/** Of page/page.js and page/page.css together, after gzip. */
const budget = 60_000

/** Modules that are loaded when a stream needs them: file in dist/page, source. */
const libraries = {
  'hls.js': path.join(here, 'src/libraries/hls.js'),
  'dash.js': path.join(here, 'src/libraries/dash.js')
}

const options = { bundle: true, minify: true, write: false, target: 'es2022', format: 'esm', legalComments: 'inline', absWorkingDir: here, logLevel: 'warning' }

async function bundle (entry) {
  const { outputFiles: [file] } = await build({ ...options, entryPoints: [entry], external: ['./hls.js', './dash.js'] })
  return Buffer.from(file.contents)
}

async function put (name, content) {
  const file = path.join(dist, name)
  const before = await readFile(file).catch(() => null)
  if (before?.equals(content)) return
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}

const files = {
  'index.html': await readFile(path.join(here, 'src/index.html')),
  'page/icon.svg': await readFile(path.join(here, 'src/icon.svg')),
  'page/page.css': await bundle('src/page.css'),
  'page/page.js': await bundle('src/page.js')
}
const made = new Map()
for (const [name, content] of Object.entries(files)) {
  made.set(name, content)
  made.set(`${name}.gz`, gzipSync(content, { level: 9 }))
}
for (const [name, source] of Object.entries(libraries)) {
  made.set(`page/${name}.gz`, gzipSync(await bundle(source), { level: 9 }))
}
for (const [name, content] of made) await put(name, content)
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath ?? entry.path, entry.name)
  if (entry.isFile() && !made.has(path.relative(dist, file))) await rm(file)
}

const size = name => made.get(`page/${name}.gz`).length
const own = size('page.js') + size('page.css')
console.log(`page: ${own} of ${budget} bytes after gzip (hls.js ${size('hls.js')}, dash.js ${size('dash.js')})`)
if (own > budget) {
  console.error(`page.js and page.css are ${own - budget} bytes too large after gzip`)
  process.exitCode = 1
}
