// What the script tag leaves behind: window.p2pml.core, and the `require` that the integrations' npm builds were bundled against.

import * as core from './core.mjs'
import { debug } from './debug.mjs'
import { EventEmitter } from './event_emitter.mjs'

// A plain object: pages and integrations may put things into it.
const api = { ...core }

function installGlobals (root) {
  root.p2pml = root.p2pml || {}
  root.p2pml.core = api
  root.p2pml._shared = { debug, events: EventEmitter }
  const modules = { 'p2p-media-loader-core': api, events: EventEmitter, debug }
  const previous = typeof root.require === 'function' ? root.require : undefined
  const find = function (name) {
    if (Object.prototype.hasOwnProperty.call(modules, name)) return modules[name]
    if (previous) return previous.apply(this, arguments)
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
  }
  // RequireJS keeps its own interface there.
  root.require = Object.assign(find, previous)
}

/* global define */
if (typeof module === 'object' && module && typeof module.exports === 'object') {
  module.exports = api
} else {
  const root = typeof globalThis === 'object' ? globalThis : self
  installGlobals(root)
  // Only where RequireJS has loaded this file: in a script tag of the page an unnamed module would be an error to it.
  if (typeof define === 'function' && define.amd && typeof document === 'object' && document.currentScript &&
    document.currentScript.hasAttribute('data-requiremodule')) define(() => api)
}
