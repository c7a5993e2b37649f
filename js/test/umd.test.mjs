// The built file as a script tag runs it, in a page made of nothing: what it leaves behind. The module in it is the real one.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import vm from 'node:vm'

import { dist } from './support/dist.mjs'

const wasm = Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map(name => [name, WebAssembly[name]]))

let source
before(async () => { source = await readFile(`${dist}/p2pml-core.min.js`, 'utf8') })

/** Runs the file in a global object of its own. */
function page (globals = {}) {
  const context = vm.createContext({
    console, setTimeout, clearTimeout, TextEncoder, TextDecoder, performance, crypto, atob, WebAssembly, ...globals
  })
  context.window = context.self = context
  vm.runInContext(source, context)
  return context
}

test('window.p2pml.core has what the seed names, and window.p2pml is kept if there is one', () => {
  const others = {}
  const { p2pml } = page({ p2pml: { others } })
  assert.deepEqual(Object.keys(p2pml.core).sort(), ['Events', 'HybridLoader', 'Segment', 'version'])
  assert.match(p2pml.core.version, /^\d+\.\d+\.\d+$/)
  assert.equal(p2pml.others, others)
  assert.deepEqual(Object.keys(p2pml._shared), ['debug', 'events'])
})

test('the module is compiled once: when the page is idle, or at the first `new` before that', () => {
  for (const isIdle of [true, false]) {
    const compiled = []
    let idle
    const WebAssemblyHere = { ...wasm, Module: function (bytes) { compiled.push(bytes.length); return new WebAssembly.Module(bytes) } }
    const { p2pml } = page({ WebAssembly: WebAssemblyHere, requestIdleCallback: callback => { idle = callback } })
    assert.equal(compiled.length, 0)
    if (isIdle) idle()
    new p2pml.core.HybridLoader().destroy()
    assert.equal(compiled.length, 2, 'what unpacks, and the module')
    idle()
    new p2pml.core.HybridLoader().destroy()
    assert.equal(compiled.length, 2)
  }
})

test('where WebAssembly is forbidden the idle page hears nothing of it', () => {
  let idle
  page({ WebAssembly: { Module: function () { throw new Error('forbidden') } }, requestIdleCallback: callback => { idle = callback } })
  idle()
})

test('require answers the three that integrations ask for, and says so of others', () => {
  const { p2pml, require } = page()
  assert.equal(require('p2p-media-loader-core'), p2pml.core)
  assert.equal(require('events').EventEmitter, p2pml._shared.events.EventEmitter)
  assert.equal(typeof require('debug')('name'), 'function')
  assert.throws(() => require('toString'), { code: 'MODULE_NOT_FOUND', message: "Cannot find module 'toString'" })
})

test('a require that is there is kept: for other names, with its members', () => {
  const before = Object.assign(name => `before ${name}`, { config: 5 })
  const { require } = page({ require: before })
  assert.equal(require('jquery'), 'before jquery')
  assert.equal(require.config, 5)
  assert.equal(typeof require('events'), 'function')
})

test('a bundle of browserify chains to it, as the npm builds of the integrations do', () => {
  const context = page()
  vm.runInContext(`require = (function () { var before = typeof require === 'function' && require
    return function (name) { return name === 'mine' ? 1 : before(name, true) } })()
    found = [require('mine'), require('p2p-media-loader-core') === p2pml.core]`, context)
  assert.deepEqual([...context.found], [1, true])
})

test('CommonJS: module.exports, and no globals', () => {
  const module = { exports: {} }
  const context = page({ module })
  assert.equal(typeof module.exports.HybridLoader, 'function')
  assert.equal(context.p2pml, undefined)
})

test('a page of RequireJS: defined only for the loader itself, not from a script tag', () => {
  const defined = []
  const define = Object.assign(factory => defined.push(factory()), { amd: {} })
  const script = isLoaders => ({ currentScript: { hasAttribute: name => isLoaders && name === 'data-requiremodule' } })
  page({ define, document: script(false) })
  assert.equal(defined.length, 0)
  const { p2pml } = page({ define, document: script(true) })
  assert.equal(defined[0], p2pml.core)
})

test('a loader works in the line after, where there is neither WebRTC nor a document', () => {
  const { p2pml } = page()
  assert.equal(p2pml.core.HybridLoader.isSupported(), false)
  const loader = new p2pml.core.HybridLoader({ cachedSegmentsCount: 7 })
  assert.equal(loader.getSettings().cachedSegmentsCount, 7)
  assert.deepEqual(Array.from(loader.getDetails().peers), [])
  loader.destroy()
})
