// The module as WebAssembly, within this file: usable synchronously in the line after the script tag. Compiled once: when the browser
// has nothing else to do, or at the first `new HybridLoader()` if that is sooner. Chromium refuses to do that on the main thread above
// 8 MiB.

import { packed, size, unpacker } from '#packed'

import { unpack } from './packed.mjs'

let module

function compile () {
  module = module || new WebAssembly.Module(unpack(unpacker, packed, size))
  return module
}

export default function instantiate (env) { return new WebAssembly.Instance(compile(), { env }).exports }

// Only in pages; not in Safari, which has no requestIdleCallback.
if (typeof requestIdleCallback === 'function') {
  requestIdleCallback(() => {
    try {
      compile()
    } catch (error) {} // what fails here fails again at the first `new`, and is told then
  })
}
