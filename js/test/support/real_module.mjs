// The module that `ninja -C build/wasm` has built, or P2PML_WASM.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const file = process.env.P2PML_WASM ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../build/wasm/p2pml.wasm')
export const unpackerFile = path.join(path.dirname(file), 'p2pml-unpack.wasm')
const compiled = new WebAssembly.Module(readFileSync(file))

export const instantiate = env => new WebAssembly.Instance(compiled, { env }).exports
