// Makes dist/ from src/ and the module that `cmake --preset wasm && ninja -C build/wasm` has built.
//
//   node build.mjs [--wasm FILE] [--out FOLDER] [--only NAME]
//
// Each variant NAME becomes NAME.js (UMD, to read), NAME.min.js with its source map, and NAME.mjs:
//   p2pml-core         the module within the file, as src/packed.mjs writes it
//   p2pml-core.nowasm  the module turned into JavaScript, for pages whose content security policy forbids WebAssembly
//   p2pml-core.g0      generation G0 only, if FILE has a sibling p2pml-g0.wasm

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { build } from 'esbuild'

import { arrange } from './arrange.mjs'
import { pack } from './pack.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

/** What clang-22 uses of WebAssembly for wasm32-wasi; not --all-features, for wasm2js has no tail calls. */
const features = ['--enable-bulk-memory', '--enable-bulk-memory-opt', '--enable-sign-ext', '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals', '--enable-reference-types', '--enable-multivalue', '--enable-call-indirect-overlong']

/** Runs a tool of binaryen. */
function binaryen (tool, ...args) {
  execFileSync(process.execPath, [path.join(here, 'node_modules/binaryen/bin', tool), ...args, ...features],
    { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** JavaScript source that gives the module as unpack() takes it. */
async function packedSource (wasm, unpacker) {
  const bytes = arrange(await readFile(wasm))
  const values = { packed: pack(bytes), size: bytes.length, unpacker: (await readFile(unpacker)).toString('hex') }
  return Object.entries(values).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`).join('\n')
}

/** JavaScript source that gives instantiate(env), as module_wasm.mjs does, with no WebAssembly in it. */
async function javaScriptSource (wasm, folder) {
  const lowered = path.join(folder, 'lowered.wasm')
  const file = path.join(folder, 'module.mjs')
  // wasm2js cannot make 32-bit code of the saturating conversions to 64 bits: wasm-opt spells them out.
  binaryen('wasm-opt', wasm, '--llvm-nontrapping-fptoint-lowering', '-o', lowered)
  binaryen('wasm2js', lowered, '-Oz', '-o', file)
  const source = (await readFile(file, 'utf8')).split('\n').filter(line => !/^(import|export) /.test(line)).join('\n')
  const made = /^var retasmFunc = asmFunc\((\{[\s\S]*?\})\);$/m
  if (!made.test(source)) throw new Error('wasm2js has written something else than expected')
  // All of it within a function: what it keeps outside of asmFunc would be shared by all loaders of a page.
  return `export default function instantiate (env) {\n${source.replace(made, 'return asmFunc({ env })')}\n}`
}

/** Resolves "#module" and "#packed" to these sources. */
function modulePlugin (sources) {
  return {
    name: 'p2pml-module',
    setup (build) {
      build.onResolve({ filter: /^#/ }, ({ path: name }) => name === '#module' && !sources['#module']
        ? { path: path.join(here, 'src/module_wasm.mjs') }
        : { path: name, namespace: 'p2pml' })
      build.onLoad({ filter: /^#/, namespace: 'p2pml' }, ({ path: name }) => ({ contents: sources[name], loader: 'js' }))
    }
  }
}

async function projectVersion () {
  const text = await readFile(path.join(here, '../CMakeLists.txt'), 'utf8')
  return /^project\(p2pml VERSION ([0-9.]+)/m.exec(text)[1]
}

async function makeVariant (name, sources, out, version) {
  const common = {
    bundle: true,
    target: 'es2018',
    // Read as TypeScript, of which this is a part, because only there fields can be plain assignments: much smaller.
    loader: { '.mjs': 'ts' },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    define: { VERSION: JSON.stringify(version) },
    banner: { js: `/*! p2pml-core ${version}, Apache-2.0 */` },
    plugins: [modulePlugin(sources)],
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'commonjs-variable-in-esm': 'silent' } // umd.mjs asks for `module` on purpose
  }
  const minified = { minify: true, mangleProps: /[^_]_$/ }
  const umd = { ...common, entryPoints: [path.join(here, 'src/umd.mjs')], format: 'iife' }
  const files = [`${name}.js`, `${name}.min.js`, `${name}.mjs`].map(file => path.join(out, file))
  await Promise.all([
    build({ ...umd, outfile: files[0] }),
    build({ ...umd, ...minified, sourcemap: true, outfile: files[1] }),
    build({ ...common, ...minified, entryPoints: [path.join(here, 'src/core.mjs')], format: 'esm', outfile: files[2] })
  ])
  return files
}

/** @returns {Promise<string[]>} the variants made */
export async function makeAll ({ wasm, out, only }) {
  const small = path.join(path.dirname(wasm), 'p2pml-g0.wasm')
  const unpacker = path.join(path.dirname(wasm), 'p2pml-unpack.wasm')
  const packed = async (file, folder) => ({ '#packed': await packedSource(file, path.join(folder, path.basename(unpacker))) })
  const variants = {
    'p2pml-core': { wasm, source: packed },
    'p2pml-core.nowasm': { wasm, source: async (file, folder) => ({ '#module': await javaScriptSource(file, folder) }) },
    'p2pml-core.g0': { wasm: small, source: packed }
  }
  const names = Object.keys(variants).filter(name => existsSync(variants[name].wasm) && (!only || name === only))
  const version = await projectVersion()
  await mkdir(out, { recursive: true })
  const folder = await mkdtemp(path.join(os.tmpdir(), 'p2pml-js-'))
  try {
    const optimize = file => {
      const optimized = path.join(folder, path.basename(file))
      // What the linker's optimizer leaves: a sixth of the module. At the lowest addresses is the end of the stack.
      if (!existsSync(optimized)) binaryen('wasm-opt', file, '-Oz', '--converge', '--low-memory-unused', '--ignore-implicit-traps', '-o', optimized)
      return optimized
    }
    optimize(unpacker)
    for (const name of names) {
      const { wasm, source } = variants[name]
      const optimized = optimize(wasm)
      await makeVariant(name, await source(optimized, folder), out, version)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  return names
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      wasm: { type: 'string', default: path.join(here, '../build/wasm/p2pml.wasm') },
      out: { type: 'string', default: path.join(here, 'dist') },
      only: { type: 'string' }
    }
  })
  if (!existsSync(values.wasm)) {
    console.error(`${values.wasm} is not there: cmake --preset wasm && ninja -C build/wasm`)
    process.exit(1)
  }
  console.log((await makeAll(values)).join('\n'))
}
