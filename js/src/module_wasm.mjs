// The module as WebAssembly, within this file: usable synchronously in the line after the script tag. Compiled once, at the first
// `new HybridLoader()`. Chromium refuses to do that on the main thread above 8 MiB.

import base64 from '#base64'

let module

function bytes () {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64)
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; ++i) bytes[i] = text.charCodeAt(i)
  return bytes
}

export default function instantiate (env) {
  module = module || new WebAssembly.Module(bytes())
  return new WebAssembly.Instance(module, { env }).exports
}
