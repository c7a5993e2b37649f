// The module as WebAssembly, within this file: usable synchronously in the line after the script tag. Compiled once, at the first
// `new HybridLoader()`. Chromium refuses to do that on the main thread above 8 MiB.

import { packed, size, unpacker } from '#packed'

import { unpack } from './packed.mjs'

let module

export default function instantiate (env) {
  module = module || new WebAssembly.Module(unpack(unpacker, packed, size))
  return new WebAssembly.Instance(module, { env }).exports
}
